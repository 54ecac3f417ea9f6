/* Numbers as text: against strtof, strtod and strtoll of the C library, on chosen and on random texts. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "support/est_test.h"

enum { RANDOM_TEXTS = 200000 };

static uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static uint64_t double_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static bool agrees(const char *text)
{
    float f = -1;
    double d = -1;
    size_t n = strlen(text);
    return est__parse_float(text, n, &f) && est__parse_double(text, n, &d) && float_bits(f) == float_bits(strtof(text, NULL)) &&
           double_bits(d) == double_bits(strtod(text, NULL));
}

static void reads_as_strtof(void)
{
    static const char *const texts[] = {
        "0", "-0", "0.0", "1", "-1", "+1.5", ".5", "5.", "1e5", "1E-5", "1e+05", "3.4028235e38", "3.4028236e38", "1e39", "-1e39",
        "1.17549435e-38", "1.4e-45", "7e-46", "7.006492321624085e-46", "7.0064923216240854e-46", "1e-400", "1e400",
        "16777217", "16777216.999999999999999999999999", "16777217.000000000000000000000001", "0.1", "0.3", "123456789012345678901234567890",
        "9007199254740993", "9007199254740992.5", "2.2250738585072011e-308", "1.7976931348623159e308", "4.9e-324", "2.4e-324",
        "inf", "-inf", "INF", "Infinity", "0e999999999999999999999", "1e-999999999999999999999", "1e99999999999999999999",
        "8589973000", "1.00000005960464477539062500000000000000000000000000000000000001", "1.000000059604644775390625",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        est_test_true(agrees(texts[i]), EST_HERE(texts[i]));
    float f;
    EST_CHECK(est__parse_float("nan", 3, &f) && isnan(f));
    EST_CHECK(est__parse_float("-NaN", 4, &f) && isnan(f));
}

static void make_text(est__random *r, char text[64])
{
    uint64_t a = est__random_next(r), b = est__random_next(r);
    uint32_t low = (uint32_t)a, next = low + 1;
    float f, g;
    double d;
    memcpy(&f, &low, sizeof f);
    memcpy(&g, &next, sizeof g);
    memcpy(&d, &a, sizeof d);
    switch (b % 5) {
    case 0: snprintf(text, 64, "%.*g", 1 + (int)(b >> 40) % 17, (double)f); break;
    case 1: snprintf(text, 64, "%" PRIu64 "e%d", a, (int)(b >> 32 & 0xff) % 90 - 60); break;
    case 2: snprintf(text, 64, "%d.%d", (int)(a >> 50), (int)(b >> 44)); break;
    case 3: snprintf(text, 64, "%.17g", d); break;
    default: snprintf(text, 64, "%.20g", ((double)f + (double)g) / 2); break; /* halfway between two floats */
    }
}

static void reads_random_texts_as_strtof(void)
{
    est__random r = { 1, 0 };
    for (int i = 0; i < RANDOM_TEXTS; i++) {
        char text[64];
        make_text(&r, text);
        if (!strstr(text, "nan") && !agrees(text)) {
            est_test_true(false, EST_HERE(text));
            return;
        }
    }
}

static void reads_long_texts(void)
{
    char text[3000];
    memset(text, '0', sizeof text);
    memcpy(text, "1.000000059604644775390625", 26); /* halfway: the last digit decides */
    text[sizeof text - 1] = '\0';
    EST_CHECK(agrees(text));
    text[sizeof text - 2] = '1';
    EST_CHECK(agrees(text));
    memset(text, '0', sizeof text - 1);
    memcpy(text, "0.", 2);
    memcpy(text + sizeof text - 10, "5e2990", 7);
    EST_CHECK(agrees(text));
}

static void refuses_what_is_no_number(void)
{
    static const char *const texts[] = { "", " ", "1 ", " 1", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1,5", "abc", "1a", "--1",
                                         "in", "infin", "nan(1)", "1e5.0", "1_000" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        float f;
        double d;
        EST_CHECK(!est__parse_float(texts[i], strlen(texts[i]), &f));
        EST_CHECK(!est__parse_double(texts[i], strlen(texts[i]), &d));
    }
    float f;
    EST_CHECK(!est__parse_float("1\0002", 3, &f));
}

static void reads_integers(void)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        { "0", true, 0 }, { "-7", true, -7 }, { "+7", true, 7 }, { "007", true, 7 },
        { "9223372036854775807", true, INT64_MAX }, { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 }, { "99999999999999999999", false, 0 },
        { "", false, 0 }, { "-", false, 0 }, { "1.0", false, 0 }, { " 1", false, 0 }, { "1e3", false, 0 }, { "0x1", false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 0;
        est_test_int(est__parse_int64(rows[i].text, strlen(rows[i].text), &v), rows[i].good, EST_HERE(rows[i].text));
        est_test_int(v, rows[i].value, EST_HERE(rows[i].text));
    }
}

static void writes_the_shortest(void)
{
    static const struct {
        double value;
        const char *as_double, *as_float;
    } rows[] = {
        { 0, "0", "0" }, { -0.0, "-0", "-0" }, { 1, "1", "1" }, { 0.1, "0.1", "0.1" }, { 1.0 / 3, "0.3333333333333333", "0.33333334" },
        { 1e22, "1e+22", "1e+22" }, { 123456789, "123456789", "1.2345679e+08" }, { (double)INFINITY, "inf", "inf" },
        { -(double)INFINITY, "-inf", "-inf" }, { (double)NAN, "nan", "nan" }, { -(double)NAN, "nan", "nan" },
        { 5e-324, "4.94065645841247e-324", "0" },
    };
    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EST_CHECK_INT(est__format_double(text, rows[i].value), strlen(rows[i].as_double));
        EST_CHECK_STR(text, rows[i].as_double);
        EST_CHECK_INT(est__format_float(text, (float)rows[i].value), strlen(rows[i].as_float));
        EST_CHECK_STR(text, rows[i].as_float);
    }
}

static void reads_back_what_it_wrote(void)
{
    est__random r = { 2, 0 };
    for (int i = 0; i < RANDOM_TEXTS / 10; i++) {
        uint64_t a = est__random_next(&r);
        uint32_t low = (uint32_t)(a >> 7);
        double d, d2;
        float f, f2;
        char text[32];
        memcpy(&d, &a, sizeof d);
        memcpy(&f, &low, sizeof f);
        if (isnan(d) || isnan(f))
            continue;
        EST_NEED(est__parse_double(text, (size_t)est__format_double(text, d), &d2) && d2 == d);
        EST_NEED(est__parse_float(text, (size_t)est__format_float(text, f), &f2) && f2 == f);
    }
}

/* Whichever of them is installed; a bare system has none, and the test then says nothing. */
static void does_not_mind_the_locale(void)
{
    char text[32];
    float f;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        return;
    EST_CHECK(est__parse_float("1.5", 3, &f) && f == 1.5f);
    EST_CHECK(est__parse_float("1.00000005960464477539062500001", 31, &f) && f == 1.0000001f);
    EST_CHECK(!est__parse_float("1,5", 3, &f));
    est__format_double(text, 1.5);
    EST_CHECK_STR(text, "1.5");
    setlocale(LC_NUMERIC, "C");
}

EST_SUITE(base_number, EST_TEST(reads_as_strtof), EST_TEST(reads_random_texts_as_strtof), EST_TEST(reads_long_texts),
          EST_TEST(refuses_what_is_no_number), EST_TEST(reads_integers), EST_TEST(writes_the_shortest),
          EST_TEST(reads_back_what_it_wrote), EST_TEST(does_not_mind_the_locale));
