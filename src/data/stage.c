/* What the stages before shuffle have in common: their place in the chain, rows made a table at a time, and places. */
#include "data/stages.h"

static const size_t small = 64 << 20;   /* bytes of rows that are kept rather than made again in each epoch */

est_status est__stage_new(size_t size, int count, const est__rows_kind *kind, void *out)
{
    est__stage *s = est__calloc(1, size);
    *(void **)out = NULL;
    if (!s)
        return est__fail_memory(size);
    s->from = est__calloc((size_t)count, sizeof *s->from);
    s->in = est__calloc((size_t)count, sizeof *s->in);
    if (!s->from || !s->in) {
        est__stage_free(s);
        return est__fail_memory((size_t)count * sizeof *s->in);
    }
    for (; s->count < count; s->count++)
        est__reader_init(&s->in[s->count]);
    s->kind = kind;
    s->out = &s->own;
    *(void **)out = s;
    return EST_OK;
}

void est__stage_free(void *stage)
{
    est__stage *s = stage;
    if (!s)
        return;
    for (int i = 0; i < s->count; i++) {
        est__reader_free(&s->in[i]);
        est_dataset_free(s->from[i]);
    }
    est__free(s->in);
    est__free(s->from);
    est__table_free(&s->own);
    est__table_free(&s->all);
    est__free(s);
}

void est__stage_identify(est__stage *s, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    int n = est__vprint(text, sizeof text, format, args);
    va_end(args);
    s->identity = est__fingerprint_cat64(s->identity, est__fingerprint64(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

/* ---- the place in the chain ---- */

bool est__stage_fits(est_dataset *d, const char *name, bool good, const char *argument, int64_t value)
{
    if (!d || d->error.status != EST_OK)
        return false;
    if (d->started)
        est__dataset_spoil(d, est__fail(EST_FAILED_PRECONDITION, "%s: the dataset is being read already", name));
    else if (!d->kind->rows)
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "%s: this dataset gives batches, it works on rows", name));
    else if (d->stage)
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "%s works on rows: it comes before %s", name,
                                        est__dataset_last_stage(d)));
    else if (!good)
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "%s: %s is %lld", name, argument, (long long)value));
    return d->error.status == EST_OK;
}

static int find_label(const est_dataset *d, est_features_spec features)
{
    for (size_t i = 0; d->label >= 0 && i < features.count; i++)
        if (features.data[i].name && !strcmp(features.data[i].name, d->feature[d->label].name))
            return (int)i;
    return -1;
}

static void exchange(est_dataset *a, est_dataset *b)
{
    est_dataset was = *a;
    est__reader_free(&a->rows.in);   /* neither has begun to read, so that the readers hold nothing yet */
    est__reader_free(&b->rows.in);
    *a = *b;
    *b = was;
    est__reader_init(&a->rows.in);
    est__reader_init(&b->rows.in);
}

est_dataset *est__stage_put(est_dataset *d, est_features_spec features, const est__source_kind *kind, void *stage)
{
    est__stage *s = stage;
    est_dataset *inner;
    est_status st = est__dataset_new(features, find_label(d, features), kind, s, &inner);
    if (st != EST_OK) {
        est__dataset_spoil(d, st);
        return d;
    }
    inner->endless = d->endless || (!kind->rows && d->epochs == EST_OFF);
    exchange(d, inner);
    s->from[0] = inner;
    s->features = est_dataset_features(d);
    est__dataset_spoil(d, est__table_init(&s->own, s->features));
    return d;
}

est_dataset *est__stage_put_if(est_status st, est_dataset *d, const est__source_kind *kind, void *stage)
{
    if (st == EST_OK)
        return est__stage_put(d, est_dataset_features(d), kind, stage);
    kind->free(stage);
    est__dataset_spoil(d, st);
    return d;
}

/* ---- rows ---- */

est_status est__stage_open(est__stage *s)
{
    s->first = 0;
    s->out->rows = 0;
    s->lost = true;
    for (int i = 0; i < s->count; i++)
        EST_TRY(est__reader_open(&s->in[i], s->from[i]->kind->rows, s->from[i]->source));
    return EST_OK;
}

est_status est__stage_load(est__stage *s)
{
    const est__table *t;
    int64_t at = 0;
    est_status st = est__table_init(&s->all, s->features);
    if (st == EST_OK)
        st = s->kind->seek(s, 0, &t, &at);
    while (st == EST_OK) {
        st = est__table_append(&s->all, t, at, t->rows - at);
        at = 0;
        if (st == EST_OK)
            st = s->kind->next(s, &t);
    }
    if (st != EST_OUT_OF_RANGE) {
        est__table_free(&s->all);
        return st;
    }
    s->loaded = true;
    return EST_OK;
}

est_status est__stage_whole(void *stage, const est__table **out)
{
    est__stage *s = stage;
    size_t bytes = 0;
    bool whole = true;
    *out = NULL;
    EST_TRY(est__stage_open(s));
    for (int i = 0; i < s->count; i++) {
        whole = whole && s->in[i].whole;
        bytes += whole ? est__table_bytes(s->in[i].whole) : 0;
    }
    if (!s->loaded && (!whole || bytes > small))
        return EST_OK;
    if (!s->loaded)
        EST_TRY(est__stage_load(s));
    *out = &s->all;
    return EST_OK;
}

static est_status make_rows(est__stage *s)
{
    s->first += s->out->rows;
    s->out->rows = 0;
    est_status st = s->fill(s);
    s->lost = st != EST_OK;
    if (s->lost)
        s->out->rows = 0;
    return st;
}

est_status est__stage_next(void *stage, const est__table **out)
{
    est__stage *s = stage;
    EST_TRY(make_rows(s));
    *out = s->out;
    return EST_OK;
}

est_status est__stage_seek(void *stage, int64_t row, const est__table **out, int64_t *at)
{
    est__stage *s = stage;
    if (s->lost || row < s->first || row - s->first >= s->out->rows + EST__STAGE_ROWS) {
        s->lost = true;
        EST_TRY(s->go(s, row));
        s->out->rows = 0;
        EST_TRY(make_rows(s));
    }
    while (row - s->first >= s->out->rows)   /* what is near is read up to */
        EST_TRY(make_rows(s));
    *out = s->out;
    *at = row - s->first;
    return EST_OK;
}

est_status est__stage_show(est__stage *s, est_batch *b)
{
    est__reader *r = &s->in[0];
    EST_TRY(est__reader_more(r));
    est__table *room = &b->room->table, kept = *room;
    int64_t left = r->table->rows - r->at;
    if (!r->at && left <= 4 * EST__STAGE_ROWS) {   /* as a file's blocks are: shown where they lie */
        *room = *r->table;
        est__batch_seal(b);
        *room = kept;
        return EST_OK;
    }
    est__batch_clear(b);
    EST_TRY(est__table_append(room, r->table, r->at, left < EST__STAGE_ROWS ? left : EST__STAGE_ROWS));
    est__batch_seal(b);
    return EST_OK;
}

/* ---- places ---- */

void est__stage_save(void *stage, int64_t rows, est__buffer *out)
{
    est__stage *s = stage;
    for (int i = 0; i < s->count; i++)
        s->from[i]->kind->rows->save(s->from[i]->source, s->in[i].whole ? 0 : s->needs ? s->needs(s, i, rows) : rows, out);
}

est_status est__stage_restore(void *stage, est__cursor *in)
{
    est__stage *s = stage;
    for (int i = 0; i < s->count; i++)
        EST_TRY(s->from[i]->kind->rows->restore(s->from[i]->source, in));
    return EST_OK;
}

est_status est__stage_fingerprint(const est_dataset *d, uint64_t *out)
{
    const est__stage *s = d->source;
    *out = s->identity;
    for (int i = 0; i < s->count; i++)
        *out = est__fingerprint_cat64(*out, est__dataset_fingerprint(s->from[i]));
    return EST_OK;
}

int64_t est__stage_skipped(const est_dataset *d)
{
    const est__stage *s = d->source;
    int64_t rows = 0;
    for (int i = 0; i < s->count; i++)
        rows += est_dataset_skipped(s->from[i]);
    return rows;
}

/* ---- stages of batches ---- */

static est_dataset *input_of(const est_dataset *d)
{
    return ((const est__stage *)d->source)->from[0];
}

est_status est__stage_of_batches_check(const est_dataset *d)
{
    (void)d;   /* the input checks itself when it starts */
    return EST_OK;
}

est_status est__stage_of_batches_start(est_dataset *d)
{
    return est__dataset_start_pass(input_of(d), d->seed, d->pass);
}

void est__stage_of_batches_window(est_dataset *d, int64_t batches)
{
    est__dataset_window(input_of(d), batches);
}

est_status est__stage_of_batches_save(est_dataset *d, int64_t batches, est__buffer *out)
{
    return est__dataset_save(input_of(d), batches, out);
}

est_status est__stage_of_batches_restore(est_dataset *d, est__cursor *in)
{
    return est__dataset_restore(input_of(d), in->p, est__cursor_left(in), d->seed);
}
