/* PNG (ISO/IEC 15948): signature, IHDR, one IDAT of rows without a filter, IEND. WAV: RIFF with PCM. */
#include "formats/png.h"

#include <math.h>
#include <zlib.h>

static void u32be(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

static void chunk(est__buffer *out, const char *type, const unsigned char *data, size_t n)
{
    unsigned char word[4];
    u32be(word, (uint32_t)n);
    est__buffer_bytes(out, word, 4);
    est__buffer_bytes(out, type, 4);
    est__buffer_bytes(out, data, n);
    uLong crc = crc32(crc32(0, (const Bytef *)type, 4), data, (uInt)n);
    u32be(word, (uint32_t)crc);
    est__buffer_bytes(out, word, 4);
}

/* Each row behind the number of its filter, 0, all of it deflated. */
static est_status deflate_rows(const unsigned char *pixels, int64_t height, size_t row, est__buffer *out)
{
    size_t n = (size_t)height * (row + 1);
    uLongf size = compressBound((uLong)n);
    unsigned char *rows = est__malloc(n), *packed = est__malloc(size);
    est_status st = rows && packed ? EST_OK : est__fail_memory(n);
    for (int64_t y = 0; y < height && st == EST_OK; y++) {
        rows[(size_t)y * (row + 1)] = 0;
        memcpy(rows + (size_t)y * (row + 1) + 1, pixels + (size_t)y * row, row);
    }
    if (st == EST_OK && compress2(packed, &size, rows, (uLong)n, 6) != Z_OK)
        st = est__fail_memory(n);
    if (st == EST_OK)
        chunk(out, "IDAT", packed, size);
    est__free(rows);
    est__free(packed);
    return st;
}

est_status est__png(const unsigned char *pixels, int64_t height, int64_t width, int channels, est__buffer *out)
{
    static const unsigned char color[] = { 0, 0, 4, 2, 6 };
    unsigned char header[13] = { 0 };
    if (channels < 1 || channels > 4 || height < 1 || width < 1 || height > 1 << 16 || width > 1 << 16 || height * width > 1 << 28)
        return est__fail(EST_INVALID_ARGUMENT, "an image of %lld x %lld pixels of %d channels; there are 1 to 65536, 2^28 in all, of 1 to 4",
                         (long long)height, (long long)width, channels);
    u32be(header, (uint32_t)width);
    u32be(header + 4, (uint32_t)height);
    header[8] = 8;
    header[9] = color[channels];
    est__buffer_bytes(out, "\x89PNG\r\n\x1a\n", 8);
    chunk(out, "IHDR", header, sizeof header);
    EST_TRY(deflate_rows(pixels, height, (size_t)width * (size_t)channels, out));
    chunk(out, "IEND", header, 0);
    return out->status;
}

static void u16le(est__buffer *out, unsigned v)
{
    const unsigned char bytes[] = { (unsigned char)v, (unsigned char)(v >> 8) };
    est__buffer_bytes(out, bytes, 2);
}

est_status est__wav(const float *samples, int64_t frames, int channels, uint32_t sample_rate, est__buffer *out)
{
    if (channels < 1 || channels > 256 || sample_rate < 1 || frames < 0 || frames > 1 << 28 || frames * channels > 1 << 28)
        return est__fail(EST_INVALID_ARGUMENT, "a sound of %lld frames of %d channels at %u a second; there are at most 2^28 numbers and 256 "
                         "channels", (long long)frames, channels, (unsigned)sample_rate);
    uint32_t bytes = (uint32_t)(frames * channels * 2), block = (uint32_t)channels * 2;
    est__buffer_bytes(out, "RIFF", 4);
    est__buffer_u32le(out, 36 + bytes);
    est__buffer_bytes(out, "WAVEfmt ", 8);
    est__buffer_u32le(out, 16);
    u16le(out, 1);
    u16le(out, (unsigned)channels);
    est__buffer_u32le(out, sample_rate);
    est__buffer_u32le(out, sample_rate * block);
    u16le(out, block);
    u16le(out, 16);
    est__buffer_bytes(out, "data", 4);
    est__buffer_u32le(out, bytes);
    for (int64_t i = 0; i < frames * channels; i++) {
        float v = roundf(samples[i] * 32768.0f);
        u16le(out, (unsigned)(int)(v >= 32767 ? 32767 : v > -32768 ? v : -32768));
    }
    return out->status;
}
