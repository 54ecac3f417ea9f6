/* categorical_column_with_vocabulary_file: the id of a word is its line in a file. A text file is read by the graph, and goes along
 * with an export as an asset; the words of a TFRecord file become a constant of the graph. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"
#include "formats/tfrecord.h"
#include "ops/lookup_table.h"

static const char *const dtypes[] = { "string", "int64", NULL };
static const char *const formats[] = { "text", "tfrecord_gzip", NULL };

static const est_field fields[] = {
    EST_FIELD(est_vocabulary_file_options, STRING, vocabulary_file, .needed = true,
              .doc = "path of a text file with a word a line"),
    EST_FIELD(est_vocabulary_file_options, INT, vocabulary_size, .min = 1, .max = INT32_MAX,
              .doc = "only so many lines; none: all"),
    EST_FIELD(est_vocabulary_file_options, STRING, dtype, .def_text = "string", .choices = dtypes,
              .doc = "dtype of the feature"),
    EST_FIELD(est_vocabulary_file_options, INTS, default_value, .def_text = "-1",
              .doc = "id of other words; -1: they are left out"),
    EST_FIELD(est_vocabulary_file_options, INT, num_oov_buckets,
              .doc = "other words are hashed to so many ids after the file's"),
    EST_FIELD(est_vocabulary_file_options, STRING, file_format, .choices = formats,
              .doc = "none: text, or tfrecord_gzip for a name that ends in tfrecord.gz"),
    { 0 }
};

typedef struct state {
    int64_t size;         /* the number of words as far as the width goes */
    est_values words;     /* of a TFRecord file; a text file is left to the graph */
} state;

static est_dtype dtype_of(const est_column *c)
{
    return est_dtype_of(((const est_vocabulary_file_options *)c->options)->dtype);
}

static bool is_records(const est_vocabulary_file_options *o)
{
    size_t n = strlen(o->vocabulary_file);
    if (o->file_format)
        return strcmp(o->file_format, "tfrecord_gzip") == 0;
    return n >= 11 && strcmp(o->vocabulary_file + n - 11, "tfrecord.gz") == 0;
}

/* Lines as far as they count. That they are no number, or stand twice, is found when the table is filled. */
static est_status read_text(const est_column *c, state *s)
{
    const est_vocabulary_file_options *o = c->options;
    char *text;
    size_t size;
    int64_t lines = 0;
    EST_TRY(est__file_read(o->vocabulary_file, INT32_MAX, &text, &size));
    int64_t empty = est__vocabulary_lines(text, size, o->vocabulary_size, &lines);
    est__free(text);
    if (empty)
        return est__column_fail(c, "vocabulary_file '%s': line %lld is empty; each line must hold a word", o->vocabulary_file,
                                (long long)empty);
    if (lines < o->vocabulary_size)
        return est__column_fail(c, "vocabulary_size is %lld, vocabulary_file '%s' has %lld line%s",
                                (long long)o->vocabulary_size, o->vocabulary_file, (long long)lines,
                                lines == 1 ? "" : "s");
    s->size = lines;
    return EST_OK;
}

typedef struct word_list {
    const char **word;
    int64_t *number;
    size_t count, words_capacity, numbers_capacity;
} word_list;

static est_status add_word(const est_column *c, word_list *l, est__bytes record)
{
    const char *path = ((const est_vocabulary_file_options *)c->options)->vocabulary_file;
    bool is_text = dtype_of(c) == EST_STRING;
    if (is_text && memchr(record.p, 0, record.n))
        return est__column_fail(c, "vocabulary_file '%s': record %zu holds a zero byte", path, l->count);
    if (is_text) {
        EST_TRY(est__grow(&l->word, &l->words_capacity, l->count + 1, sizeof *l->word));
        l->word[l->count] = est__arena_strndup(est__columns_arena(c->set), (const char *)record.p, record.n);
        if (!l->word[l->count])
            return est__fail_memory(record.n);
    } else {
        EST_TRY(est__grow(&l->number, &l->numbers_capacity, l->count + 1, sizeof *l->number));
        if (!est__parse_int64((const char *)record.p, record.n, &l->number[l->count]))
            return est__column_fail(c, "vocabulary_file '%s': record %zu is no integer", path, l->count);
    }
    l->count++;
    return EST_OK;
}

static est_status read_words(const est_column *c, word_list *l)
{
    const est_vocabulary_file_options *o = c->options;
    est__tfrecord_reader *r;
    est__bytes record;
    EST_TRY(est__tfrecord_open(o->vocabulary_file, 0, &r));
    est_status st = EST_OK;
    while (st == EST_OK && (o->vocabulary_size == 0 || (int64_t)l->count < o->vocabulary_size)) {
        st = est__tfrecord_next(r, &record);
        if (st == EST_OK)
            st = add_word(c, l, record);
    }
    est__tfrecord_close(r);
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

static est_status keep(est_column *c, const void *list, size_t size, void *out_pointer)
{
    void *copy;
    EST_TRY(est__column_alloc(c, size, &copy));
    memcpy(copy, list, size);
    memcpy(out_pointer, &copy, sizeof copy);
    return EST_OK;
}

/* A vocabulary_size above the number of records is taken, as in TensorFlow: it is the width then. */
static est_status read_records(est_column *c, state *s)
{
    const est_vocabulary_file_options *o = c->options;
    word_list l = { 0 };
    est_status st = read_words(c, &l);
    s->size = o->vocabulary_size ? o->vocabulary_size : (int64_t)l.count;
    if (st == EST_OK && l.count && dtype_of(c) == EST_STRING) {
        st = keep(c, l.word, l.count * sizeof *l.word, &s->words.strings.data);
        s->words.strings.count = l.count;
    } else if (st == EST_OK && l.count) {
        st = keep(c, l.number, l.count * sizeof *l.number, &s->words.ints.data);
        s->words.ints.count = l.count;
    } else if (st == EST_OK) {
        s->size = 0;
    }
    est__free(l.word);
    est__free(l.number);
    return st;
}

static est_status check(est_column *c)
{
    const est_vocabulary_file_options *o = c->options;
    state *s;
    if (!*o->vocabulary_file)
        return est__column_fail(c, "vocabulary_file is empty; it must be the path of a file");
    EST_TRY(est__vocabulary_check(c, o->default_value, o->num_oov_buckets));
    if (o->num_oov_buckets && o->default_value.count)
        return est__vocabulary_fail_both(c);
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    c->state = s;
    est_status st = is_records(o) ? read_records(c, s) : read_text(c, s);
    if (st != EST_OK && st != EST_INVALID_ARGUMENT)   /* the file's own: not there, not to be read, damaged */
        return est__fail_in(st, "%s '%s': vocabulary_file", c->kind->name, c->key);
    EST_TRY(st);
    if (s->size == 0)
        return est__column_fail(c, "vocabulary_file '%s' is empty; it must hold a word a line", o->vocabulary_file);
    return EST_OK;
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    return est__spec_add(b, c, (est_feature){ .name = c->key, .dtype = dtype_of(c), .variable_length = true });
}

static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_vocabulary_file_options *o = c->options;
    const state *s = c->state;
    est__ids in = est__column_input(g, f, c, dtype_of(c));
    est_node *word = in.values;
    int64_t missing = o->default_value.count ? o->default_value.data[0] : -1, first = s->size;
    size_t listed = s->words.strings.count + s->words.ints.count;
    if (listed) {
        in.values = est__vocabulary_ids(g, word, &s->words, missing);
        first = (int64_t)listed;
    } else {
        in.values = est__vocabulary_file_ids(g, word, o->vocabulary_file, s->size, missing);
    }
    if (o->num_oov_buckets)
        in.values = est__vocabulary_spread(g, word, in.values, first, o->num_oov_buckets);
    return in;
}

static int64_t width(const est_column *c)
{
    return ((const state *)c->state)->size + ((const est_vocabulary_file_options *)c->options)->num_oov_buckets;
}

const est_column_kind est__column_vocabulary_file = {
    .name = "categorical_column_with_vocabulary_file", .fields = fields,
    .options_size = sizeof(est_vocabulary_file_options), .check = check, .parse_spec = parse_spec, .ids = ids, .width = width
};

const est_column_kind est__column_sequence_vocabulary_file = {
    .name = "sequence_categorical_column_with_vocabulary_file", .fields = fields,
    .options_size = sizeof(est_vocabulary_file_options), .sequence = true, .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width
};
