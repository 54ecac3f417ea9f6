/* Wire form of messages: a check of depth, size and lengths, then protobuf-c; and the text form through
 * descriptors. */
#include "proto/pack.h"

#include <math.h>

typedef struct scan {
    const char *what;
    const uint8_t *start;
} scan;

static est_status damaged(const scan *s, const uint8_t *at, const ProtobufCMessageDescriptor *d,
                          const char *why)
{
    return est__fail(EST_DATA_LOSS, "%s: byte %zu: %s %s: the file is damaged", s->what,
                     (size_t)(at - s->start), d->short_name, why);
}

static bool varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && *p < end; shift += 7) {
        uint8_t byte = *(*p)++;
        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return true;
        }
    }
    return false;
}

static bool is_message_map_entry(const ProtobufCMessageDescriptor *d)
{
    return d->n_fields == 2 && d->fields[1].type == PROTOBUF_C_TYPE_MESSAGE &&
           strcmp(d->fields[0].name, "key") == 0 && strcmp(d->fields[1].name, "value") == 0;
}

static est_status check_message(const scan *s, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                                const uint8_t *end, int depth);

/* A sub-message at [p, p + n): `seen` has one bit for each field of `d` that may stand once. */
static est_status check_field(const scan *s, const ProtobufCMessageDescriptor *d,
                              const ProtobufCFieldDescriptor *field, const uint8_t *p, size_t n,
                              uint64_t *seen, int depth)
{
    size_t index = (size_t)(field - d->fields);
    if (field->label != PROTOBUF_C_LABEL_REPEATED && index < 64) {
        if (*seen >> index & 1)
            return est__fail(EST_DATA_LOSS,
                             "%s: byte %zu: field '%s' of %s stands twice: the file is damaged", s->what,
                             (size_t)(p - s->start), field->name, d->short_name);
        *seen |= (uint64_t)1 << index;
    }
    if (depth == EST__PROTO_DEPTH)
        return est__fail(EST_RESOURCE_EXHAUSTED, "%s: byte %zu: messages are nested deeper than %d: refused",
                         s->what, (size_t)(p - s->start), EST__PROTO_DEPTH);
    return check_message(s, field->descriptor, p, p + n, depth + 1);
}

static est_status check_message(const scan *s, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                                const uint8_t *end, int depth)
{
    uint64_t seen = 0;
    while (p < end) {
        const uint8_t *at = p;
        uint64_t tag, n = 0;
        if (!varint(&p, end, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
            return damaged(s, at, d, "has a tag that is none");
        switch (tag & 7) {
        case 0:
            if (!varint(&p, end, &n))
                return damaged(s, at, d, "holds a number that does not end");
            continue;
        case 1: n = 8; break;
        case 5: n = 4; break;
        case 2:
            if (!varint(&p, end, &n))
                return damaged(s, at, d, "holds a length that does not end");
            break;
        default: return damaged(s, at, d, "has a field of an unknown kind");
        }
        if (n > (size_t)(end - p))
            return damaged(s, at, d, "is cut short");
        if ((tag & 7) == 2) {
            const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
                d, (unsigned)(tag >> 3));
            if (field && field->type == PROTOBUF_C_TYPE_MESSAGE)
                EST_TRY(check_field(s, d, field, p, (size_t)n, &seen, depth));
        }
        p += n;
    }
    if (is_message_map_entry(d) && !(seen >> 1 & 1))
        return damaged(s, end, d, "has no value");
    return EST_OK;
}

est_status est__proto_check(const ProtobufCMessageDescriptor *d, const void *data, size_t size,
                            const char *what)
{
    static const uint8_t nothing[1];
    const uint8_t *p = data ? data : nothing;
    if (size > EST__PROTO_SIZE)
        return est__fail(EST_RESOURCE_EXHAUSTED, "%s: %zu bytes; a %s has at most %u", what, size,
                         d->short_name, EST__PROTO_SIZE);
    return check_message(&(scan){ what, p }, d, p, p + size, 1);
}

static void *allocate(void *failed, size_t size)
{
    void *p = est__malloc(size);
    if (!p)
        *(bool *)failed = true;
    return p;
}

static void release(void *unused, void *p)
{
    (void)unused;
    est__free(p);
}

est_status est__proto_unpack(const ProtobufCMessageDescriptor *d, const void *data, size_t size,
                             const char *what, void *message)
{
    static const uint8_t nothing[1];
    ProtobufCMessage *m = NULL;
    bool failed = false;
    memcpy(message, &m, sizeof m);
    EST_TRY(est__proto_check(d, data, size, what));
    ProtobufCAllocator allocator = { allocate, release, &failed };
    m = protobuf_c_message_unpack(d, &allocator, size, data ? data : nothing);
    if (!m && failed)
        return est__fail_memory(size);
    if (!m)
        return est__fail(EST_DATA_LOSS,
                         "%s: not a %s: a field has another kind than it should: the file is damaged", what,
                         d->short_name);
    memcpy(message, &m, sizeof m);
    return EST_OK;
}

void est__proto_free(void *message)
{
    ProtobufCAllocator allocator = { allocate, release, NULL };
    if (message)
        protobuf_c_message_free_unpacked(message, &allocator);
}

struct sink {
    ProtobufCBuffer base;
    est__buffer *out;
};

static void append(ProtobufCBuffer *base, size_t n, const uint8_t *data)
{
    est__buffer_bytes(((struct sink *)base)->out, data, n);
}

est_status est__proto_pack(const void *message, est__buffer *out)
{
    struct sink sink = { { append }, out };
    protobuf_c_message_pack_to_buffer(message, &sink.base);
    return out->status == EST_OK ? EST_OK : est__fail_memory(out->size);
}

/* ---- text ---- */

static void text_quoted(est__buffer *out, const char *s, size_t n, bool bytes)
{
    est__buffer_text(out, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        switch (c) {
        case '\n': est__buffer_text(out, "\\n"); break;
        case '\r': est__buffer_text(out, "\\r"); break;
        case '\t': est__buffer_text(out, "\\t"); break;
        case '"': est__buffer_text(out, "\\\""); break;
        case '\'': est__buffer_text(out, "\\'"); break;
        case '\\': est__buffer_text(out, "\\\\"); break;
        default:
            if (c < 32 || c == 127 || (bytes && c > 127))
                est__buffer_printf(out, "\\%03o", (unsigned)c);
            else
                est__buffer_bytes(out, s + i, 1);
        }
    }
    est__buffer_text(out, "\"");
}

static void text_real(est__buffer *out, double v, bool is_float)
{
    char number[32];
    if (isnan(v) || isinf(v)) {
        est__buffer_text(out, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    if (is_float)
        est__format_float(number, (float)v);
    else
        est__format_double(number, v);
    est__buffer_text(out, number);
    if (!strpbrk(number, ".eE"))
        est__buffer_text(out, ".0");
}

static void text_enum(est__buffer *out, const ProtobufCEnumDescriptor *d, int v)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(d, v);
    if (value)
        est__buffer_text(out, value->name);
    else
        est__buffer_printf(out, "%d", v);
}

static void text_message(est__buffer *out, const ProtobufCMessage *m, int indent);

static void text_value(est__buffer *out, const ProtobufCFieldDescriptor *f, const void *p, int indent)
{
    est__buffer_printf(out, "%*s%s", indent, "", f->name);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        est__buffer_text(out, " {\n");
        text_message(out, *(ProtobufCMessage *const *)p, indent + 2);
        est__buffer_printf(out, "%*s}\n", indent, "");
        return;
    }
    est__buffer_text(out, ": ");
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: est__buffer_printf(out, "%d", *(const int32_t *)p); break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: est__buffer_printf(out, "%u", *(const uint32_t *)p); break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: est__buffer_printf(out, "%lld", (long long)*(const int64_t *)p); break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        est__buffer_printf(out, "%llu", (unsigned long long)*(const uint64_t *)p);
        break;
    case PROTOBUF_C_TYPE_FLOAT: text_real(out, (double)*(const float *)p, true); break;
    case PROTOBUF_C_TYPE_DOUBLE: text_real(out, *(const double *)p, false); break;
    case PROTOBUF_C_TYPE_BOOL:
        est__buffer_text(out, *(const protobuf_c_boolean *)p ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM: text_enum(out, f->descriptor, *(const int *)p); break;
    case PROTOBUF_C_TYPE_STRING: text_quoted(out, *(char *const *)p, strlen(*(char *const *)p), false); break;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *b = p;
        text_quoted(out, (const char *)b->data, b->len, true);
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE: break;
    }
    est__buffer_text(out, "\n");
}

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 4;
    }
}

/* proto3 leaves out a field that has the default of its type. */
static bool is_default(const ProtobufCFieldDescriptor *f, const void *p)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: return !*(char *const *)p || !**(char *const *)p;
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)p)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE: return !*(void *const *)p;
    default: return memcmp(p, &(uint64_t){ 0 }, value_size(f->type)) == 0;
    }
}

static void text_message(est__buffer *out, const ProtobufCMessage *m, int indent)
{
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *p = (const char *)m + f->offset;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
            const char *values = n ? *(const char *const *)(const void *)p : NULL;
            for (size_t k = 0; k < n; k++)
                text_value(out, f, values + k * value_size(f->type), indent);
        } else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (*(const uint32_t *)(const void *)((const char *)m + f->quantifier_offset) == f->id)
                text_value(out, f, p, indent);
        } else if (!is_default(f, p)) {
            text_value(out, f, p, indent);
        }
    }
}

est_status est__proto_text(const void *message, est__buffer *out)
{
    text_message(out, message, 0);
    return out->status == EST_OK ? EST_OK : est__fail_memory(out->size);
}
