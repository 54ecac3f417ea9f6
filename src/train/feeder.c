/* One producer, one consumer, a ring between them. Both go on without a lock as long as the ring is neither full nor empty; whoever has
 * to wait spins a little, then sleeps. */
#include "train/feeder.h"

#include <sched.h>
#include <stdatomic.h>

enum { RING = 8, MOST = 64, SPINS = 400 };

typedef struct slot {
    est_batch *batch;
    est__run *run;
    const est_tensor **feeds;
    const est_tensor **fetches;
    bool nonfinite;               /* a feature of the batch holds NaN or infinity */
    est__error error;             /* OK: the slot holds a batch */
} slot;

struct est__feeder {
    est_dataset *dataset;
    const est__feed *feed;
    const char *what;             /* "step" or "batch", for messages */
    bool looks;                   /* at features, whether all are finite */
    int64_t first;
    size_t num_feeds, num_fetches;
    slot *ring;
    int64_t size;
    _Alignas(64) atomic_int_fast64_t made;    /* batches put into the ring */
    _Alignas(64) atomic_int_fast64_t taken;   /* batches that the consumer is done with */
    atomic_bool quit, producer_sleeps, consumer_sleeps;
    bool holding, ended, started;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

int64_t est__feeder_window(const est_dataset *d)
{
    int64_t n = est__dataset_ahead(d);
    return (n <= 0 ? RING : n > MOST ? MOST : n) + 1;
}

static void fill(est__feeder *f, slot *s, int64_t number)
{
    est_status st = est__dataset_read(f->dataset, s->batch);
    if (st == EST_OK) {
        s->nonfinite = f->looks && est__batch_nonfinite(s->batch, NULL);
        st = est__run_step(s->run, s->feeds, (uint64_t)number);
        if (st != EST_OK)   /* OUT_OF_RANGE is for the end of the data */
            st = est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "%s %lld", f->what, (long long)number + 1);
    }
    for (size_t i = 0; i < f->num_fetches && st == EST_OK; i++)
        s->fetches[i] = est__run_fetch(s->run, i);
    est__error_take(&s->error, st);
}

/* Wakes the other side if it sleeps. Counts and flags are sequentially consistent: whoever goes to sleep sets its flag before it looks
 * at the count again, and whoever counts looks at the flag afterwards, so that one of the two sees the other. */
static void wake(est__feeder *f, atomic_bool *sleeps)
{
    if (atomic_load(sleeps)) {
        pthread_mutex_lock(&f->mutex);
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->mutex);
    }
}

static bool room(est__feeder *f)
{
    return atomic_load(&f->made) - atomic_load(&f->taken) < f->size;
}

static bool ready(est__feeder *f)
{
    return atomic_load(&f->made) > atomic_load(&f->taken);
}

static void wait_for(est__feeder *f, bool (*condition)(est__feeder *), atomic_bool *sleeps)
{
    for (int i = 0; i < SPINS; i++) {
        if (condition(f) || atomic_load(&f->quit))
            return;
        if (i > SPINS / 2)
            sched_yield();
    }
    pthread_mutex_lock(&f->mutex);
    atomic_store(sleeps, true);
    while (!condition(f) && !atomic_load(&f->quit))
        pthread_cond_wait(&f->changed, &f->mutex);
    atomic_store(sleeps, false);
    pthread_mutex_unlock(&f->mutex);
}

static void *produce(void *arg)
{
    est__feeder *f = arg;
    for (int64_t n = 0;; n++) {
        wait_for(f, room, &f->producer_sleeps);
        if (atomic_load(&f->quit))
            return NULL;
        slot *s = &f->ring[n % f->size];
        fill(f, s, f->first + n);
        bool last = s->error.status != EST_OK;
        atomic_store(&f->made, n + 1);
        wake(f, &f->consumer_sleeps);
        if (last)
            return NULL;
    }
}

static est_status make_slot(est__feeder *f, const est__plan *early, slot *s)
{
    EST_TRY(est__batch_new(f->dataset, &s->batch));
    s->batch->may_lend = true;
    EST_TRY(est__run_new(early, NULL, &s->run));
    s->feeds = est__calloc(f->num_feeds + 1, sizeof *s->feeds);
    s->fetches = est__calloc(f->num_fetches + 1, sizeof *s->fetches);
    if (s->feeds == NULL || s->fetches == NULL)
        return est__fail_memory(f->num_fetches * sizeof *s->fetches);
    for (size_t i = 0; i < f->num_feeds; i++)
        s->feeds[i] = est__batch_feed(s->batch, f->feed[i]);
    return EST_OK;
}

est_status est__feeder_new(est_dataset *d, const est__plan *early, const est__feed *feed, size_t count, const char *what, int64_t first,
                           bool looks, est__feeder **out)
{
    est__feeder *f = est__malloc_aligned(sizeof *f);
    *out = NULL;
    if (f == NULL)
        return est__fail_memory(sizeof *f);
    memset(f, 0, sizeof *f);
    f->dataset = d;
    f->feed = feed;
    f->what = what;
    f->first = first;
    f->looks = looks;
    f->num_feeds = count;
    f->num_fetches = est__plan_fetches(early);
    f->size = est__feeder_window(d) - 1;
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->ring = est__calloc((size_t)f->size, sizeof *f->ring);
    est_status st = f->ring ? EST_OK : est__fail_memory((size_t)f->size * sizeof *f->ring);
    for (int64_t i = 0; i < f->size && st == EST_OK; i++)
        st = make_slot(f, early, &f->ring[i]);
    if (st == EST_OK && pthread_create(&f->thread, NULL, produce, f) != 0)
        st = est__fail(EST_RESOURCE_EXHAUSTED, "no thread for reading input");
    else if (st == EST_OK)
        f->started = true;
    if (st != EST_OK) {
        est__feeder_free(f);
        return st;
    }
    *out = f;
    return EST_OK;
}

est_status est__feeder_next(est__feeder *f, const est_tensor *const **fetches, int64_t *rows)
{
    if (f->holding) {
        atomic_fetch_add(&f->taken, 1);
        f->holding = false;
        wake(f, &f->producer_sleeps);
    }
    if (!f->ended)
        wait_for(f, ready, &f->consumer_sleeps);
    slot *s = &f->ring[atomic_load(&f->taken) % f->size];
    if (s->error.status != EST_OK) {
        f->ended = true;
        return est__error_give(&s->error);
    }
    f->holding = true;
    *fetches = s->fetches;
    *rows = s->batch->rows;
    return EST_OK;
}

const est_batch *est__feeder_batch(const est__feeder *f)
{
    return f->ring[atomic_load(&f->taken) % f->size].batch;
}

bool est__feeder_nonfinite(const est__feeder *f)
{
    return f->ring[atomic_load(&f->taken) % f->size].nonfinite;
}

void est__feeder_free(est__feeder *f)
{
    if (f == NULL)
        return;
    if (f->started) {
        pthread_mutex_lock(&f->mutex);
        atomic_store(&f->quit, true);
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->mutex);
        pthread_join(f->thread, NULL);
    }
    for (int64_t i = 0; f->ring && i < f->size; i++) {
        est__run_free(f->ring[i].run);
        est__batch_free(f->ring[i].batch);
        est__free(f->ring[i].feeds);
        est__free(f->ring[i].fetches);
    }
    est__free(f->ring);
    pthread_mutex_destroy(&f->mutex);
    pthread_cond_destroy(&f->changed);
    est__free_aligned(f);
}
