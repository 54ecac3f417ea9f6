/* CSV files as a dataset (make_csv_dataset): the dialect, and where a block of whole rows can be cut. */
#include "data/csv.h"

/* The place after the last line end in [text, end); NULL: there is none. A lone carriage return counts, but not as the last
 * byte of the block (`open`), where the line feed that goes with it may be yet to come. */
static const char *last_line_end(const char *text, const char *end, bool open)
{
    const char *p = memrchr(text, '\n', (size_t)(end - text));
    if (!p && end > text)
        p = memrchr(text, '\r', (size_t)(end - text - open));
    return p ? p + 1 : NULL;
}

/* The place after the quoted field that opens before p; NULL: it does not end in this text. */
static const char *closing_quote(const char *p, const char *end)
{
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        if (p + 1 == end)
            return NULL;
        if (p[1] != '"')
            return p + 1;
        p += 2;
    }
    return NULL;
}

/* Follows the quotes as the parser will: a quote opens a field only at its start, and what breaks the rules spoils the rest
 * of its line. */
size_t est__csv_cut(const char *text, size_t size, char delimiter, bool quotes)
{
    const char *p = text, *end = text + size, *cut = NULL;
    while (p < end) {
        const char *quote = quotes ? memchr(p, '"', (size_t)(end - p)) : NULL, *found;
        found = last_line_end(p, quote ? quote : end, !quote);
        if (found)
            cut = found;
        if (!quote)
            break;
        bool opens = quote == text || quote[-1] == delimiter || quote[-1] == '\n' || quote[-1] == '\r';
        if (opens) {
            p = closing_quote(quote + 1, end);
            if (!p)
                break;
            if (*p == delimiter || *p == '\n' || *p == '\r')
                continue;
            quote = p;
        }
        p = memchr(quote, '\n', (size_t)(end - quote));
        if (!p)
            break;
        cut = ++p;
    }
    return cut ? (size_t)(cut - text) : 0;
}

static size_t cut(const void *format, const char *text, size_t size)
{
    const est__csv_format *f = format;
    return est__csv_cut(text, size, f->delimiter, f->quotes);
}

static est_status too_long(const void *format)
{
    const est__csv_format *f = format;
    return est__fail(EST_INVALID_ARGUMENT, "a row of more than %d MiB%s", EST__CSV_ROW_LIMIT >> 20,
                     f->quotes ? " (is a quote left open?)" : "");
}

static est_status parser_new(const void *format, void **out)
{
    est__csv_parser *p;
    est_status st = est__csv_parser_new(format, &p);
    *out = p;
    return st;
}

static void parse(void *parser, est__block *b, bool skip)
{
    est__csv_parse(parser, b, skip, false);
}

static void parser_free(void *parser)
{
    est__csv_parser_free(parser);
}

static uint64_t fingerprint(const void *format)
{
    const est__csv_format *f = format;
    uint64_t hash = est__fingerprint64(f->na, f->na_length);
    hash = est__fingerprint_cat64(hash, (uint64_t)(unsigned char)f->delimiter | (uint64_t)f->quotes << 8 |
                                            (uint64_t)f->header << 9 |
                                            (uint64_t)(unsigned char)f->multivalent << 16);
    for (int i = 0; i < f->fields; i++)
        hash = est__fingerprint_cat64(hash, est__fingerprint64(f->field[i].name, strlen(f->field[i].name)));
    return hash;
}

#define CSV_KIND(what_is_empty)                                                                                             \
    { .name = "csv", .wanted = "CSV", .empty = what_is_empty, .size = sizeof(est__csv_format),                      \
      .record_limit = EST__CSV_ROW_LIMIT, .detect = est__detect_gzip, .cut = cut, .too_long = too_long,                    \
      .parser_new = parser_new, .parse = parse, .parser_free = parser_free, .fingerprint = fingerprint }
static const est__file_kind with_header = CSV_KIND("a header and no rows"), without = CSV_KIND("no rows");

static est_status set_format(est__files *files, const est_csv_options *o)
{
    est__csv_format *f = files->format;
    f->delimiter = o->field_delim ? o->field_delim : ',';
    f->multivalent = o->multivalent_delim;
    f->quotes = !o->no_quote_delim;
    f->header = !o->no_header;
    f->names_given = o->column_names.count > 0;
    f->path = files->path;
    f->paths = files->paths;
    f->na = est__arena_strdup(&files->arena, o->na_value ? o->na_value : "");
    if (!f->na)
        return est__fail_memory(1);
    f->na_length = strlen(f->na);
    if (strchr("\r\n", f->delimiter) || (f->quotes && f->delimiter == '"'))
        return est__fail(EST_INVALID_ARGUMENT, "field_delim cannot be a line end or a quote");
    if (f->multivalent && (strchr("\r\n", f->multivalent) || f->multivalent == (f->quotes ? '"' : f->delimiter)))
        return est__fail(EST_INVALID_ARGUMENT, "multivalent_delim cannot be a line end, a quote or field_delim");
    if (!f->header && !f->names_given)
        return est__fail(EST_INVALID_ARGUMENT, "a CSV file without a header needs column_names");
    return EST_OK;
}

static est_status choose(est__files *files, const est_csv_options *o, int *label)
{
    est__csv_format *f = files->format;
    const est__block *b;
    const char **name = NULL;
    int count = 0;
    EST_TRY(set_format(files, o));
    EST_TRY(est__files_peek(files, &b));
    if (f->header)
        EST_TRY(est__csv_header(f, b, &files->arena, &name, &count));
    return est__csv_choose(o, name, count, f, &files->arena, label);
}

est_status est_csv_dataset_new_sized(const est_csv_options *options, size_t size, est_dataset **out)
{
    est_csv_options o = { 0 };
    est__files *files;
    int label = -1;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__files_new(o.no_header ? &without : &with_header,
                           &(est__files_options){ .input_path = o.input_path, .skip_errors = o.skip_errors,
                                                  .num_parallel_reads = o.num_parallel_reads,
                                                  .memory_budget = o.memory_budget }, &files));
    est__csv_format *format = files->format;
    est_status st = choose(files, &o, &label);
    if (st != EST_OK) {
        est__files_free(files);
        return st;
    }
    EST_TRY(est__files_dataset(files, format->features, label, out));
    format->features = est_dataset_features(*out);   /* those in the options were lent */
    return EST_OK;
}
