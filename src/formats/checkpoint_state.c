/* CheckpointState, kept as a protobuf message's text form: `name: value` pairs, strings in C's escapes. */
#include "formats/checkpoint_state.h"

#define SIZE_LIMIT ((size_t)64 << 20)

typedef struct parser {
    const char *p, *end, *what;
    size_t line;
    est__buffer value;      /* the string or number just read */
} parser;

static est_status damaged(const parser *s, const char *why)
{
    return est__fail(EST_DATA_LOSS, "%s:%zu: %s: the file is damaged", s->what, s->line, why);
}

static void skip_blanks(parser *s)
{
    for (; s->p < s->end; s->p++) {
        if (*s->p == '#')
            while (s->p + 1 < s->end && s->p[1] != '\n')
                s->p++;
        else if (*s->p == '\n')
            s->line++;
        else if (!strchr(" \t\r\f\v", *s->p) || !*s->p)
            return;
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

/* A run of word characters: a name, a number, an enum value. */
static est__bytes word(parser *s)
{
    const char *start = s->p;
    while (s->p < s->end && is_word(*s->p))
        s->p++;
    return (est__bytes){ (const unsigned char *)start, (size_t)(s->p - start) };
}

static int digit(char c, int base)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    if (c && !at && (at = strchr(capitals, c)))
        at = digits + (at - capitals);
    return at && at - digits < base ? (int)(at - digits) : -1;
}

/* What follows a backslash. */
static est_status escape(parser *s)
{
    static const char names[] = "abfnrtv\\'\"?", values[] = "\a\b\f\n\r\t\v\\'\"?";
    if (s->p == s->end)
        return damaged(s, "a string does not end");
    char c = *s->p;
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        s->p++;
        est__buffer_bytes(&s->value, &values[name - names], 1);
        return EST_OK;
    }
    bool hex = c == 'x' || c == 'X';
    int base = hex ? 16 : 8, most = hex ? 2 : 3, v = 0, n = 0;
    for (s->p += hex; n < most && s->p < s->end && digit(*s->p, base) >= 0; n++)
        v = v * base + digit(*s->p++, base);
    if (n == 0 || v > 255)
        return damaged(s, "a string has an unknown escape");
    unsigned char byte = (unsigned char)v;
    est__buffer_bytes(&s->value, &byte, 1);
    return EST_OK;
}

/* One quoted string, appended to the value. */
static est_status quoted(parser *s)
{
    char quote = *s->p++;
    while (s->p < s->end && *s->p != quote && *s->p != '\n') {
        char c = *s->p++;
        if (c == '\\')
            EST_TRY(escape(s));
        else
            est__buffer_bytes(&s->value, &c, 1);
    }
    if (s->p == s->end || *s->p != quote)
        return damaged(s, "a string does not end");
    s->p++;
    return s->value.status == EST_OK ? EST_OK : est__fail_memory(s->value.size);
}

/* A value: strings that follow each other are one. */
static est_status read_value(parser *s, bool *is_string)
{
    est__buffer_clear(&s->value);
    est__buffer_text(&s->value, "");
    skip_blanks(s);
    *is_string = s->p < s->end && (*s->p == '"' || *s->p == '\'');
    if (!*is_string) {
        est__bytes w = word(s);
        if (w.n == 0)
            return damaged(s, "a value is missing");
        est__buffer_bytes(&s->value, w.p, w.n);
    }
    while (*is_string && s->p < s->end && (*s->p == '"' || *s->p == '\'')) {
        EST_TRY(quoted(s));
        skip_blanks(s);
    }
    return s->value.status == EST_OK ? EST_OK : est__fail_memory(s->value.size);
}

static est_status take_path(const parser *s, const char *dir, char **out)
{
    if (strlen(s->value.data) != s->value.size || s->value.size == 0)
        return damaged(s, "a path is empty or has a NUL");
    est__free(*out);
    *out = est__path_join(dir, s->value.data);
    return *out ? EST_OK : est__fail_memory(s->value.size);
}

static est_status take_field(parser *s, const char *dir, est__bytes name, bool is_string,
                             est__checkpoint_state *out)
{
    static const char *const known[] = { "model_checkpoint_path", "all_model_checkpoint_paths",
                                         "all_model_checkpoint_timestamps", "last_preserved_timestamp" };
    size_t which = 0;
    double time = 0;
    while (which < 4 && (strlen(known[which]) != name.n || memcmp(known[which], name.p, name.n) != 0))
        which++;
    if (which == 4)
        return EST_OK;   /* a field of a later version */
    if (is_string != (which < 2) || (which >= 2 && !est__parse_double(s->value.data, s->value.size, &time)))
        return damaged(s, which < 2 ? "a path is no string" : "a timestamp is no number");
    switch (which) {
    case 0: return take_path(s, dir, &out->model_checkpoint_path);
    case 1:
        EST_TRY(est__grow(&out->all_model_checkpoint_paths, &out->path_capacity, out->count + 1,
                          sizeof(char *)));
        out->all_model_checkpoint_paths[out->count] = NULL;
        EST_TRY(take_path(s, dir, &out->all_model_checkpoint_paths[out->count]));
        out->count++;
        return EST_OK;
    case 2:
        EST_TRY(est__grow(&out->all_model_checkpoint_timestamps, &out->timestamp_capacity,
                          out->timestamp_count + 1, sizeof(double)));
        out->all_model_checkpoint_timestamps[out->timestamp_count++] = time;
        return EST_OK;
    default: out->last_preserved_timestamp = time; return EST_OK;
    }
}

static est_status parse(parser *s, const char *dir, est__checkpoint_state *out)
{
    for (skip_blanks(s); s->p < s->end; skip_blanks(s)) {
        bool is_string;
        est__bytes name = word(s);
        skip_blanks(s);
        if (name.n == 0 || s->p == s->end || *s->p++ != ':')
            return damaged(s, "a line 'name: value' is wanted");
        EST_TRY(read_value(s, &is_string));
        EST_TRY(take_field(s, dir, name, is_string, out));
        skip_blanks(s);
        if (s->p < s->end && (*s->p == ',' || *s->p == ';'))
            s->p++;
    }
    return EST_OK;
}

est_status est__checkpoint_state_parse(const char *dir, const char *text, size_t size, const char *what,
                                       est__checkpoint_state *out)
{
    parser s = { .p = text, .end = text + size, .what = what, .line = 1 };
    *out = (est__checkpoint_state){ 0 };
    est_status st = parse(&s, dir, out);
    est__buffer_free(&s.value);
    return st;
}

est_status est__checkpoint_state_read(const char *dir, est__checkpoint_state *out)
{
    size_t size;
    char *text = NULL, *path = est__path_join(dir, "checkpoint");
    *out = (est__checkpoint_state){ 0 };
    est_status st = path ? est__file_read(path, SIZE_LIMIT, &text, &size) : est__fail_memory(strlen(dir));
    if (st == EST_OK)
        st = est__checkpoint_state_parse(dir, text, size, path, out);
    est__free(text);
    est__free(path);
    return st;
}

/* ---- writing ---- */

static void put_string(est__buffer *b, const char *name, const char *s)
{
    est__buffer_printf(b, "%s: \"", name);
    for (; *s; s++) {
        static const char plain[] = "\n\r\t\"'\\", names[] = "nrt\"'\\";
        unsigned char c = (unsigned char)*s;
        const char *special = strchr(plain, *s);
        if (special)
            est__buffer_printf(b, "\\%c", names[special - plain]);
        else if (c < 32 || c == 127)
            est__buffer_printf(b, "\\%03o", (unsigned)c);
        else
            est__buffer_bytes(b, s, 1);
    }
    est__buffer_text(b, "\"\n");
}

static void put_time(est__buffer *b, const char *name, double v)
{
    char number[32];
    est__format_double(number, v);
    est__buffer_printf(b, "%s: %s%s\n", name, number, strpbrk(number, ".en") ? "" : ".0");
}

est_status est__checkpoint_state_write(const char *dir, const est__checkpoint_state *state)
{
    est__buffer b = { 0 };
    if (state->model_checkpoint_path)
        put_string(&b, "model_checkpoint_path", state->model_checkpoint_path);
    for (size_t i = 0; i < state->count; i++)
        put_string(&b, "all_model_checkpoint_paths", state->all_model_checkpoint_paths[i]);
    for (size_t i = 0; i < state->timestamp_count; i++)
        put_time(&b, "all_model_checkpoint_timestamps", state->all_model_checkpoint_timestamps[i]);
    if (state->last_preserved_timestamp != 0)
        put_time(&b, "last_preserved_timestamp", state->last_preserved_timestamp);
    char *path = est__path_join(dir, "checkpoint");
    est_status st = b.status == EST_OK && path ? est__file_put(path, b.data ? b.data : "", b.size)
                                               : est__fail_memory(b.size);
    est__free(path);
    est__buffer_free(&b);
    return st;
}

void est__checkpoint_state_free(est__checkpoint_state *state)
{
    est__free(state->model_checkpoint_path);
    for (size_t i = 0; i < state->count; i++)
        est__free(state->all_model_checkpoint_paths[i]);
    est__free(state->all_model_checkpoint_paths);
    est__free(state->all_model_checkpoint_timestamps);
    *state = (est__checkpoint_state){ 0 };
}
