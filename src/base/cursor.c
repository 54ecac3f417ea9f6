/* Reading bytes that may be damaged or hostile: every length is checked against what is left. */
#include "base/base.h"

est__cursor est__cursor_of(const void *p, size_t n, const char *what)
{
    const unsigned char *start = p ? p : (const void *)"";
    return (est__cursor){ start, start + n, what, start };
}

size_t est__cursor_left(const est__cursor *c)
{
    return (size_t)(c->end - c->p);
}

est_status est__cursor_bytes(est__cursor *c, uint64_t n, est__bytes *out)
{
    if (n > est__cursor_left(c))
        return est__fail(EST_DATA_LOSS, "%s: offset %zu: %llu bytes are announced, %zu are left", c->what,
                         (size_t)(c->p - c->start), (unsigned long long)n, est__cursor_left(c));
    *out = (est__bytes){ c->p, (size_t)n };
    c->p += n;
    return EST_OK;
}

est_status est__cursor_varint(est__cursor *c, uint64_t *out)
{
    uint64_t v = 0;
    const unsigned char *p = c->p;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (p == c->end)
            return est__fail(EST_DATA_LOSS, "%s: offset %zu: a varint is cut off", c->what, (size_t)(c->p - c->start));
        unsigned char byte = *p++;
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            c->p = p;
            *out = v;
            return EST_OK;
        }
    }
    return est__fail(EST_DATA_LOSS, "%s: offset %zu: a varint is longer than 64 bits", c->what,
                     (size_t)(c->p - c->start));
}
