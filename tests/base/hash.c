/* Checksums, fingerprints and random numbers against published and TensorFlow's values. */
#include "base/base.h"
#include "support/est_test.h"

static void crc32c_has_the_published_values(void)
{
    unsigned char bytes[32];
    memset(bytes, 0, sizeof bytes);
    EST_CHECK_INT(est__crc32c(0, bytes, 32), 0x8a9136aa); /* RFC 3720, B.4 */
    memset(bytes, 0xff, sizeof bytes);
    EST_CHECK_INT(est__crc32c(0, bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    EST_CHECK_INT(est__crc32c(0, bytes, 32), 0x46dd794e);
    EST_CHECK_INT(est__crc32c(0, "123456789", 9), 0xe3069283);
    EST_CHECK_INT(est__crc32c(0, "", 0), 0);
    EST_CHECK_INT(est__crc32c(est__crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    EST_CHECK_INT(est__crc32c_mask(0xe3069283), 0xc78ab0e5);
}

static void crc32c_twins_agree(void)
{
    unsigned char bytes[300];
    est__random r = { 3, 0 };
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)est__random_next(&r);
    for (size_t begin = 0; begin < 9; begin++)
        for (size_t n = 0; begin + n <= sizeof bytes; n += 7)
            EST_CHECK_INT(est__crc32c(5, bytes + begin, n), est__crc32c_baseline(5, bytes + begin, n));
}

static void fingerprints_are_farmhash(void)
{
    static const struct {
        size_t length;
        uint64_t fingerprint;
    } rows[] = {
#include "golden/fingerprint.inc"
    };
    unsigned char data[1000];
    for (uint64_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * i * 7 + i * 31 + 5);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        EST_CHECK_INT(est__fingerprint64(data, rows[i].length), rows[i].fingerprint);
    EST_CHECK_INT(est__fingerprint64("", 0), 0x9ae16a3b2f90404fu);
    EST_CHECK_INT(est__fingerprint64("abc", 3), 0x24a5b3a074e7f369u);
    EST_CHECK_INT(est__fingerprint64("5", 1) % 10, 1);
    EST_CHECK_INT(est__fingerprint64("-7", 2) % 10, 2);
}

static uint64_t cross(uint64_t a, uint64_t b)
{
    return est__fingerprint_cat64(est__fingerprint_cat64(0xDECAFCAFFEu, a), b) % 100;
}

/* What tf.feature_column.crossed_column gives with 100 buckets. */
static void fingerprints_combine(void)
{
    uint64_t abc = est__fingerprint64("abc", 3), def = est__fingerprint64("def", 3);
    EST_CHECK_INT(cross(abc, def), 37);
    EST_CHECK_INT(cross(def, abc), 76);
    EST_CHECK_INT(cross(est__fingerprint64("q", 1), est__fingerprint64("", 0)), 50);
    EST_CHECK_INT(cross(3, def), 41);
}

/* The vectors of Random123. */
static void philox_has_the_published_values(void)
{
    static const struct {
        uint64_t key, high, low;
        uint32_t out[4];
    } rows[] = {
        { 0, 0, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { 0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t out[4];
        est__philox(rows[i].key, rows[i].high, rows[i].low, out);
        EST_CHECK_BYTES(out, sizeof out, rows[i].out, sizeof out);
    }
}

static void below_is_even_and_repeatable(void)
{
    est__random r = { 7, 0 }, again = { 7, 0 };
    int count[6] = { 0 };
    for (int i = 0; i < 60000; i++) {
        uint64_t v = est__random_below(&r, 6);
        EST_NEED(v < 6 && v == est__random_below(&again, 6));
        count[v]++;
    }
    for (int i = 0; i < 6; i++)
        EST_CHECK_NEAR(count[i], 10000, 400); /* four deviations */
    EST_CHECK_INT(est__random_below(&r, 1), 0);
    EST_CHECK(est__random_below(&r, UINT64_MAX) < UINT64_MAX);
}

EST_SUITE(base_hash, EST_TEST(crc32c_has_the_published_values), EST_TEST(crc32c_twins_agree),
          EST_TEST(fingerprints_are_farmhash), EST_TEST(fingerprints_combine), EST_TEST(philox_has_the_published_values),
          EST_TEST(below_is_even_and_repeatable));
