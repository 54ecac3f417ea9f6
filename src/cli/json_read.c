/* JSON in: one text becomes a list of nodes, strings decoded where they stand. NaN, Infinity and bytes that are no UTF-8 are taken,
 * as the predictions of this command and TensorFlow Serving's have them. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { DEPTH_LIMIT = 64 };

typedef struct parser {
    json *j;
    char *text, *p, *end;
    int depth;
} parser;

static bool fail(parser *r, const char *what)
{
    r->j->error_at = (size_t)(r->p - r->text);
    snprintf(r->j->error, sizeof r->j->error, "%s", what);
    return false;
}

static void skip_space(parser *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
        r->p++;
}

static bool add_node(parser *r, json_type type, size_t *index)
{
    json *j = r->j;
    if (j->count == j->capacity) {
        size_t capacity = j->capacity ? j->capacity * 2 : 64;
        json_node *grown = realloc(j->nodes, capacity * sizeof *grown);
        if (!grown)
            return fail(r, "out of memory");
        j->nodes = grown;
        j->capacity = capacity;
    }
    *index = j->count++;
    j->nodes[*index] = (json_node){ .type = type };
    return true;
}

static int hex4(const char *p, const char *end)
{
    int v = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, p[i] >= 'A' && p[i] <= 'F' ? p[i] + 32 : p[i]);
        if (!at || !*at)
            return -1;
        v = v * 16 + (int)(at - digits);
    }
    return v;
}

static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

/* After the backslash. A lone surrogate U+DC80..U+DCFF is the byte that Python's surrogateescape wrote it for. */
static bool escape(parser *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = r->p < r->end && *r->p ? strchr(from, *r->p) : NULL;
    if (at) {
        *(*out)++ = to[at - from];
        r->p++;
        return true;
    }
    int code = r->p < r->end && *r->p == 'u' ? hex4(r->p + 1, r->end) : -1;
    if (code < 0)
        return fail(r, "a wrong escape in a string");
    r->p += 5;
    if (code >= 0xd800 && code < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
        int low = hex4(r->p + 2, r->end);
        if (low >= 0xdc00 && low < 0xe000) {
            r->p += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (code >= 0xdc80 && code <= 0xdcff)
        *(*out)++ = (char)(code - 0xdc00);
    else
        *out = put_utf8(*out, (unsigned)code);
    return true;
}

/* An escape is never shorter than what it stands for, so the decoded text fits over the written one. */
static bool string(parser *r, const char **text, size_t *length)
{
    char *out = ++r->p;
    *text = out;
    while (r->p < r->end && *r->p != '"') {
        if (*r->p == '\\') {
            r->p++;
            if (!escape(r, &out))
                return false;
        } else {
            *out++ = *r->p++;
        }
    }
    if (r->p >= r->end)
        return fail(r, "a string without its closing quote");
    r->p++;
    *length = (size_t)(out - *text);
    return true;
}

static bool word(parser *r, json_node *n)
{
    static const struct { const char *text; json_type type; } words[] = {
        { "true", JSON_BOOL }, { "false", JSON_BOOL }, { "null", JSON_NULL }, { "NaN", JSON_NUMBER }, { "Infinity", JSON_NUMBER },
        { "-Infinity", JSON_NUMBER } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].text);
        if ((size_t)(r->end - r->p) < length || memcmp(r->p, words[i].text, length))
            continue;
        *n = (json_node){ .type = words[i].type, .text = words[i].text, .length = length };
        r->p += length;
        return true;
    }
    n->text = r->p;
    r->p += strspn(r->p, "+-.0123456789eE");
    n->length = (size_t)(r->p - n->text);
    return n->length > 0 || fail(r, "a value is missing");
}

static bool value(parser *r, size_t *index);

static bool members(parser *r, size_t parent, char close)
{
    size_t last = 0;
    for (bool first = true;; first = false) {
        const char *key = NULL;
        size_t key_length = 0, child;
        skip_space(r);
        if (r->p < r->end && *r->p == close && first)
            break;
        if (close == '}') {
            if (r->p >= r->end || *r->p != '"')
                return fail(r, "a key in quotes is wanted here");
            if (!string(r, &key, &key_length))
                return false;
            skip_space(r);
            if (r->p >= r->end || *r->p++ != ':')
                return fail(r, "':' is wanted after a key");
        }
        if (!value(r, &child))
            return false;
        json_node *nodes = r->j->nodes;
        nodes[child].key = key;
        nodes[child].key_length = key_length;
        nodes[parent].count++;
        *(last ? &nodes[last].next : &nodes[parent].first) = child;
        last = child;
        skip_space(r);
        if (r->p < r->end && *r->p == ',') {
            r->p++;
            continue;
        }
        if (r->p >= r->end || *r->p != close)
            return fail(r, close == '}' ? "',' or '}' is wanted here" : "',' or ']' is wanted here");
        break;
    }
    r->p++;
    return true;
}

static bool value(parser *r, size_t *index)
{
    skip_space(r);
    if (r->p >= r->end)
        return fail(r, "a value is missing");
    bool list = *r->p == '[', object = *r->p == '{';
    if (!add_node(r, list ? JSON_ARRAY : object ? JSON_OBJECT : *r->p == '"' ? JSON_STRING : JSON_NUMBER, index))
        return false;
    json_node *n = &r->j->nodes[*index];
    if (*r->p == '"')
        return string(r, &n->text, &n->length);
    if (!list && !object)
        return word(r, n);
    if (++r->depth > DEPTH_LIMIT)
        return fail(r, "nested too deeply");
    r->p++;
    bool good = members(r, *index, list ? ']' : '}');
    r->depth--;
    return good;
}

bool json_parse(json *j, char *text, size_t size)
{
    parser r = { .j = j, .text = text, .p = text, .end = text + size };
    size_t root;
    j->count = 0;
    j->error[0] = '\0';
    if (!value(&r, &root))
        return false;
    skip_space(&r);
    return r.p == r.end || fail(&r, "something follows the value");
}

const json_node *json_member(const json *j, const json_node *object, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = object->type == JSON_OBJECT ? object->first : 0; i; i = j->nodes[i].next)
        if (j->nodes[i].key_length == n && !memcmp(j->nodes[i].key, key, n))
            return &j->nodes[i];
    return NULL;
}

void json_free(json *j)
{
    free(j->nodes);
    *j = (json){ 0 };
}
