/* est_dataset_bucket_by_sequence_length: rows wait in buckets of like lengths, and each bucket that is full becomes a batch. The rows
 * that wait are part of a saved place, so that none is looked for in the data again. */
#include "data/pad.h"

enum { CHUNK = 256, WINDOW = 16 };   /* rows that are read at a time; places that are kept, unless more are asked for */

typedef struct list {
    int64_t *slot;
    size_t count, capacity;
} list;

/* What there was after so many batches: the chunks that were used up, rows of the next one, the waiting rows' slots. */
typedef struct place {
    int64_t batches, chunks, at;
    list waiting;             /* bucket after bucket */
    size_t *count;            /* in each */
    list given;               /* slots of the batch itself: free once no place can name them */
} place;

typedef struct bucket {
    est__stage stage;
    int by;                   /* the feature whose rows are measured */
    int64_t *boundary, *size;
    size_t boundaries, buckets;
    bool drop_remainder;

    est_batch *chunk;
    int64_t chunks, at;       /* used up before it; its next row */
    bool ended;
    int64_t batches;
    list *in;                 /* by bucket */

    pthread_mutex_t lock;     /* of all below: places are saved while another thread reads */
    est__slots slots;
    int64_t fresh;            /* slots from here on were never used */
    list unused;
    place *ring;
    int64_t places;
} bucket;

static est_status push(list *l, const int64_t *slot, size_t n)
{
    EST_TRY(est__grow(&l->slot, &l->capacity, l->count + n, sizeof *l->slot));
    if (n)
        memcpy(l->slot + l->count, slot, n * sizeof *slot);
    l->count += n;
    return EST_OK;
}

/* ---- places that are kept ---- */

static void free_ring(bucket *b)
{
    for (int64_t i = 0; i < b->places; i++) {
        est__free(b->ring[i].waiting.slot);
        est__free(b->ring[i].given.slot);
        est__free(b->ring[i].count);
    }
    est__free(b->ring);
    b->ring = NULL;
    b->places = 0;
}

/* A ring of more places, with those of the old one. */
static est_status make_ring(bucket *b, int64_t places)
{
    bucket wider = { .ring = est__calloc((size_t)places, sizeof(place)), .places = places };
    est_status st = wider.ring ? EST_OK : est__fail_memory((size_t)places * sizeof(place));
    for (int64_t i = 0; st == EST_OK && i < places; i++) {
        wider.ring[i].batches = -1;
        wider.ring[i].count = est__calloc(b->buckets, sizeof(size_t));
        if (!wider.ring[i].count)
            st = est__fail_memory(b->buckets * sizeof(size_t));
    }
    if (st != EST_OK) {
        if (wider.ring)
            free_ring(&wider);
        return st;
    }
    for (int64_t i = 0; i < b->places; i++)
        if (b->ring[i].batches >= 0) {
            place *to = &wider.ring[b->ring[i].batches % places], kept = *to;
            *to = b->ring[i];
            b->ring[i] = kept;
        }
    free_ring(b);
    b->ring = wider.ring;
    b->places = places;
    return EST_OK;
}

/* Keeps the place after the batch of these slots. */
static est_status keep_place(bucket *b, const list *given)
{
    place *p = &b->ring[b->batches % b->places];
    EST_TRY(push(&b->unused, p->given.slot, p->given.count));
    p->given.count = p->waiting.count = 0;
    p->batches = b->batches;
    p->chunks = b->chunks;
    p->at = b->at;
    if (given)
        EST_TRY(push(&p->given, given->slot, given->count));
    for (size_t i = 0; i < b->buckets; i++) {
        EST_TRY(push(&p->waiting, b->in[i].slot, b->in[i].count));
        p->count[i] = b->in[i].count;
    }
    return EST_OK;
}

static void window(est_dataset *d, int64_t batches)
{
    bucket *b = d->source;
    pthread_mutex_lock(&b->lock);
    if (batches + 2 > b->places)
        (void)make_ring(b, batches + 2);   /* without memory the old ring stays, and a save says what it misses */
    pthread_mutex_unlock(&b->lock);
}

/* ---- reading ---- */

static void forget(bucket *b)
{
    b->chunks = b->at = b->batches = b->fresh = 0;
    b->chunk->rows = 0;
    b->unused.count = 0;
    b->ended = false;
    for (size_t i = 0; i < b->buckets; i++)
        b->in[i].count = 0;
    for (int64_t i = 0; i < b->places; i++) {
        b->ring[i].batches = -1;
        b->ring[i].given.count = 0;
    }
}

static est_status start(est_dataset *d)
{
    bucket *b = d->source;
    EST_TRY(est__dataset_start_pass(b->stage.from[0], d->seed, d->pass));
    pthread_mutex_lock(&b->lock);
    forget(b);
    est_status st = keep_place(b, NULL);
    pthread_mutex_unlock(&b->lock);
    return st;
}

static est_status more_rows(bucket *b)
{
    est_status st = est__dataset_read(b->stage.from[0], b->chunk);
    b->at = 0;
    if (st == EST_OK)
        return EST_OK;
    b->chunk->rows = 0;
    b->ended = st == EST_OUT_OF_RANGE;
    return b->ended ? EST_OK : st;
}

static size_t bucket_of(const bucket *b, int64_t row)
{
    const int64_t *splits = b->chunk->room->table.column[b->by].splits;
    size_t i = 0;
    while (i < b->boundaries && splits[row + 1] - splits[row] >= b->boundary[i])
        i++;
    return i;
}

/* Sorts rows of the chunk into buckets until one is full. */
static est_status sort_rows(bucket *b, list **full)
{
    const est__table *t = &b->chunk->room->table;
    while (b->at < b->chunk->rows && !*full) {
        size_t i = bucket_of(b, b->at);
        int64_t slot = b->unused.count ? b->unused.slot[--b->unused.count] : b->fresh++;
        EST_TRY(est__slots_put(&b->slots, slot, t, b->at));
        EST_TRY(push(&b->in[i], &slot, 1));
        b->at++;
        if ((int64_t)b->in[i].count == b->size[i])
            *full = &b->in[i];
    }
    if (b->at == b->chunk->rows && b->at) {
        b->chunks++;
        b->at = b->chunk->rows = 0;
    }
    return EST_OK;
}

/* After the last row: the buckets that are not full, the shortest lengths first. */
static list *first_left(bucket *b)
{
    for (size_t i = 0; i < b->buckets && !b->drop_remainder; i++)
        if (b->in[i].count)
            return &b->in[i];
    return NULL;
}

static est_status give(bucket *b, list *from, est__table *to)
{
    list given = *from;
    for (size_t i = 0; i < given.count; i++)
        EST_TRY(est__slots_give(&b->slots, given.slot[i], to));
    from->count = 0;
    b->batches++;
    return keep_place(b, &given);
}

static est_status read_batch(est_dataset *d, est_batch *out)
{
    bucket *b = d->source;
    list *full = NULL;
    est_status st = EST_OK;
    est__batch_clear(out);
    while (st == EST_OK && !full && !b->ended) {
        if (b->at == b->chunk->rows)
            st = more_rows(b);
        pthread_mutex_lock(&b->lock);
        if (st == EST_OK)
            st = sort_rows(b, &full);
        pthread_mutex_unlock(&b->lock);
    }
    EST_TRY(st);
    if (!full)
        full = first_left(b);
    if (!full)
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    pthread_mutex_lock(&b->lock);
    st = give(b, full, &out->room->table);
    pthread_mutex_unlock(&b->lock);
    est__batch_seal(out);
    return st;
}

/* ---- saved places ---- */

static void put_table(est__buffer *out, const est__table *t)
{
    for (int i = 0; i < t->count; i++) {
        const est__column *c = &t->column[i];
        int64_t n = est__column_at(c, t->rows);
        for (int64_t r = 0; c->splits && r < t->rows; r++)
            est__buffer_varint(out, (uint64_t)(c->splits[r + 1] - c->splits[r]));
        const int64_t *o = est__column_offsets(c);
        for (int64_t e = 0; c->dtype == EST_STRING && e < n; e++)
            est__buffer_varint(out, (uint64_t)(o[e + 1] - o[e]));
        if (c->dtype == EST_STRING)
            est__buffer_bytes(out, c->bytes, (size_t)o[n]);
        else
            est__buffer_bytes(out, c->data, (size_t)n * est_dtype_size(c->dtype));
    }
}

/* Lengths as offsets; what they add up to takes a byte each at least. */
static est_status get_offsets(est__cursor *in, int64_t *offsets, int64_t n)
{
    uint64_t length;
    offsets[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        EST_TRY(est__cursor_varint(in, &length));
        if (length > est__cursor_left(in))
            return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: a length of %llu", (unsigned long long)length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return (uint64_t)offsets[n] <= est__cursor_left(in) ? EST_OK
           : est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: lengths of %lld", (long long)offsets[n]);
}

static est_status get_column(est__cursor *in, est__column *c, int64_t rows)
{
    est__bytes bytes;
    if (c->splits)
        EST_TRY(get_offsets(in, c->splits, rows));
    int64_t n = est__column_at(c, rows);
    EST_TRY(est__column_reserve(c, (size_t)n));
    if (c->dtype != EST_STRING) {
        EST_TRY(est__cursor_bytes(in, (uint64_t)n * est_dtype_size(c->dtype), &bytes));
        if (bytes.n)
            memcpy(c->data, bytes.p, bytes.n);
        return EST_OK;
    }
    EST_TRY(get_offsets(in, est__column_offsets(c), n));
    EST_TRY(est__cursor_bytes(in, (uint64_t)est__column_offsets(c)[n], &bytes));
    EST_TRY(est__column_reserve_bytes(c, bytes.n));
    if (bytes.n)
        memcpy(c->bytes, bytes.p, bytes.n);
    return EST_OK;
}

static est_status save_waiting(const bucket *b, const place *p, est__buffer *out)
{
    est__table t;
    EST_TRY(est__table_init(&t, est_dataset_features(b->stage.from[0])));
    est_status st = EST_OK;
    for (size_t i = 0; i < p->waiting.count && st == EST_OK; i++)
        st = est__slots_give(&b->slots, p->waiting.slot[i], &t);
    if (st == EST_OK)
        put_table(out, &t);
    est__table_free(&t);
    return st;
}

static est_status save(est_dataset *d, int64_t batches, est__buffer *out)
{
    bucket *b = d->source;
    pthread_mutex_lock(&b->lock);
    const place *p = &b->ring[batches % b->places];
    est_status st = p->batches == batches ? EST_OK
                    : est__fail(EST_FAILED_PRECONDITION, "the place after batch %lld of the buckets is no longer kept",
                                (long long)batches);
    if (st == EST_OK) {
        est__buffer_varint(out, (uint64_t)batches);
        est__buffer_varint(out, (uint64_t)p->chunks);
        est__buffer_varint(out, (uint64_t)p->at);
        for (size_t i = 0; i < b->buckets; i++)
            est__buffer_varint(out, p->count[i]);
        st = save_waiting(b, p, out);
    }
    int64_t chunks = p->chunks;
    pthread_mutex_unlock(&b->lock);
    return st == EST_OK ? est__dataset_save(b->stage.from[0], chunks, out) : st;
}

static est_status restore_waiting(bucket *b, est__cursor *in)
{
    est__table t;
    int64_t rows = 0;
    for (size_t i = 0; i < b->buckets; i++) {
        uint64_t n;
        EST_TRY(est__cursor_varint(in, &n));
        if (n >= (uint64_t)b->size[i] || n > est__cursor_left(in))
            return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: %llu rows in a bucket", (unsigned long long)n);
        for (uint64_t k = 0; k < n; k++, rows++)
            EST_TRY(push(&b->in[i], &rows, 1));
    }
    b->fresh = rows;
    EST_TRY(est__table_init(&t, est_dataset_features(b->stage.from[0])));
    est_status st = est__table_reserve(&t, rows);
    for (int i = 0; i < t.count && st == EST_OK; i++)
        st = get_column(in, &t.column[i], rows);
    t.rows = rows;
    for (int64_t r = 0; r < rows && st == EST_OK; r++)
        st = est__slots_put(&b->slots, r, &t, r);
    est__table_free(&t);
    return st;
}

static est_status restore(est_dataset *d, est__cursor *in)
{
    bucket *b = d->source;
    uint64_t batches, chunks, at;
    EST_TRY(est__cursor_varint(in, &batches));
    EST_TRY(est__cursor_varint(in, &chunks));
    EST_TRY(est__cursor_varint(in, &at));
    if (batches > INT64_MAX || chunks > INT64_MAX || at >= CHUNK)
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: row %llu of a chunk", (unsigned long long)at);
    pthread_mutex_lock(&b->lock);
    forget(b);
    est_status st = restore_waiting(b, in);
    pthread_mutex_unlock(&b->lock);
    EST_TRY(st);
    EST_TRY(est__dataset_restore(b->stage.from[0], in->p, est__cursor_left(in), d->seed));
    if (at)
        EST_TRY(more_rows(b));
    if (at && (int64_t)at >= b->chunk->rows)
        return est__fail(EST_FAILED_PRECONDITION, "the saved place lies beyond the data: its files have changed");
    b->batches = (int64_t)batches;
    b->chunks = (int64_t)chunks;
    b->at = (int64_t)at;
    pthread_mutex_lock(&b->lock);
    st = keep_place(b, NULL);
    pthread_mutex_unlock(&b->lock);
    return st;
}

static void free_bucket(void *stage)
{
    bucket *b = stage;
    if (!b)
        return;
    for (size_t i = 0; b->in && i < b->buckets; i++)
        est__free(b->in[i].slot);
    free_ring(b);
    est__slots_free(&b->slots);
    est__batch_free(b->chunk);
    est__free(b->in);
    est__free(b->unused.slot);
    est__free(b->boundary);
    est__free(b->size);
    pthread_mutex_destroy(&b->lock);
    est__stage_free(stage);
}

static const est__source_kind kind = {
    .name = "bucket_by_sequence_length", .check = est__stage_of_batches_check, .start = start, .read = read_batch, .window = window,
    .save = save, .restore = restore, .fingerprint = est__stage_fingerprint, .skipped = est__stage_skipped, .free = free_bucket };

/* ---- making one ---- */

#define FAIL(...) est__fail(EST_INVALID_ARGUMENT, "est_dataset_bucket_by_sequence_length: " __VA_ARGS__)

static est_status find_feature(const est_dataset *d, const char *name, int *at)
{
    *at = -1;
    for (int i = 0; name && i < d->features; i++)
        if (!strcmp(d->feature[i].name, name))
            *at = i;
    if (*at < 0)
        return FAIL("there is no feature '%s'", name ? name : "");
    return d->feature[*at].variable_length ? EST_OK : FAIL("feature '%s' is dense: its rows have one length", name);
}

static est_status check_options(const est_bucket_options *o)
{
    est_ints bounds = o->bucket_boundaries, sizes = o->bucket_batch_sizes;
    if (!bounds.count)
        return FAIL("bucket_boundaries is needed");
    if (sizes.count != bounds.count + 1)
        return FAIL("%zu bucket_batch_sizes for %zu bucket_boundaries; there must be one more", sizes.count, bounds.count);
    for (size_t i = 1; i < bounds.count; i++)
        if (bounds.data[i] <= bounds.data[i - 1])
            return FAIL("bucket_boundaries[%zu] is %lld, after %lld: they must rise", i, (long long)bounds.data[i],
                        (long long)bounds.data[i - 1]);
    for (size_t i = 0; i < sizes.count; i++)
        if (sizes.data[i] < 1)
            return FAIL("bucket_batch_sizes[%zu] is %lld", i, (long long)sizes.data[i]);
    return EST_OK;
}

static est_status copy_ints(est_ints from, int64_t **to)
{
    *to = est__malloc(from.count * sizeof **to);
    if (!*to)
        return est__fail_memory(from.count * sizeof **to);
    memcpy(*to, from.data, from.count * sizeof **to);
    return EST_OK;
}

static est_status make_bucket(bucket *b, const est_dataset *d, const est_bucket_options *o)
{
    EST_TRY(check_options(o));
    EST_TRY(find_feature(d, o->feature, &b->by));
    EST_TRY(copy_ints(o->bucket_boundaries, &b->boundary));
    EST_TRY(copy_ints(o->bucket_batch_sizes, &b->size));
    b->boundaries = o->bucket_boundaries.count;
    b->drop_remainder = o->drop_remainder;
    b->in = est__calloc(b->boundaries + 1, sizeof *b->in);
    if (!b->in)
        return est__fail_memory(b->boundaries * sizeof *b->in);
    b->buckets = b->boundaries + 1;
    est__stage_identify(&b->stage, "%s %d", o->feature, o->drop_remainder);
    for (size_t i = 0; i < b->buckets; i++)
        est__stage_identify(&b->stage, "%lld %lld", i ? (long long)b->boundary[i - 1] : -1LL, (long long)b->size[i]);
    return make_ring(b, WINDOW + 2);
}

/* Batches of like lengths, not padded. */
static est_dataset *put_buckets(est_dataset *d, const est_bucket_options *o)
{
    bucket *b;
    est_status st = est__stage_new(sizeof *b, 1, NULL, &b);
    if (st == EST_OK) {
        pthread_mutex_init(&b->lock, NULL);
        st = make_bucket(b, d, o);
    }
    est__stage_put_if(st, d, &kind, b);
    if (d->error.status == EST_OK)
        est__dataset_spoil(d, est__batch_new(b->stage.from[0], &b->chunk));
    est__dataset_set_batched(d, 0);
    return d;
}

est_dataset *est_dataset_bucket_by_sequence_length_sized(est_dataset *d, const est_bucket_options *options, size_t size)
{
    est_bucket_options o = { 0 };
    int by;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_dataset_batch(d, CHUNK, false);
    if (!d || d->error.status != EST_OK)
        return d;
    put_buckets(d, &o);
    if (d->error.status != EST_OK || o.no_padding)
        return d;
    est__dataset_spoil(d, find_feature(d, o.feature, &by));
    return est__dataset_pad(d, "est_dataset_bucket_by_sequence_length", o.paddings, o.pad_to_bucket_boundary ? by : -1,
                            o.pad_to_bucket_boundary ? o.bucket_boundaries : (est_ints){ 0 });
}
