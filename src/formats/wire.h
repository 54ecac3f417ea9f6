/* The wire form of tf.Example and tf.SequenceExample, read in place:
 * Example{1: Features{1*: entry{1: key, 2: Feature{1: bytes | 2: floats | 3: ints {1*: values}}}}};
 * SequenceExample{1: Features, 2: FeatureLists{1*: entry{1: key, 2: FeatureList{1*: Feature}}}}.
 * Each function takes what it reads off the bytes that it is given; false: they are damaged. */
#ifndef EST_FORMATS_WIRE_H
#define EST_FORMATS_WIRE_H

#include <estimator/tensor.h>

#include "base/base.h"

enum { EST__WIRE_VARINT = 0, EST__WIRE_FIXED64 = 1, EST__WIRE_BYTES = 2, EST__WIRE_FIXED32 = 5 };

static inline bool est__wire_varint(est__bytes *b, uint64_t *out)
{
    uint64_t v = 0;
    if (b->n && *b->p < 0x80) {   /* nearly all of them */
        *out = *b->p++;
        b->n--;
        return true;
    }
    for (unsigned shift = 0; shift < 64 && b->n; shift += 7) {
        unsigned char byte = *b->p++;
        b->n--;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return shift < 63 || byte <= 1;
        }
    }
    return false;
}

/* The next field of a message: `body` is what a length-delimited one holds, or the bytes of a fixed one. */
static inline bool est__wire_field(est__bytes *b, unsigned *number, unsigned *kind, est__bytes *body)
{
    uint64_t tag, n;
    if (!est__wire_varint(b, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
        return false;
    *number = (unsigned)(tag >> 3);
    *kind = (unsigned)(tag & 7);
    switch (*kind) {
    case EST__WIRE_BYTES:
        if (!est__wire_varint(b, &n))
            return false;
        break;
    case EST__WIRE_VARINT:
        body->p = b->p;
        if (!est__wire_varint(b, &n))
            return false;
        body->n = (size_t)(b->p - body->p);
        return true;
    case EST__WIRE_FIXED64: n = 8; break;
    case EST__WIRE_FIXED32: n = 4; break;
    default: return false;
    }
    if (n > b->n)
        return false;
    *body = (est__bytes){ b->p, (size_t)n };
    b->p += n;
    b->n -= (size_t)n;
    return true;
}

/* The next field `wanted`, which is a message or bytes; others are passed. body->p NULL: there is none left. */
static inline bool est__wire_message(est__bytes *b, unsigned wanted, est__bytes *body)
{
    unsigned number, kind;
    while (b->n) {
        if (!est__wire_field(b, &number, &kind, body))
            return false;
        if (number == wanted)
            return kind == EST__WIRE_BYTES;
    }
    body->p = NULL;
    return true;
}

/* The key and the value of a map's entry. */
static inline bool est__wire_entry(est__bytes entry, est__bytes *key, est__bytes *value)
{
    unsigned number, kind;
    est__bytes body;
    const unsigned char *p = entry.p, *end = p + entry.n;
    if (entry.n >= 4 && p[0] == 0x0a && p[1] < 0x80 && entry.n >= 4u + p[1]) {   /* key, value, and nothing else */
        const unsigned char *q = p + 2 + p[1];
        if (q[0] == 0x12 && q[1] < 0x80 && q + 2 + q[1] == end) {
            *key = (est__bytes){ p + 2, p[1] };
            *value = (est__bytes){ q + 2, q[1] };
            return true;
        }
    }
    *key = *value = (est__bytes){ (const unsigned char *)"", 0 };
    while (entry.n) {
        if (!est__wire_field(&entry, &number, &kind, &body))
            return false;
        if (number != 1 && number != 2)
            continue;
        if (kind != EST__WIRE_BYTES)
            return false;
        *(number == 1 ? key : value) = body;
    }
    return true;
}

/* The list of a Feature; EST_INVALID when it has none. */
static inline bool est__wire_list(est__bytes feature, est_dtype *dtype, est__bytes *list)
{
    static const est_dtype kinds[] = { EST_INVALID, EST_STRING, EST_FLOAT, EST_INT64 };
    unsigned number, kind;
    est__bytes body;
    if (feature.n >= 2 && (feature.p[0] & 7) == EST__WIRE_BYTES && feature.p[0] >> 3 >= 1 && feature.p[0] >> 3 <= 3 &&
        feature.p[1] < 0x80 && feature.n == 2u + feature.p[1]) {   /* one short list, and nothing else */
        *dtype = kinds[feature.p[0] >> 3];
        *list = (est__bytes){ feature.p + 2, feature.p[1] };
        return true;
    }
    *dtype = EST_INVALID;
    *list = (est__bytes){ feature.p, 0 };
    while (feature.n) {
        if (!est__wire_field(&feature, &number, &kind, &body))
            return false;
        if (number > 3)
            continue;
        if (kind != EST__WIRE_BYTES || *dtype != EST_INVALID)
            return false;
        *dtype = kinds[number];
        *list = body;
    }
    return true;
}

/* The next values of a list: the floats or varints of `body` (packed or a single one), or one string. body->p NULL: the end. */
static inline bool est__wire_values(est__bytes *list, est_dtype dtype, est__bytes *body)
{
    unsigned number, kind, single = dtype == EST_FLOAT ? EST__WIRE_FIXED32 : dtype == EST_INT64 ? EST__WIRE_VARINT : EST__WIRE_BYTES;
    while (list->n) {
        if (!est__wire_field(list, &number, &kind, body))
            return false;
        if (number == 1)
            return (kind == EST__WIRE_BYTES || kind == single) && (dtype != EST_FLOAT || body->n % 4 == 0);
    }
    body->p = NULL;
    return true;
}

#endif
