/* Rows as JSON, one object a line: {"input": value}, without the batch dimension; a scalar may stand for [1]. Bytes may be written
 * {"b64": "…"}, as TensorFlow Serving has them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"

enum { LINE_LIMIT = 64 << 20 };

typedef struct reader {
    FILE *file;
    char *line;
    size_t capacity;
    json json;
} reader;

/* "rows.jsonl:3: input 'age': …" */
static bool wrong(const rows *r, const rows_column *c, const char *what)
{
    cli_say("%s:%lld: input '%s': %s", r->path, r->line, c->info->key, what);
    return false;
}

static int base64_digit(char ch)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (ch == '-' || ch == '_') /* the alphabet for addresses */
        return ch == '-' ? 62 : 63;
    const char *at = ch ? strchr(digits, ch) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Decoded over its own text, which is longer. */
static bool decode_base64(char *text, size_t *n)
{
    size_t out = 0;
    unsigned bits = 0, value = 0;
    while (*n && text[*n - 1] == '=')
        --*n;
    for (size_t i = 0; i < *n; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        value = (value << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits >= 8)
            text[out++] = (char)(value >> (bits -= 8));
    }
    *n = out;
    return true;
}

static bool add_string(const rows *r, rows_column *c, const json_node *n)
{
    const reader *s = r->state;
    const json_node *b64 = json_member(&s->json, n, "b64");
    if (b64 && n->count == 1 && b64->type == JSON_STRING) {
        size_t length = b64->length;
        char *text = s->line + (b64->text - s->line);
        return decode_base64(text, &length) ? rows_add_string(c, text, length) : wrong(r, c, "the text under 'b64' is not base64");
    }
    if (n->type != JSON_STRING)
        return wrong(r, c, "a string is wanted");
    return rows_add_string(c, n->text, n->length) || wrong(r, c, "out of memory");
}

static bool is_integer(est_dtype t, int64_t *low, int64_t *high)
{
    int bits = (int)est_dtype_size(t) * 8;
    bool is_signed = t == EST_INT8 || t == EST_INT16 || t == EST_INT32 || t == EST_INT64;
    bool is_unsigned = t == EST_UINT8 || t == EST_UINT16 || t == EST_UINT32;
    if (!is_signed && !is_unsigned)
        return false;
    *low = is_signed ? bits == 64 ? INT64_MIN : -((int64_t)1 << (bits - 1)) : 0;
    *high = bits == 64 ? INT64_MAX : ((int64_t)1 << (is_signed ? bits - 1 : bits)) - 1;
    return true;
}

static bool add_number(const rows *r, rows_column *c, const json_node *n)
{
    est_dtype t = c->info->dtype;
    int64_t low, high;
    char *end;
    errno = 0;
    if (t == EST_BOOL) {
        bool v = *n->text == 't';
        return n->type == JSON_BOOL ? rows_add_bytes(c, &v, sizeof v) : wrong(r, c, "true or false is wanted");
    }
    if (n->type != JSON_NUMBER)
        return wrong(r, c, "a number is wanted");
    if (t == EST_FLOAT) {
        float v = strtof(n->text, &end);
        return end == n->text + n->length ? rows_add_bytes(c, &v, sizeof v) : wrong(r, c, "not a number");
    }
    if (t == EST_DOUBLE) {
        double v = strtod(n->text, &end);
        return end == n->text + n->length ? rows_add_bytes(c, &v, sizeof v) : wrong(r, c, "not a number");
    }
    if (!is_integer(t, &low, &high))
        return wrong(r, c, "its dtype is not taken from JSON");
    int64_t v = strtoll(n->text, &end, 10);
    if (end != n->text + n->length || errno || v < low || v > high)
        return wrong(r, c, "an integer that fits the dtype is wanted");
    switch (est_dtype_size(t)) {    /* the low bytes, in the machine's order */
    case 1: return rows_add_bytes(c, &(uint8_t){ (uint8_t)v }, 1);
    case 2: return rows_add_bytes(c, &(uint16_t){ (uint16_t)v }, 2);
    case 4: return rows_add_bytes(c, &(uint32_t){ (uint32_t)v }, 4);
    default: return rows_add_bytes(c, &v, 8);
    }
}

/* Elements of nested lists, whose shape must be `shape` from `axis` on. */
static bool add_elements(const rows *r, rows_column *c, const json_node *n, const est_shape *shape, int axis)
{
    const reader *s = r->state;
    if (n->type != JSON_ARRAY) {
        if (axis < shape->rank)
            return wrong(r, c, "its lists differ in depth");
        return c->info->dtype == EST_STRING ? add_string(r, c, n) : add_number(r, c, n);
    }
    if (axis == shape->rank || (int64_t)n->count != shape->dim[axis])
        return wrong(r, c, "its lists differ in length or depth");
    for (size_t i = n->first; i; i = s->json.nodes[i].next)
        if (!add_elements(r, c, &s->json.nodes[i], shape, axis + 1))
            return false;
    return true;
}

static void text_of_shape(char room[96], const int64_t *dims, int rank)
{
    size_t used = (size_t)snprintf(room, 96, "[");
    for (int i = 0; i < rank && used < 80; i++)
        used += (size_t)snprintf(room + used, 96 - used, dims[i] < 0 ? "%sany" : "%s%lld", i ? ", " : "", (long long)dims[i]);
    snprintf(room + used, 96 - used, "]");
}

/* The shape of a row after the lists that it is written in; made to fit the declared rank as [1]s at its end allow. */
static bool check_shape(const rows *r, rows_column *c, const est_shape *written, est_shape *shape)
{
    const est_shape *declared = &c->info->shape;
    char found[96], wanted[96], text[256];
    int64_t elements = est_shape_elements(written);
    *shape = *written;
    while (declared->rank > 0 && shape->rank < declared->rank - 1)
        shape->dim[shape->rank++] = 1;
    if (declared->rank == 1 && elements == 1)
        shape->rank = 0;
    bool fits = declared->rank < 0 || shape->rank == declared->rank - 1;
    for (int i = 0; fits && declared->rank > 0 && i < shape->rank; i++)
        fits = declared->dim[i + 1] < 0 || declared->dim[i + 1] == shape->dim[i];
    text_of_shape(found, written->dim, written->rank);
    text_of_shape(wanted, declared->dim + 1, declared->rank - 1);
    if (!fits) {
        snprintf(text, sizeof text, "a row of shape %s; the signature takes %s", found, wanted);
        return wrong(r, c, text);
    }
    if (c->has_shape && !est_shape_equal(&c->tensor.shape, shape)) {
        text_of_shape(wanted, c->tensor.shape.dim, c->tensor.shape.rank);
        snprintf(text, sizeof text, "a row of shape %s after rows of shape %s", found, wanted);
        return wrong(r, c, text);
    }
    c->tensor.shape = *shape;
    c->has_shape = true;
    return true;
}

static bool add_value(const rows *r, rows_column *c, const json_node *n)
{
    const reader *s = r->state;
    est_shape written = { 0 }, shape;
    for (const json_node *at = n; at->type == JSON_ARRAY; at = &s->json.nodes[at->first]) {
        if (written.rank == EST_MAX_RANK - 1)
            return wrong(r, c, "its lists are nested too deeply");
        written.dim[written.rank++] = (int64_t)at->count;
        if (!at->count)
            break;
    }
    return check_shape(r, c, &written, &shape) && add_elements(r, c, n, &written, 0);
}

static bool add_row(const rows *r)
{
    const reader *s = r->state;
    const json_node *root = &s->json.nodes[0];
    if (root->type != JSON_OBJECT) {
        cli_say("%s:%lld: a row is an object, {\"input\": value}", r->path, r->line);
        return false;
    }
    for (size_t i = root->first; i; i = s->json.nodes[i].next) {
        const json_node *n = &s->json.nodes[i];
        bool known = false;
        for (size_t k = 0; k < r->signature->num_inputs; k++)
            known = known || (strlen(r->columns[k].info->key) == n->key_length &&
                              !memcmp(r->columns[k].info->key, n->key, n->key_length));
        if (!known) {
            cli_say("%s:%lld: the signature '%s' has no input '%.*s'", r->path, r->line, r->signature->key,
                    (int)(n->key_length < 100 ? n->key_length : 100), n->key);
            return false;
        }
    }
    for (size_t k = 0; k < r->signature->num_inputs; k++) {
        const json_node *n = json_member(&s->json, root, r->columns[k].info->key);
        if (!n)
            return wrong(r, &r->columns[k], "is missing");
        if (!add_value(r, &r->columns[k], n))
            return false;
    }
    return true;
}

/* 1: a row was added, 0: the end, -1: a failure that was printed. */
static int read_row(rows *r)
{
    reader *s = r->state;
    for (;;) {
        ssize_t n = getline(&s->line, &s->capacity, s->file);
        if (n < 0 && ferror(s->file))
            return cli_say("%s: %s", r->path, strerror(errno)), -1;
        if (n < 0)
            return 0;
        r->line++;
        if (n > LINE_LIMIT)
            return cli_say("%s:%lld: a line of %zd bytes; at most %d are taken", r->path, r->line, n, LINE_LIMIT), -1;
        if (s->line[strspn(s->line, " \t\r\n")] == '\0')
            continue;
        if (!json_parse(&s->json, s->line, (size_t)n))
            return cli_say("%s:%lld: byte %zu: not JSON: %s", r->path, r->line, s->json.error_at + 1, s->json.error), -1;
        return add_row(r) ? 1 : -1;
    }
}

static int64_t next(rows *r)
{
    int64_t count = 0;
    int got = 0;
    for (size_t k = 0; k < r->signature->num_inputs; k++)
        if (!rows_clear(&r->columns[k]))
            return cli_say("out of memory"), -1;
    while (count < ROWS_IN_BATCH && (got = read_row(r)) > 0)
        count++;
    if (got < 0)
        return -1;
    for (size_t k = 0; k < r->signature->num_inputs; k++)
        rows_finish(&r->columns[k], count);
    return count;
}

static void close_json(rows *r)
{
    reader *s = r->state;
    if (s->file && s->file != stdin)
        fclose(s->file);
    json_free(&s->json);
    free(s->line);
    free(s);
}

bool rows_open_json(rows *r)
{
    reader *s = calloc(1, sizeof *s);
    if (!s)
        return cli_say("out of memory"), false;
    r->state = s;
    r->next = next;
    r->close = close_json;
    s->file = strcmp(r->path, "-") ? fopen(r->path, "r") : stdin;
    if (!s->file)
        return cli_say("%s: %s", r->path, strerror(errno)), false;
    return true;
}
