/* Parses blocks of CSV into tables. Text with quotes goes through libcsv in its strict mode, line by line; text without any,
 * where delimiters and line ends are all there is to find, is searched eight bytes at a time. Both give the same. */
#include "data/csv.h"

enum { SHOWN_TEXT = 40 };   /* bytes of a bad field that a message shows */

struct est__csv_parser {
    const est__csv_format *format;
    struct csv_parser lib;
    bool lib_made;

    est__block *block;
    int64_t capacity;         /* rows that the table has room for */
    bool has_nul;
    int field;                /* number of the next field in its row */
    int64_t line;             /* of the row's start, counted from the block's */
    bool after_return;        /* the last row ended with a carriage return: a line feed may follow */
    bool header;              /* this row is the file's header */
    int bad_field;            /* -1: none */
    size_t bad_length;
    char bad_text[SHOWN_TEXT + 4];
    bool skip;                /* rows that are wrong are left out */
    est_status status;        /* out of memory */
};

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static est_status make_lib(est__csv_parser *p)
{
    if (p->lib_made)
        csv_free(&p->lib);
    p->lib_made = csv_init(&p->lib, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) == 0;
    if (!p->lib_made)
        return est__fail(EST_INTERNAL, "libcsv does not start");
    csv_set_delim(&p->lib, (unsigned char)p->format->delimiter);
    csv_set_space_func(&p->lib, no_space);
    csv_set_realloc_func(&p->lib, est__realloc);
    csv_set_free_func(&p->lib, est__free);
    csv_set_blk_size(&p->lib, 4096);
    return EST_OK;
}

est_status est__csv_parser_new(const est__csv_format *format, est__csv_parser **out)
{
    est__csv_parser *p = est__calloc(1, sizeof *p);
    est_status st = p ? EST_OK : est__fail_memory(sizeof *p);
    if (st == EST_OK) {
        p->format = format;
        st = make_lib(p);
    }
    if (st != EST_OK) {
        est__csv_parser_free(p);
        p = NULL;
    }
    *out = p;
    return st;
}

void est__csv_parser_free(est__csv_parser *p)
{
    if (p && p->lib_made)
        csv_free(&p->lib);
    est__free(p);
}

/* ---- fields ---- */

/* What is shown of a field: printable, cut where a character begins. */
static void keep_bad(est__csv_parser *p, const char *s, size_t n)
{
    size_t shown = n < SHOWN_TEXT ? n : SHOWN_TEXT;
    while (shown < n && shown && ((unsigned char)s[shown] & 0xC0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        p->bad_text[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7F ? '?' : s[i];
    snprintf(p->bad_text + shown, sizeof p->bad_text - shown, "%s", shown < n ? "..." : "");
    p->bad_field = p->field;
    p->bad_length = n;
}

/* -?digits[.digits] of at most seven digits: the digits and the power of ten are exact floats, so that their quotient is
 * rounded once. */
static inline bool quick_float(const char *s, size_t n, float *out)
{
    static const float power[] = { 1, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f };
    const char *end = s + n, *point = NULL;
    bool negative = *s == '-';
    int32_t v = 0;
    s += negative;
    if (n > 8 || s == end)
        return false;
    for (; s < end; s++) {
        unsigned digit = (unsigned char)*s - (unsigned)'0';
        if (digit > 9) {
            if (*s != '.' || point)
                return false;
            point = s + 1;
        } else {
            v = v * 10 + (int32_t)digit;
        }
    }
    if (v > 9999999 || (point && n == 1u + negative))
        return false;
    float f = point ? (float)v / power[end - point] : (float)v;
    *out = negative ? -f : f;
    return true;
}

/* TensorFlow takes spaces around numbers, though it trims no strings. */
static void trim(const char **s, size_t *n)
{
    while (*n && (**s == ' ' || **s == '\t'))
        ++*s, --*n;
    while (*n && ((*s)[*n - 1] == ' ' || (*s)[*n - 1] == '\t'))
        --*n;
}

static bool slow_float(const char *s, size_t n, float *out)
{
    trim(&s, &n);
    return n && est__parse_float(s, n, out);
}

static bool slow_int64(const char *s, size_t n, int64_t *out)
{
    trim(&s, &n);
    return n && est__parse_int64(s, n, out);
}

static bool grow_text(est__csv_parser *p, est__column *c, size_t size)
{
    if (size > c->bytes_capacity || !c->bytes)
        p->status = est__column_reserve_bytes(c, size);
    return p->status == EST_OK;
}

/* `slack`: there are bytes to read after the field. */
static inline void store_text(est__csv_parser *p, est__column *c, int64_t at, const char *s, size_t n, bool slack)
{
    int64_t *offsets = est__column_offsets(c);
    size_t size = (size_t)offsets[at];
    if (size + n > c->bytes_capacity && !grow_text(p, c, size + n))
        return;
    if (slack)
        est__copy_text(c->bytes + size, s, n);
    else if (n)
        memcpy(c->bytes + size, s, n);
    offsets[at + 1] = (int64_t)(size + n);
}

static inline bool is_missing(const est__csv_format *format, const char *s, size_t n)
{
    return !n || (n == format->na_length && !memcmp(s, format->na, n));
}

/* A value that is there, as element `at` of its column. */
static inline void store_value(est__csv_parser *p, est__column *c, int64_t at, const char *s, size_t n, bool slack)
{
    if (c->dtype == EST_STRING)
        store_text(p, c, at, s, n, slack);
    else if (c->dtype == EST_FLOAT ? !quick_float(s, n, (float *)c->data + at) && !slow_float(s, n, (float *)c->data + at)
                                   : !est__parse_int64(s, n, (int64_t *)c->data + at) &&
                                         !slow_int64(s, n, (int64_t *)c->data + at))
        if (p->bad_field < 0)
            keep_bad(p, s, n);
}

/* The values between the field's separators; missing ones are left out. A row that turns out bad is written over. */
static void store_list(est__csv_parser *p, est__column *c, const char *s, size_t n, bool slack)
{
    int64_t row = p->block->table.rows, at = c->splits[row];
    const char *end = s + n;
    for (const char *next; !is_missing(p->format, s, (size_t)(end - s)); s = next + 1) {
        next = memchr(s, p->format->multivalent, (size_t)(end - s));
        size_t size = (size_t)((next ? next : end) - s);
        if (!is_missing(p->format, s, size)) {
            if ((size_t)at >= c->capacity && (p->status = est__column_reserve(c, (size_t)at + 1)) != EST_OK)
                return;
            store_value(p, c, at++, s, size, slack);
        }
        if (!next)
            break;
    }
    c->splits[row + 1] = at;
}

static inline void store(est__csv_parser *p, const char *s, size_t n, bool slack)
{
    const est__csv_format *format = p->format;
    if (p->field >= format->fields)
        return;
    const est__csv_field *f = &format->field[p->field];
    if (p->has_nul && p->bad_field < 0 && memchr(s, 0, n)) {
        keep_bad(p, s, n);
        p->bad_length = SIZE_MAX;
        return;
    }
    if (f->column < 0)
        return;
    est__column *c = &p->block->table.column[f->column];
    if (c->splits) {
        store_list(p, c, s, n, slack);
        return;
    }
    int64_t at = p->block->table.rows * c->elements + f->element;
    if (!is_missing(format, s, n))
        store_value(p, c, at, s, n, slack);
    else if (f->dtype == EST_STRING)
        store_text(p, c, at, f->default_text, f->default_length, false);
    else if (f->dtype == EST_FLOAT)
        ((float *)c->data)[at] = f->default_float;
    else
        ((int64_t *)c->data)[at] = f->default_int;
}

/* ---- rows ---- */

static bool row_room(est__csv_parser *p)
{
    est__table *t = &p->block->table;
    if (t->rows < p->capacity)
        return true;
    p->capacity = p->capacity ? p->capacity * 2 : 1024;
    p->status = est__table_reserve(t, p->capacity);
    return p->status == EST_OK;
}

static void begin_row(est__csv_parser *p)
{
    p->field = 0;
    p->bad_field = -1;
}

static void bad_row(est__csv_parser *p, est_status st)
{
    est__block_refuse(p->block, st, p->line, p->skip);
    begin_row(p);
}

static est_status describe_bad(const est__csv_parser *p)
{
    const est__csv_field *f = &p->format->field[p->bad_field];
    if (p->bad_length == SIZE_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "column '%s': a NUL byte (the file is not plain text)", f->name);
    return est__fail(EST_INVALID_ARGUMENT, "column '%s': \"%s\" is not %s", f->name, p->bad_text,
                     f->dtype == EST_FLOAT ? "a number" : "an integer");
}

static void end_row(est__csv_parser *p)
{
    const est__csv_format *format = p->format;
    if (p->header) {
        p->header = false;
        if (p->field != format->fields) {
            bad_row(p, est__fail(EST_INVALID_ARGUMENT, "%d fields in the header, %s has %d", p->field,
                                 format->names_given ? "column_names" : "that of the first file", format->fields));
            p->block->fatal = true;
        }
        begin_row(p);
    } else if (p->field != format->fields) {
        bad_row(p, est__fail(EST_INVALID_ARGUMENT, "%d field%s, %s has %d", p->field, p->field == 1 ? "" : "s",
                             format->header ? "the header" : "column_names", format->fields));
    } else if (p->bad_field >= 0) {
        bad_row(p, describe_bad(p));
    } else {
        p->block->table.rows++;
        begin_row(p);
    }
}

static void blank_line(est__csv_parser *p)
{
    bad_row(p, est__fail(EST_INVALID_ARGUMENT, "a blank line"));
}

static bool stopped(const est__csv_parser *p)
{
    return p->block->fatal || p->status != EST_OK;
}

/* ---- text without quotes ---- */

static inline uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

#define EACH_BYTE 0x0101010101010101u

/* The high bit of each byte of v that is 0, and no other. */
static inline uint64_t zero_bytes(uint64_t v)
{
    const uint64_t low = 0x7F * EACH_BYTE;
    return ~(((v & low) + low) | v | low);
}

typedef struct scan {
    const char *base;
    uint64_t mask, delimiter;
} scan;

static inline uint64_t special_bytes(const scan *s)
{
    uint64_t v = load8(s->base);
    return zero_bytes(v ^ s->delimiter) | zero_bytes(v ^ '\n' * EACH_BYTE) | zero_bytes(v ^ '\r' * EACH_BYTE);
}

/* The next delimiter or line end; the line feed after the block's text bounds the search. */
static inline const char *next_special(scan *s)
{
    while (!s->mask) {
        s->base += 8;
        s->mask = special_bytes(s);
    }
    const char *q = s->base + (__builtin_ctzll(s->mask) >> 3);
    s->mask &= s->mask - 1;
    return q;
}

static void parse_plain(est__csv_parser *p, const char *text, const char *end)
{
    char delimiter = p->format->delimiter;
    scan s = { .base = text, .delimiter = (unsigned char)delimiter * EACH_BYTE };
    s.mask = special_bytes(&s);
    while (text < end && !stopped(p) && row_room(p)) {
        const char *q = next_special(&s), *first = text;
        for (; *q == delimiter; q = next_special(&s)) {
            store(p, text, (size_t)(q - text), true);
            p->field++;
            text = q + 1;
        }
        if (q == first) {
            blank_line(p);
        } else {
            store(p, text, (size_t)(q - text), true);
            p->field++;
            end_row(p);
        }
        if (*q == '\r' && q[1] == '\n')
            q = next_special(&s);
        text = q + 1;
        p->line++;
    }
    p->block->lines = p->line;
}

/* ---- text with quotes ---- */

static void lib_field(void *s, size_t n, void *user)
{
    est__csv_parser *p = user;
    if (stopped(p))
        return;
    p->after_return = false;
    if (row_room(p))
        store(p, s, n, false);
    p->field++;
}

static void lib_row(int c, void *user)
{
    est__csv_parser *p = user;
    if (stopped(p))
        return;
    if (p->field)
        end_row(p);
    else if (c != '\n' || !p->after_return)
        blank_line(p);
    p->after_return = c == '\r';
}

static void quote_error(est__csv_parser *p, char c)
{
    if (csv_error(&p->lib) != CSV_EPARSE)
        p->status = est__fail_memory(csv_get_buffer_size(&p->lib));
    else
        bad_row(p, est__fail(EST_INVALID_ARGUMENT, "%s", c == '"' ? "a quote inside a field that does not begin with one"
                                                                  : "text after a field's closing quote"));
    p->after_return = false;
    if (p->status == EST_OK)
        p->status = make_lib(p);
}

static void parse_quoted(est__csv_parser *p, const char *text, const char *end)
{
    int64_t line = 0;
    while (text < end && !stopped(p)) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)(feed ? feed + 1 - text : end - text);
        if (p->lib.pstate == 0)   /* no row has begun */
            p->line = line;
        size_t taken = csv_parse(&p->lib, text, n, lib_field, lib_row, p);
        if (taken < n && !stopped(p))
            quote_error(p, text[taken]);
        text += n;
        line++;
    }
    if (!stopped(p) && csv_fini(&p->lib, lib_field, lib_row, p) != 0) {
        if (csv_error(&p->lib) == CSV_EPARSE)
            bad_row(p, est__fail(EST_INVALID_ARGUMENT, "a quote is opened and never closed"));
        p->status = make_lib(p);
    } else if (stopped(p) && p->status == EST_OK) {
        p->status = make_lib(p);   /* it may be in the middle of a row */
    }
    p->block->lines = line;
}

/* ---- the header ---- */

typedef struct names {
    est__arena *arena;
    est__buffer list;     /* of char * */
    int count;
    bool done;
    est_status status;
} names;

static void name_field(void *s, size_t n, void *user)
{
    names *a = user;
    char *name = a->done ? NULL : est__arena_strndup(a->arena, s, n);
    if (a->done || a->status != EST_OK)
        return;
    if (!name)
        a->status = est__fail_memory(n);
    est__buffer_bytes(&a->list, &name, sizeof name);
    a->count++;
}

static void name_row(int c, void *user)
{
    names *a = user;
    (void)c;
    a->done = true;
}

static est_status take_names(names *a, const char ***out, int *count)
{
    EST_TRY(a->status);
    if (!a->done || !a->count)
        return est__fail(EST_INVALID_ARGUMENT, a->done ? "the header is a blank line" : "a quote in the header is never closed");
    *out = est__arena_alloc(a->arena, a->list.size);
    if (!*out || a->list.status != EST_OK)
        return est__fail_memory(a->list.size);
    memcpy(*out, a->list.data, a->list.size);
    *count = a->count;
    return EST_OK;
}

est_status est__csv_header(const est__csv_format *format, const est__block *b, est__arena *arena,
                           const char ***out, int *count)
{
    names a = { .arena = arena };
    est__csv_parser *p;
    EST_TRY(est__csv_parser_new(format, &p));
    if (!format->quotes)
        csv_set_quote(&p->lib, 0);
    const char *text = b->text, *end = text + b->size;
    est_status st = b->size ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "the file is empty");
    while (st == EST_OK && text < end && !a.done) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)(feed ? feed + 1 - text : end - text);
        if (memchr(text, 0, n))
            st = est__fail(EST_INVALID_ARGUMENT, "a NUL byte in the header (the file is not plain text)");
        else if (csv_parse(&p->lib, text, n, name_field, name_row, &a) < n)
            st = csv_error(&p->lib) == CSV_EPARSE ? est__fail(EST_INVALID_ARGUMENT, "the header's quotes are wrong")
                                                  : est__fail_memory(csv_get_buffer_size(&p->lib));
        text += n;
    }
    if (st == EST_OK && !a.done)
        (void)csv_fini(&p->lib, name_field, name_row, &a);
    if (st == EST_OK)
        st = take_names(&a, out, count);
    est__buffer_free(&a.list);
    est__csv_parser_free(p);
    return st == EST_OK ? EST_OK : est__fail_in(st, "%s:1", format->path[b->file]);
}

/* A later file has the first one's header. */
static est_status same_header(const est__csv_format *format, const est__block *b)
{
    est__arena arena = { 0 };
    const char **name;
    int count;
    est_status st = est__csv_header(format, b, &arena, &name, &count);
    for (int i = 0; st == EST_OK && i < count && count == format->fields; i++)
        if (strcmp(name[i], format->field[i].name) != 0)
            st = est__fail(EST_INVALID_ARGUMENT, "%s:1: column %d is '%s', in %s it is '%s'", format->path[b->file], i + 1,
                           name[i], format->path[0], format->field[i].name);
    est__arena_free(&arena);
    return st;
}

/* ---- blocks ---- */

void est__csv_parse(est__csv_parser *p, est__block *b, bool skip, bool through_libcsv)
{
    const est__csv_format *format = p->format;
    p->block = b;
    p->status = EST_OK;
    p->skip = skip;
    p->capacity = 0;
    p->line = 0;
    p->after_return = false;
    p->header = format->header && b->offset == 0;
    p->has_nul = memchr(b->text, 0, b->size) != NULL;
    begin_row(p);
    if (p->status == EST_OK && p->header && b->file > 0 && !format->names_given)
        p->status = same_header(format, b);
    if (p->status == EST_OK && ((format->quotes && memchr(b->text, '"', b->size)) || through_libcsv))
        parse_quoted(p, b->text, b->text + b->size);
    else if (p->status == EST_OK)
        parse_plain(p, b->text, b->text + b->size);
    if (p->status != EST_OK) {
        est__error_take(&b->error, p->status);
        b->error_line = -1;
        b->fatal = true;
    }
}
