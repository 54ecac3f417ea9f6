/* A pool of threads for work that is cut into blocks. The cut depends on the size alone, so results do not depend on the
 * number of threads; which thread takes which block does, and must not matter. Workers sleep after a short spin. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/base.h"

enum { MOST_THREADS = 1024, SPINS = 400 };

/* One call of est__for_blocks; lies on its caller's stack, so nobody touches it after `users` became 0. */
typedef struct job {
    void (*fn)(void *arg, int64_t block, int64_t begin, int64_t end);
    void *arg;
    int64_t n, block, blocks;
    atomic_int_least64_t next; /* the first block that nobody took */
    atomic_int users;          /* workers inside; counted up only under the lock, while the job is listed */
    struct job *later;
} job;

struct est__pool {
    int threads, workers;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    job *jobs;
    atomic_uint posted; /* jobs ever listed: what a spinning worker waits for */
    int sleepers;
    bool stop;
    pthread_t worker[];
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void run_blocks(job *j)
{
    for (;;) {
        int64_t b = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (b >= j->blocks)
            return;
        int64_t begin = b * j->block, left = j->n - begin;
        j->fn(j->arg, b, begin, begin + (left < j->block ? left : j->block));
    }
}

/* The oldest job with a block left. */
static job *find_job(est__pool *p)
{
    for (job *j = p->jobs; j; j = j->later)
        if (atomic_load_explicit(&j->next, memory_order_relaxed) < j->blocks)
            return j;
    return NULL;
}

static void *work(void *arg)
{
    est__pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        job *j = find_job(p);
        if (j) {
            atomic_fetch_add(&j->users, 1);
            pthread_mutex_unlock(&p->lock);
            run_blocks(j);
            pthread_mutex_lock(&p->lock);
            if (atomic_fetch_sub(&j->users, 1) == 1)
                pthread_cond_broadcast(&p->done);
            continue;
        }
        unsigned seen = atomic_load_explicit(&p->posted, memory_order_relaxed);
        pthread_mutex_unlock(&p->lock);
        for (int i = 0; i < SPINS && atomic_load_explicit(&p->posted, memory_order_relaxed) == seen; i++)
            pause_briefly();
        pthread_mutex_lock(&p->lock);
        if (p->stop || find_job(p))
            continue;
        p->sleepers++;
        pthread_cond_wait(&p->work, &p->lock);
        p->sleepers--;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static int count_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n;
}

/* Signals are the host's business: its handlers run on its own threads. */
static int start_worker(est__pool *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&p->worker[p->workers], NULL, work, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    p->workers += error == 0;
    return error;
}

est_status est__pool_new(int threads, est__pool **out)
{
    *out = NULL;
    if (threads < 0 || threads > MOST_THREADS)
        return est__fail(EST_INVALID_ARGUMENT, "threads is %d; 0 (all cores) to %d are possible", threads, MOST_THREADS);
    if (!threads)
        threads = count_cores();
    size_t size = sizeof(est__pool) + (size_t)threads * sizeof(pthread_t);
    est__pool *p = est__calloc(1, size);
    if (!p)
        return est__fail_memory(size);
    p->threads = threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    while (p->workers < threads - 1) {
        int error = start_worker(p);
        if (error) {
            int wanted = threads - 1;
            est__pool_free(p);
            return est__fail_errno(error, "cannot start %d threads", wanted);
        }
    }
    *out = p;
    return EST_OK;
}

void est__pool_free(est__pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->workers; i++)
        pthread_join(p->worker[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    est__free(p);
}

int est__pool_threads(const est__pool *p)
{
    return p ? p->threads : 1;
}

static void list_job(est__pool *p, job *j)
{
    pthread_mutex_lock(&p->lock);
    job **end = &p->jobs;
    while (*end)
        end = &(*end)->later;
    *end = j;
    atomic_fetch_add_explicit(&p->posted, 1, memory_order_relaxed);
    int wanted = j->blocks - 1 < p->sleepers ? (int)(j->blocks - 1) : p->sleepers;
    if (wanted > 1)
        pthread_cond_broadcast(&p->work);
    else if (wanted == 1)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

/* Takes the job from the list, so that nobody enters it any more, and waits for those inside. */
static void finish_job(est__pool *p, job *j)
{
    pthread_mutex_lock(&p->lock);
    job **at = &p->jobs;
    while (*at != j)
        at = &(*at)->later;
    *at = j->later;
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < SPINS && atomic_load(&j->users); i++)
        pause_briefly();
    if (!atomic_load(&j->users))
        return;
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&j->users))
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void est__for_blocks(est__pool *p, int64_t n, int64_t block, void (*fn)(void *arg, int64_t block, int64_t begin, int64_t end),
                     void *arg)
{
    if (n <= 0)
        return;
    if (block < 1)
        block = 1;
    job j = { .fn = fn, .arg = arg, .n = n, .block = block, .blocks = (n - 1) / block + 1 };
    if (j.blocks == 1 || !p || !p->workers) {
        for (int64_t b = 0; b < j.blocks; b++)
            fn(arg, b, b * block, b == j.blocks - 1 ? n : (b + 1) * block);
        return;
    }
    list_job(p, &j);
    run_blocks(&j);
    finish_job(p, &j);
}
