/* A JSON object a line into the columns of a table: one pass checks it and finds the wanted keys, one writes their values.
 * Numbers for a string feature keep their text, as they would in CSV; arrays within arrays are joined. */
#include "data/jsonl.h"

enum { DEEPEST = 64 };

struct est__json_reader {
    const est__selection *selection;
    est__map *names;           /* name -> index + 1 */
    const char **found;        /* where the value of each wanted feature starts; NULL: absent */
    int *after;                /* which one followed it in the last object */
    est__buffer text;          /* of a string with escapes */
    const char *end;           /* of the line */
};

est_status est__json_reader_new(const est__selection *s, est__json_reader **out)
{
    est__json_reader *r = est__calloc(1, sizeof *r);
    est_status st = r ? EST_OK : est__fail_memory(sizeof *r);
    if (r) {
        r->selection = s;
        r->names = est__map_new();
        r->found = est__calloc((size_t)s->count + 1, sizeof *r->found);
        r->after = est__calloc((size_t)s->count + 1, sizeof *r->after);
        if (!r->names || !r->found || !r->after)
            st = est__fail_memory((size_t)s->count * sizeof *r->found);
    }
    for (int i = 0; st == EST_OK && i < s->count; i++)
        st = est__map_put(r->names, s->wanted[i].name, s->wanted[i].length, (void *)(uintptr_t)(i + 1));
    if (st != EST_OK) {
        est__json_reader_free(r);
        r = NULL;
    }
    *out = r;
    return st;
}

void est__json_reader_free(est__json_reader *r)
{
    if (!r)
        return;
    est__map_free(r->names);
    est__free(r->found);
    est__free(r->after);
    est__buffer_free(&r->text);
    est__free(r);
}

/* ---- scanning: each takes what it reads off the line ---- */

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static est_status not_json(const char *p, const char *end, const char *wanted)
{
    if (p >= end)
        return est__fail(EST_INVALID_ARGUMENT, "the line ends where %s is wanted", wanted);
    return est__fail(EST_INVALID_ARGUMENT, "\"%s\" stands where %s is wanted", est__show(p, (size_t)(end - p)).text, wanted);
}

/* The text between the quotes at *p; *escaped: it holds backslashes. */
static est_status scan_string(const char **p, const char *end, const char **text, size_t *n, bool *escaped)
{
    const char *s = *p;
    *escaped = false;
    if (s >= end || *s != '"')
        return not_json(s, end, "a string");
    *text = ++s;
    for (; s < end && *s != '"'; s++)
        if (*s == '\\') {
            *escaped = true;
            s++;
        }
    if (s >= end)
        return est__fail(EST_INVALID_ARGUMENT, "a string is never closed");
    *n = (size_t)(s - *text);
    *p = s + 1;
    return EST_OK;
}

/* A number or a name: what stands before the next comma, bracket or space. */
static size_t word_length(const char *p, const char *end)
{
    const char *s = p;
    while (s < end && !strchr(",]} \t", *s))
        s++;
    return (size_t)(s - p);
}

static est_status skip_value(const char **p, const char *end, int depth);

/* Values between brackets, as keys with values where they are braces. */
static est_status skip_nested(const char **p, const char *end, int depth)
{
    bool object = **p == '{', escaped;
    char close = object ? '}' : ']';
    const char *text;
    size_t n;
    if (depth == DEEPEST)
        return est__fail(EST_INVALID_ARGUMENT, "more than %d brackets within each other", DEEPEST);
    *p = skip_space(*p + 1, end);
    for (bool first = true; *p >= end || **p != close; first = false) {
        if (!first) {
            if (*p >= end || **p != ',')
                return not_json(*p, end, object ? "a comma or }" : "a comma or ]");
            *p = skip_space(*p + 1, end);
        }
        if (object) {
            EST_TRY(scan_string(p, end, &text, &n, &escaped));
            *p = skip_space(*p, end);
            if (*p >= end || **p != ':')
                return not_json(*p, end, "a colon");
            *p = skip_space(*p + 1, end);
        }
        EST_TRY(skip_value(p, end, depth + 1));
        *p = skip_space(*p, end);
    }
    ++*p;
    return EST_OK;
}

static bool is_value(const char *word, size_t n)
{
    static const char *const names[] = { "null", "true", "false", "NaN", "Infinity", "-Infinity" };
    double v;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (n == strlen(names[i]) && !memcmp(word, names[i], n))
            return true;
    return n && (*word == '-' || (*word >= '0' && *word <= '9')) && est__parse_double(word, n, &v);
}

static est_status skip_value(const char **p, const char *end, int depth)
{
    const char *text;
    size_t n;
    bool escaped;
    if (*p < end && *(*p) == '"')
        return scan_string(p, end, &text, &n, &escaped);
    if (*p < end && (**p == '[' || **p == '{'))
        return skip_nested(p, end, depth);
    n = word_length(*p, end);
    if (!is_value(*p, n))
        return not_json(*p, end, "a value");
    *p += n;
    return EST_OK;
}

/* ---- strings with escapes ---- */

static bool hex4(const char *p, const char *end, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, p++) {
        if (p >= end)
            return false;
        unsigned c = (unsigned char)*p, low = c | 0x20;
        unsigned digit = c - '0' < 10 ? c - '0' : low - 'a' < 6 ? low - 'a' + 10 : 16;
        if (digit == 16)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

static void put_utf8(est__buffer *b, unsigned c)
{
    unsigned char u[4] = { (unsigned char)c };
    size_t n = 1;
    if (c >= 0x10000) {
        n = 4;
        u[0] = (unsigned char)(0xF0 | c >> 18);
    } else if (c >= 0x800) {
        n = 3;
        u[0] = (unsigned char)(0xE0 | c >> 12);
    } else if (c >= 0x80) {
        n = 2;
        u[0] = (unsigned char)(0xC0 | c >> 6);
    }
    for (size_t i = 1; i < n; i++)
        u[i] = (unsigned char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
    est__buffer_bytes(b, u, n);
}

/* What follows a backslash. */
static const char *put_escape(est__buffer *b, const char *p, const char *end)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned c, low;
    const char *known = *p ? strchr(from, *p) : NULL;
    if (known) {
        est__buffer_bytes(b, &to[known - from], 1);
        return p + 1;
    }
    if (*p != 'u' || !hex4(p + 1, end, &c))
        return NULL;
    p += 5;
    if (c >= 0xD800 && c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' && hex4(p + 2, end, &low) && low >= 0xDC00 &&
        low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    put_utf8(b, c);
    return p;
}

static est_status unescape(est__buffer *b, const char *text, size_t n)
{
    const char *end = text + n;
    est__buffer_clear(b);
    while (text < end) {
        const char *slash = memchr(text, '\\', (size_t)(end - text)), *stop = slash ? slash : end;
        est__buffer_bytes(b, text, (size_t)(stop - text));
        text = slash ? put_escape(b, slash + 1, end) : end;
        if (!text)
            return est__fail(EST_INVALID_ARGUMENT, "\"%s\" is no escape", est__show(slash, (size_t)(end - slash)).text);
    }
    return b->status == EST_OK ? EST_OK : est__fail_memory(n);
}

/* ---- objects ---- */

static est_status note_key(est__json_reader *r, const char *key, size_t n, const char *value, int *last)
{
    const est__selection *s = r->selection;
    int at = r->after[*last];
    if (s->wanted[at].length != n || memcmp(s->wanted[at].name, key, n) != 0) {
        at = (int)(uintptr_t)est__map_get(r->names, key, n) - 1;
        if (at < 0)
            return EST_OK;
        r->after[*last] = at;
    }
    r->found[at] = value;
    *last = at;
    return EST_OK;
}

/* Checks the line; finds the values of the wanted keys. Of a key that stands twice the last counts. */
static est_status find_keys(est__json_reader *r, const char *p, const char *end)
{
    int last = r->selection->count;
    memset(r->found, 0, (size_t)r->selection->count * sizeof *r->found);
    p = skip_space(p, end);
    if (p >= end || *p != '{')
        return not_json(p, end, "a JSON object");
    p = skip_space(p + 1, end);
    for (bool first = true; p >= end || *p != '}'; first = false) {
        const char *key;
        size_t n;
        bool escaped;
        if (!first) {
            if (p >= end || *p != ',')
                return not_json(p, end, "a comma or }");
            p = skip_space(p + 1, end);
        }
        EST_TRY(scan_string(&p, end, &key, &n, &escaped));
        p = skip_space(p, end);
        if (p >= end || *p != ':')
            return not_json(p, end, "a colon");
        p = skip_space(p + 1, end);
        if (escaped) {
            EST_TRY(unescape(&r->text, key, n));
            key = r->text.data;
            n = r->text.size;
        }
        EST_TRY(note_key(r, key, n, p, &last));
        EST_TRY(skip_value(&p, end, 0));
        p = skip_space(p, end);
    }
    p = skip_space(p + 1, end);
    return p == end ? EST_OK : not_json(p, end, "the end of the line");
}

est_status est__json_has(const char *line, size_t n, const char *key, bool *there)
{
    est__wanted w = { .name = key, .length = strlen(key) };
    est__selection s = { .wanted = &w, .count = 1 };
    est__json_reader *r;
    EST_TRY(est__json_reader_new(&s, &r));
    *there = find_keys(r, line, line + n) == EST_OK && r->found[0];
    est__json_reader_free(r);
    return EST_OK;
}

/* ---- values ---- */

static est_status bad_number(const char *word, size_t n, est_dtype dtype)
{
    return est__fail(EST_INVALID_ARGUMENT, "%s is not %s", est__show(word, n).text, dtype == EST_FLOAT ? "a number" : "an integer");
}

static est_status put_word(est__sink *s, est_dtype dtype, const char *word, size_t n)
{
    int64_t whole;
    float v = 0;
    bool truth = *word == 't' || *word == 'f';
    if (dtype == EST_STRING)
        return est__sink_text(s, word, n, true);
    if (dtype == EST_INT64) {
        if (truth)
            return est__sink_int(s, *word == 't');
        return est__parse_int64(word, n, &whole) ? est__sink_int(s, whole) : bad_number(word, n, dtype);
    }
    if (truth)
        return est__sink_float(s, *word == 't' ? 1 : 0);
    return est__parse_float(word, n, &v) ? est__sink_float(s, v) : bad_number(word, n, dtype);
}

/* The value at *p, which was checked already. null within an array is an error: which value would it stand for? */
static est_status put_value(est__json_reader *r, est__sink *s, est_dtype dtype, const char **p)
{
    const char *text;
    size_t n;
    bool escaped;
    if (**p == '{')
        return est__fail(EST_INVALID_ARGUMENT, "an object stands where %s is wanted", est_dtype_name(dtype));
    if (**p == '"') {
        EST_TRY(scan_string(p, r->end, &text, &n, &escaped));
        if (dtype != EST_STRING)
            return est__fail(EST_INVALID_ARGUMENT, "\"%s\" is a string, %s is wanted", est__show(text, n).text,
                             est_dtype_name(dtype));
        if (!escaped)
            return est__sink_text(s, text, n, true);
        EST_TRY(unescape(&r->text, text, n));
        return est__sink_text(s, r->text.data, r->text.size, false);
    }
    if (**p == '[') {
        *p = skip_space(*p + 1, r->end);
        while (**p != ']') {
            EST_TRY(put_value(r, s, dtype, p));
            *p = skip_space(*p, r->end);
            if (**p == ',')
                *p = skip_space(*p + 1, r->end);
        }
        ++*p;
        return EST_OK;
    }
    text = *p;
    n = word_length(text, r->end);
    *p += n;
    if (*text == 'n')
        return est__fail(EST_INVALID_ARGUMENT, "null within an array");
    return put_word(s, dtype, text, n);
}

static est_status put_wanted(est__json_reader *r, est__table *t, int i)
{
    const est__wanted *w = &r->selection->wanted[i];
    const char *p = r->found[i];
    est__sink s = est__sink_of(t, w);
    if (p && *p != 'n')   /* null is as good as nothing */
        EST_TRY(put_value(r, &s, w->dtype, &p));
    else
        EST_TRY(est__sink_default(&s, w));
    return est__sink_end(&s, t);
}

static est_status parse_line(void *user, est__table *t, const char *line, size_t n, bool *row)
{
    est__json_reader *r = user;
    r->end = line + n;
    *row = skip_space(line, r->end) < r->end;   /* an empty line is none */
    if (!*row)
        return EST_OK;
    EST_TRY(find_keys(r, line, r->end));
    for (int i = 0; i < r->selection->count; i++) {
        est_status st = put_wanted(r, t, i);
        if (st != EST_OK)
            return est__fail_in(st, "feature '%s'", r->selection->wanted[i].name);
    }
    return EST_OK;
}

void est__json_parse(est__json_reader *r, est__block *b, bool skip)
{
    est__parse_lines(b, skip, parse_line, r);
}
