/* Named features that are wanted of each record (tf.Example, JSON), and how their values get into a table. */
#ifndef EST_DATA_WANTED_H
#define EST_DATA_WANTED_H

#include "data/source.h"

typedef struct est__wanted {
    const char *name;
    size_t length;
    est_dtype dtype;
    bool sequence;             /* a feature list of a tf.SequenceExample */
    int64_t each;              /* of a feature list: values of a frame; -1: any number */
    int starts;                /* of the table: the column of where frames begin; -1: none */
    int column;                /* of the table */
    int64_t element;           /* within the table's row: labels that are joined */
    int64_t count;             /* values; -1: any number */
    const est_tensor *default_value;   /* a scalar, or `count` elements; NULL: none */
} est__wanted;

typedef struct est__selection {
    est__wanted *wanted;
    int count;
    est_features_spec features;    /* of the table */
    int label;                     /* -1: none */
} est__selection;

/* What these features and labels ask of a record; several labels are joined to one feature [n]. `with_label` false: records
 * hold none. All is copied into the arena, but for what the features of batches lend. */
est_status est__select(est_features_spec features, est_features_spec sequence, est_strings label, bool with_label,
                       est__arena *arena, est__selection *out);
uint64_t est__selection_fingerprint(const void *selection);

/* Room for one more row. */
static inline est_status est__table_row(est__table *t, int64_t *capacity)
{
    if (t->rows < *capacity)
        return EST_OK;
    *capacity = t->rows < 16 ? 32 : t->rows * 2;   /* few at first: a row may be large */
    return est__table_reserve(t, *capacity);
}

/* ---- the values of one feature in the row that is being made ---- */
typedef struct est__sink {
    est__column *column;
    int64_t at;                /* where its first value lies */
    int64_t count;             /* values wanted; -1: any number */
    int64_t n;                 /* values so far; those beyond `count` are not kept */
} est__sink;

static inline est__sink est__sink_of(const est__table *t, const est__wanted *w)
{
    est__column *c = &t->column[w->column];
    return (est__sink){ .column = c, .at = est__column_at(c, t->rows) + w->element, .count = w->count };
}

/* Room for n more values; *keep: whether they are kept at all. */
static inline est_status est__sink_room(est__sink *s, int64_t n, bool *keep)
{
    *keep = s->count < 0 || n <= s->count - s->n;
    if (s->count < 0 && (size_t)(s->at + s->n + n) > s->column->capacity)
        return est__column_reserve(s->column, (size_t)(s->at + s->n + n));
    return EST_OK;
}

static inline est_status est__sink_text(est__sink *s, const char *text, size_t n, bool slack)
{
    est__column *c = s->column;
    bool keep;
    EST_TRY(est__sink_room(s, 1, &keep));
    if (keep) {
        int64_t *offsets = est__column_offsets(c) + s->at + s->n;
        size_t size = (size_t)offsets[0];
        if (size + n > c->bytes_capacity || !c->bytes)
            EST_TRY(est__column_reserve_bytes(c, size + n));
        if (slack)             /* there are bytes to read after the text */
            est__copy_text(c->bytes + size, text, n);
        else if (n)
            memcpy(c->bytes + size, text, n);
        offsets[1] = (int64_t)(size + n);
    }
    s->n++;
    return EST_OK;
}

static inline est_status est__sink_float(est__sink *s, float v)
{
    bool keep;
    EST_TRY(est__sink_room(s, 1, &keep));
    if (keep)
        ((float *)s->column->data)[s->at + s->n] = v;
    s->n++;
    return EST_OK;
}

static inline est_status est__sink_int(est__sink *s, int64_t v)
{
    bool keep;
    EST_TRY(est__sink_room(s, 1, &keep));
    if (keep)
        ((int64_t *)s->column->data)[s->at + s->n] = v;
    s->n++;
    return EST_OK;
}

/* The feature is not in the record: its default values. */
est_status est__sink_default(est__sink *s, const est__wanted *w);
est_status est__sink_count_failed(const est__sink *s);
/* All values are there; of a table's row that is number t->rows. */
static inline est_status est__sink_end(est__sink *s, const est__table *t)
{
    if (s->count < 0)
        s->column->splits[t->rows + 1] = s->at + s->n;
    else if (s->n != s->count)
        return est__sink_count_failed(s);
    return EST_OK;
}

#endif
