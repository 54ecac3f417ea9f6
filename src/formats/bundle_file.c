/* The names of a TensorBundle's files, and the keys of parts in its index. */
#include "formats/bundle_file.h"

/* ---- the key of a part: TensorFlow's ordered code ---- */

static void key_number(est__buffer *key, uint64_t v)
{
    unsigned char bytes[9];
    size_t n = 0;
    for (uint64_t left = v; left; left >>= 8)
        n++;
    bytes[0] = (unsigned char)n;
    for (size_t i = 0; i < n; i++)
        bytes[n - i] = (unsigned char)(v >> 8 * i);
    est__buffer_bytes(key, bytes, n + 1);
}

static void key_text(est__buffer *key, const char *s)
{
    for (; *s; s++)
        est__buffer_bytes(key, (unsigned char)*s == 0xff ? "\xff" : s, (unsigned char)*s == 0xff ? 2 : 1);
    est__buffer_bytes(key, "\0\1", 2);
}

/* 7 bits a byte; the leading ones of the first byte(s) count the bytes, flipped for negative numbers. */
static void key_signed(est__buffer *key, int64_t v)
{
    static const unsigned char header[][2] = { { 0, 0 },       { 0x80, 0 },    { 0xc0, 0 },    { 0xe0, 0 },
                                               { 0xf0, 0 },    { 0xf8, 0 },    { 0xfc, 0 },    { 0xfe, 0 },
                                               { 0xff, 0 },    { 0xff, 0x80 }, { 0xff, 0xc0 } };
    unsigned char bytes[10];
    size_t bits = 0;
    for (uint64_t left = v < 0 ? ~(uint64_t)v : (uint64_t)v; left; left >>= 1)
        bits++;
    size_t n = bits / 7 + 1;
    memset(bytes, v < 0 ? 0xff : 0, 2);
    for (size_t i = 0; i < 8; i++)
        bytes[9 - i] = (unsigned char)((uint64_t)v >> 8 * i);
    unsigned char *first = bytes + 10 - n;
    first[0] ^= header[n][0];
    if (n > 1)
        first[1] ^= header[n][1];
    est__buffer_bytes(key, first, n);
}

void est__bundle_slice_key(est__buffer *key, const char *name, int rank, const int64_t *start,
                      const int64_t *length)
{
    key_number(key, 0);
    key_text(key, name);
    key_number(key, (uint64_t)rank);
    for (int i = 0; i < rank; i++) {
        key_signed(key, start[i]);
        key_signed(key, length[i]);
    }
}

/* ---- files ---- */

char *est__bundle_data_path(const char *prefix, int shard, int shards)
{
    size_t size = strlen(prefix) + 48;
    char *path = est__malloc(size);
    if (path)
        snprintf(path, size, "%s.data-%05d-of-%05d", prefix, shard, shards);
    return path;
}

char *est__bundle_index_path(const char *prefix)
{
    size_t size = strlen(prefix) + sizeof ".index";
    char *path = est__malloc(size);
    if (path)
        snprintf(path, size, "%s.index", prefix);
    return path;
}

uint32_t est__bundle_crc_of_length(uint32_t crc, uint64_t length)
{
    unsigned char bytes[8];
    size_t n = length > UINT32_MAX ? 8 : 4;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(length >> 8 * i);
    return est__crc32c(crc, bytes, n);
}
