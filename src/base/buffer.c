/* A growing buffer: writers need not check each call, since the first failure sticks and silences the rest. */
#include "base/base.h"

/* Room for n more bytes and a NUL; NULL once the buffer has failed. */
static char *room(est__buffer *b, size_t n)
{
    if (b->status != EST_OK)
        return NULL;
    if (n >= SIZE_MAX - b->size)
        b->status = est__fail_memory(SIZE_MAX);
    else
        b->status = est__grow(&b->data, &b->capacity, b->size + n + 1, 1);
    return b->status == EST_OK ? b->data + b->size : NULL;
}

void est__buffer_bytes(est__buffer *b, const void *p, size_t n)
{
    char *to = room(b, n);
    if (!to)
        return;
    if (n)
        memcpy(to, p, n);
    to[n] = '\0';
    b->size += n;
}

void est__buffer_text(est__buffer *b, const char *s)
{
    est__buffer_bytes(b, s, strlen(s));
}

void est__buffer_printf(est__buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = est__vprint(NULL, 0, format, args);
    char *to = n >= 0 ? room(b, (size_t)n) : NULL;
    if (to) {
        est__vprint(to, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void est__buffer_varint(est__buffer *b, uint64_t v)
{
    unsigned char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (unsigned char)(v | 0x80);
    bytes[n++] = (unsigned char)v;
    est__buffer_bytes(b, bytes, n);
}

static void little_endian(est__buffer *b, uint64_t v, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    est__buffer_bytes(b, bytes, n);
}

void est__buffer_u32le(est__buffer *b, uint32_t v)
{
    little_endian(b, v, 4);
}

void est__buffer_u64le(est__buffer *b, uint64_t v)
{
    little_endian(b, v, 8);
}

static const char *json_escape(unsigned char c, char made[8])
{
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\b': return "\\b";
    case '\f': return "\\f";
    }
    if (c >= 0x20)
        return NULL;
    snprintf(made, 8, "\\u%04x", (unsigned)c);
    return made;
}

void est__buffer_json_string(est__buffer *b, const char *s, size_t n)
{
    size_t plain = 0; /* where the run of bytes that need no escape began */
    char made[8];
    est__buffer_bytes(b, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        const char *escape = json_escape((unsigned char)s[i], made);
        if (!escape)
            continue;
        est__buffer_bytes(b, s + plain, i - plain);
        est__buffer_text(b, escape);
        plain = i + 1;
    }
    est__buffer_bytes(b, s + plain, n - plain);
    est__buffer_bytes(b, "\"", 1);
}

void est__buffer_clear(est__buffer *b)
{
    b->size = 0;
    b->status = EST_OK;
    if (b->data)
        b->data[0] = '\0';
}

void est__buffer_free(est__buffer *b)
{
    est__free(b->data);
    *b = (est__buffer){ 0 };
}

est_status est__buffer_give(est__buffer *b, est_status st, char **text)
{
    if (st == EST_OK && b->status != EST_OK)
        st = est__fail_memory(b->size);
    *text = st == EST_OK ? b->data : NULL;
    if (st == EST_OK)
        *b = (est__buffer){ 0 };
    else
        est__buffer_free(b);
    return st;
}
