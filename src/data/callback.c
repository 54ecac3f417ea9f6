/* Batches from a user's callback. Its place is what its own save gives, kept for the last batches that were made ahead, or
 * else a number of batches that are read again after a rewind. */
#include "data/source.h"

enum { STATE_LIMIT = 65536, WINDOW = 16 };

typedef struct place {
    int64_t batches, epoch;
    char *state;
    size_t size, capacity;
} place;

typedef struct callback {
    est_callback_options options;
    bool touched;            /* next was called since the beginning */
    int64_t batches, epoch;
    bool any;                /* this epoch has given a batch */
    char *scratch;           /* STATE_LIMIT bytes */
    place *ring;             /* the places after the last batches; under `lock` */
    int64_t places;
    pthread_mutex_t lock;
} callback;

static void free_ring(callback *c)
{
    for (int64_t i = 0; i < c->places; i++)
        est__free(c->ring[i].state);
    est__free(c->ring);
    c->ring = NULL;
    c->places = 0;
}

/* A ring of more places, with what the old one kept. */
static est_status make_ring(callback *c, int64_t places)
{
    place *ring = est__calloc((size_t)places, sizeof *ring);
    if (!ring)
        return est__fail_memory((size_t)places * sizeof *ring);
    for (int64_t i = 0; i < places; i++)
        ring[i].batches = -1;
    for (int64_t i = 0; i < c->places; i++)
        if (c->ring[i].batches >= 0) {
            ring[c->ring[i].batches % places] = c->ring[i];
            c->ring[i].state = NULL;
        }
    free_ring(c);
    c->ring = ring;
    c->places = places;
    return EST_OK;
}

static void window(est_dataset *d, int64_t batches)
{
    callback *c = d->source;
    pthread_mutex_lock(&c->lock);
    if (batches + 2 > c->places)
        (void)make_ring(c, batches + 2);   /* without memory the old ring stays, and a save says what it misses */
    pthread_mutex_unlock(&c->lock);
}

static est_status check(const est_dataset *d)
{
    const callback *c = d->source;
    if (d->buffer_size)
        return est__fail(EST_INVALID_ARGUMENT, "a callback gives whole batches: shuffle the rows in the callback");
    if (d->batch_size)
        return est__fail(EST_INVALID_ARGUMENT, "a callback gives whole batches: no est_dataset_batch after it");
    if (d->epochs != 1 && !c->options.rewind)
        return est__fail(EST_INVALID_ARGUMENT, "est_dataset_repeat: the callback has no rewind");
    return EST_OK;
}

void est__callback_begins(void)
{
    (void)est__fail(EST_OK, "%s", "");
}

est_status est__callback_failed(est_status st, const char *what)
{
    est_status given = st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st;   /* that is for the end of the data */
    if (*est_error())
        return est__fail_in(given, "the dataset's callback %s failed", what);
    return est__fail(given, "the dataset's callback %s failed: %s", what, est_status_name(st));
}

static est_status begin(callback *c)
{
    if (c->touched) {
        if (!c->options.rewind)
            return est__fail(EST_FAILED_PRECONDITION,
                             "the callback dataset cannot go back to its beginning: it has no rewind");
        est__callback_begins();
        est_status st = c->options.rewind(c->options.user);
        if (st != EST_OK)
            return est__callback_failed(st, "rewind");
    }
    c->touched = c->any = false;
    return EST_OK;
}

/* Keeps the place after the last batch. */
static est_status keep_place(callback *c)
{
    size_t size = 0;
    if (!c->options.save)
        return EST_OK;
    est__callback_begins();
    est_status st = c->options.save(c->scratch, STATE_LIMIT, &size, c->options.user);
    if (st != EST_OK)
        return est__callback_failed(st, "save");
    if (size > STATE_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT, "the dataset's callback save wants %zu bytes, there are %d", size,
                         STATE_LIMIT);
    pthread_mutex_lock(&c->lock);
    place *p = &c->ring[c->batches % c->places];
    st = est__grow(&p->state, &p->capacity, size, 1);
    if (st == EST_OK) {
        if (size)
            memcpy(p->state, c->scratch, size);
        p->size = size;
        p->batches = c->batches;
        p->epoch = c->epoch;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

static est_status start(est_dataset *d)
{
    callback *c = d->source;
    EST_TRY(begin(c));
    c->batches = c->epoch = 0;
    return c->options.save ? keep_place(c) : EST_OK;
}

est_status est__callback_set_all(est_batch *b, const char *unit, int64_t number)
{
    const est_feature *f = b->feature;
    int64_t rows = b->room->set[0];
    for (int i = 0; i < b->count; i++) {
        if (b->room->set[i] < 0)
            return est__fail(EST_INVALID_ARGUMENT, "the dataset's callback has not set feature '%s' of %s %lld", f[i].name, unit,
                             (long long)number);
        if (b->room->set[i] != rows)
            return est__fail(EST_INVALID_ARGUMENT, "the dataset's callback gave feature '%s' %lld rows and '%s' %lld", f[0].name,
                             (long long)rows, f[i].name, (long long)b->room->set[i]);
    }
    b->room->table.rows = rows;
    est__batch_seal(b);
    return EST_OK;
}

static est_status next_batch(est_dataset *d, est_batch *b)
{
    callback *c = d->source;
    for (;;) {
        if (d->epochs != EST_OFF && c->epoch >= d->epochs)
            return est__fail(EST_OUT_OF_RANGE, "the data has ended");
        est__batch_clear(b);
        c->touched = true;
        est__callback_begins();
        est_status st = c->options.next(b, c->options.user);
        if (st == EST_OK) {
            EST_TRY(est__callback_set_all(b, "batch", c->batches));
            c->any = true;
            c->batches++;
            return EST_OK;
        }
        if (st != EST_OUT_OF_RANGE)
            return est__callback_failed(st, "next");
        if (!c->any)
            return est__fail(EST_INVALID_ARGUMENT, "the dataset's callback gave no batch");
        if (d->epochs == EST_OFF || c->epoch + 1 < d->epochs)
            EST_TRY(begin(c));
        c->epoch++;
    }
}

static est_status read_batch(est_dataset *d, est_batch *b)
{
    EST_TRY(next_batch(d, b));
    return keep_place(d->source);
}

/* ---- places: batches, epoch, and the callback's own bytes ---- */

static est_status save(est_dataset *d, int64_t batches, est__buffer *out)
{
    callback *c = d->source;
    est_status st = EST_OK;
    est__buffer_varint(out, (uint64_t)batches);
    if (!c->options.save)
        return EST_OK;
    pthread_mutex_lock(&c->lock);
    const place *p = &c->ring[batches % c->places];
    if (p->batches != batches) {
        st = est__fail(EST_FAILED_PRECONDITION, "the place after batch %lld of the callback dataset is no longer kept",
                       (long long)batches);
    } else {
        est__buffer_varint(out, (uint64_t)p->epoch);
        est__buffer_varint(out, p->size);
        est__buffer_bytes(out, p->state, p->size);
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

static est_status count_to(est_dataset *d, int64_t batches)
{
    callback *c = d->source;
    est_batch *b;
    EST_TRY(est__batch_new(d, &b));
    est_status st = EST_OK;
    while (st == EST_OK && c->batches < batches)
        st = next_batch(d, b);
    est__batch_free(b);
    if (st == EST_OUT_OF_RANGE)
        st = est__fail(EST_FAILED_PRECONDITION, "the callback dataset gave only %lld batches, its place was after %lld",
                       (long long)c->batches, (long long)batches);
    return st;
}

static est_status restore(est_dataset *d, est__cursor *in)
{
    callback *c = d->source;
    uint64_t batches, epoch, size;
    est__bytes state;
    EST_TRY(est__cursor_varint(in, &batches));
    if (batches > INT64_MAX)
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: %llu batches", (unsigned long long)batches);
    if (!est__cursor_left(in)) {
        if (batches && !c->options.rewind)
            return est__fail(EST_FAILED_PRECONDITION,
                             "the callback dataset cannot be taken up again: it has neither save and restore nor rewind");
        return count_to(d, (int64_t)batches);
    }
    EST_TRY(est__cursor_varint(in, &epoch));
    EST_TRY(est__cursor_varint(in, &size));
    EST_TRY(est__cursor_bytes(in, size, &state));
    if (epoch > INT64_MAX)
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: epoch %llu", (unsigned long long)epoch);
    if (!c->options.restore)
        return est__fail(EST_FAILED_PRECONDITION, "the callback dataset has no restore for the place that was saved");
    est__callback_begins();
    est_status st = c->options.restore(state.p, state.n, c->options.user);
    if (st != EST_OK)
        return est__callback_failed(st, "restore");
    c->touched = c->any = true;
    c->batches = (int64_t)batches;
    c->epoch = (int64_t)epoch;
    return keep_place(c);
}

static est_status fingerprint(const est_dataset *d, uint64_t *out)
{
    *out = ((const callback *)d->source)->options.save != NULL;
    return EST_OK;
}

static void free_callback(void *source)
{
    callback *c = source;
    if (c->options.close)
        c->options.close(c->options.user);
    free_ring(c);
    est__free(c->scratch);
    pthread_mutex_destroy(&c->lock);
    est__free(c);
}

const est__source_kind est__source_callback = {
    .name = "callback", .check = check, .start = start, .read = read_batch, .window = window, .save = save,
    .restore = restore, .fingerprint = fingerprint, .free = free_callback };

static est_status find_label(const est_callback_options *o, int *label)
{
    *label = -1;
    for (size_t i = 0; o->label && i < o->features.count; i++)
        if (o->features.data[i].name && !strcmp(o->features.data[i].name, o->label))
            *label = (int)i;
    if (o->label && *label < 0)
        return est__fail(EST_INVALID_ARGUMENT, "the label '%s' is not among the features", o->label);
    return EST_OK;
}

est_status est_callback_dataset_new_sized(const est_callback_options *options, size_t size, est_dataset **out)
{
    est_callback_options o = { 0 };
    int label;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (!o.next)
        return est__fail(EST_INVALID_ARGUMENT, "a callback dataset needs next");
    if (!o.save != !o.restore)
        return est__fail(EST_INVALID_ARGUMENT, "a callback dataset has both save and restore, or neither");
    EST_TRY(find_label(&o, &label));
    callback *c = est__calloc(1, sizeof *c);
    char *scratch = est__malloc(STATE_LIMIT);
    if (!c || !scratch || make_ring(c, WINDOW) != EST_OK) {
        est__free(scratch);
        est__free(c);
        return est__fail_memory(STATE_LIMIT);
    }
    pthread_mutex_init(&c->lock, NULL);
    c->options = o;
    c->scratch = scratch;
    c->options.close = NULL;   /* a dataset that is not made closes nothing */
    EST_TRY(est__dataset_new(o.features, label, &est__source_callback, c, out));
    c->options.close = o.close;
    c->options.features = (est_features_spec){ 0 };   /* lent for the call; the dataset has a copy */
    return EST_OK;
}
