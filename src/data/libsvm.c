/* libsvm text as a dataset: "label index:value index:value …" a line, what follows a # left out, lines without anything
 * passed. */
#include <estimator/readers.h>

#include "data/files.h"
#include "data/libsvm.h"
#include "data/wanted.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of a line; NULL: there is none. */
static const char *next_word(const char **p, const char *end, size_t *n)
{
    const char *word = *p;
    while (word < end && is_space(*word))
        word++;
    const char *after = word;
    while (after < end && !is_space(*after))
        after++;
    *p = after;
    *n = (size_t)(after - word);
    return *n ? word : NULL;
}

static est_status put_label(const est__libsvm *f, est__table *t, const char *word, size_t n)
{
    const est__column *c = &t->column[f->label < 0 ? 0 : f->label];
    int64_t whole = 0;
    float v = 0;
    bool good = f->label_dtype == EST_INT64 ? est__parse_int64(word, n, &whole) : est__parse_float(word, n, &v);
    if (!good && f->label_dtype == EST_INT64 && est__parse_float(word, n, &v)) {   /* +1, 1.0 */
        whole = v >= -1e6f && v <= 1e6f ? (int64_t)v : 0;
        good = (float)whole == v;
    }
    if (!good)
        return est__fail(EST_INVALID_ARGUMENT, "the label \"%s\" is not %s", est__show(word, n).text,
                         f->label_dtype == EST_INT64 ? "an integer" : "a number");
    if (f->label >= 0 && f->label_dtype == EST_INT64)
        ((int64_t *)c->data)[t->rows] = whole;
    else if (f->label >= 0)
        ((float *)c->data)[t->rows] = v;
    return EST_OK;
}

static est_status read_pair(const est__libsvm *f, const char *word, size_t n, int64_t *index, float *value)
{
    const char *colon = memchr(word, ':', n);
    if (!colon || !est__parse_int64(word, (size_t)(colon - word), index) ||
        !est__parse_float(colon + 1, (size_t)(word + n - colon - 1), value))
        return est__fail(EST_INVALID_ARGUMENT, "\"%s\" is not index:value", est__show(word, n).text);
    if (*index < 0 || (f->num_features && *index >= f->num_features))
        return est__fail(EST_INVALID_ARGUMENT, "the index %lld is not in [0, %lld)", (long long)*index,
                         f->num_features ? (long long)f->num_features : (long long)INT64_MAX);
    return EST_OK;
}

static est_status parse_line(void *user, est__table *t, const char *line, size_t n, bool *row)
{
    const est__libsvm *f = user;
    const char *comment = memchr(line, '#', n), *end = comment ? comment : line + n, *word = next_word(&line, end, &n);
    est__column *c = t->column;
    float *dense = f->num_features ? (float *)c[0].data + t->rows * f->num_features : NULL;
    int64_t at = f->num_features ? 0 : c[0].splits[t->rows];
    *row = word != NULL;
    if (!word)
        return EST_OK;
    if (dense)
        memset(dense, 0, (size_t)f->num_features * sizeof *dense);
    if (!f->no_label) {
        EST_TRY(put_label(f, t, word, n));
        word = next_word(&line, end, &n);
    }
    for (; word; word = next_word(&line, end, &n), at++) {
        int64_t index;
        float value;
        EST_TRY(read_pair(f, word, n, &index, &value));
        if (dense) {
            dense[index] = value;
            continue;
        }
        if ((size_t)at >= c[0].capacity || (size_t)at >= c[1].capacity) {
            EST_TRY(est__column_reserve(&c[0], (size_t)at + 1));
            EST_TRY(est__column_reserve(&c[1], (size_t)at + 1));
        }
        ((int64_t *)c[0].data)[at] = index;
        ((float *)c[1].data)[at] = value;
    }
    if (!dense)
        c[0].splits[t->rows + 1] = c[1].splits[t->rows + 1] = at;
    return EST_OK;
}

/* ---- the format ---- */

/* A thread needs the format alone. */
static est_status parser_new(const void *format, void **out)
{
    *out = (void *)(uintptr_t)format;
    return EST_OK;
}

static void parser_free(void *parser)
{
    (void)parser;
}

void est__libsvm_parse(const est__libsvm *f, est__block *b, bool skip)
{
    est__parse_lines(b, skip, parse_line, (void *)(uintptr_t)f);
}

static void parse(void *parser, est__block *b, bool skip)
{
    est__libsvm_parse(parser, b, skip);
}

static uint64_t fingerprint(const void *format)
{
    const est__libsvm *f = format;
    return (uint64_t)f->num_features * 4 + (uint64_t)f->no_label;
}

static const est__file_kind kind = {
    .name = "libsvm", .wanted = "libsvm", .empty = "no rows", .size = sizeof(est__libsvm), .record_limit = EST__LINE_LIMIT,
    .detect = est__detect_gzip, .cut = est__cut_lines, .too_long = est__line_too_long, .parser_new = parser_new, .parse = parse,
    .parser_free = parser_free, .fingerprint = fingerprint };

/* Whether the first line that holds anything begins with a pair. */
static est_status look_for_label(est__files *files, bool *absent)
{
    const est__block *b;
    EST_TRY(est__files_peek(files, &b));
    const char *text = b->text, *end = text + b->size, *word = NULL;
    size_t n = 0;
    while (text < end && !word) {
        const char *feed = memchr(text, '\n', (size_t)(end - text)), *stop = feed ? feed : end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        word = next_word(&text, comment ? comment : stop, &n);
        text = stop + 1;
    }
    *absent = word && memchr(word, ':', n);
    return EST_OK;
}

void est__libsvm_features(est__libsvm *f, const char *label, est_feature feature[3], size_t *count)
{
    *count = 0;
    if (f->num_features) {
        feature[(*count)++] = (est_feature){ .name = "features", .dtype = EST_FLOAT,
                                             .shape = est_shape_of(1, (int64_t[]){ f->num_features }) };
    } else {
        feature[(*count)++] = (est_feature){ .name = "index", .dtype = EST_INT64, .variable_length = true };
        feature[(*count)++] = (est_feature){ .name = "value", .dtype = EST_FLOAT, .variable_length = true };
    }
    f->label = label && !f->no_label ? (int)*count : -1;
    if (f->label >= 0)
        feature[(*count)++] = (est_feature){ .name = label, .dtype = f->label_dtype };
}

static est_status set_format(est__files *files, const est_libsvm_options *o)
{
    est__libsvm *f = files->format;
    f->label_dtype = o->label_dtype == EST_INVALID ? EST_FLOAT : o->label_dtype;
    f->num_features = o->num_features;
    f->no_label = o->no_label;
    if (f->num_features > 1024)   /* rows of much memory stand in few bytes of text */
        files->block = EST__BLOCK / 1024 * 16;
    if (f->label_dtype != EST_FLOAT && f->label_dtype != EST_INT64)
        return est__fail(EST_INVALID_ARGUMENT, "label_dtype is %s; the label of libsvm text is float32 or int64",
                         est_dtype_name(f->label_dtype));
    if (f->num_features < 0 || f->num_features > 1 << 24)
        return est__fail(EST_INVALID_ARGUMENT, "num_features is %lld; it lies in [0, %d]", (long long)f->num_features, 1 << 24);
    return o->label_may_be_absent ? look_for_label(files, &f->no_label) : EST_OK;
}

est_status est_libsvm_dataset_new_sized(const est_libsvm_options *options, size_t size, est_dataset **out)
{
    est_libsvm_options o = { 0 };
    est__files *files;
    est_feature feature[3];
    size_t count;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__files_new(&kind, &(est__files_options){ .input_path = o.input_path, .skip_errors = o.skip_errors,
                                                         .num_parallel_reads = o.num_parallel_reads,
                                                         .memory_budget = o.memory_budget }, &files));
    est_status st = set_format(files, &o);
    if (st != EST_OK) {
        est__files_free(files);
        return st;
    }
    est__libsvm *f = files->format;
    est__libsvm_features(f, o.label, feature, &count);
    return est__files_dataset(files, (est_features_spec){ feature, count }, f->label, out);
}
