/* Blocks go round in a ring: each thread in turn cuts the next block from the file, parses it beside the others, and the
 * consumer takes them in the order of the file. A first block is made on the consumer's thread, so that small files start
 * no threads at all. */
#include "data/files.h"

typedef struct job {
    est__block block;
    est_status status;     /* of cutting it; its text is the block's error */
    bool done;
} job;

typedef struct worker {
    struct est__pipe *pipe;
    void *parser;
    pthread_t thread;
} worker;

struct est__pipe {
    est__block_reader reader;
    job *job;
    worker *worker;
    int jobs, threads, started;
    bool first, peeked;    /* nothing was given yet; job[0] is read, but not parsed */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t taken, given;  /* blocks that threads took on, that the consumer is through with */
    bool lent;             /* the consumer holds block `given` */
    int busy;
    bool reading, ended, pause, stop;
};

static void read_job(est__pipe *p, job *j)
{
    j->status = est__block_read(&p->reader, &j->block);
    if (j->status != EST_OK)
        est__error_take(&j->block.error, j->status);
}

static est_status parse_block(const est__files *f, worker *w, est__block *b)
{
    EST_TRY(est__block_begin(b, f->features));
    if (!w->parser)
        EST_TRY(f->kind->parser_new(f->format, &w->parser));
    if (b->size || b->damage.status == EST_OK)
        f->kind->parse(w->parser, b, f->skip);
    return EST_OK;
}

static void parse_job(worker *w, job *j)
{
    const est__files *f = w->pipe->reader.files;
    est__block *b = &j->block;
    if (j->status != EST_OK || b->end)
        return;
    est_status st = parse_block(f, w, b);
    if (st != EST_OK)
        est__block_refuse(b, st, -1, false);
    if (b->damage.status != EST_OK && !b->fatal)
        est__block_refuse(b, est__error_give(&b->damage), f->kind->records ? b->lines : -1, f->skip);
}

static void *work(void *arg)
{
    worker *w = arg;
    est__pipe *p = w->pipe;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->stop && (p->pause || p->ended || p->reading || p->taken - p->given >= p->jobs))
            pthread_cond_wait(&p->changed, &p->lock);
        if (p->stop)
            break;
        job *j = &p->job[p->taken++ % p->jobs];
        p->busy++;
        p->reading = true;
        pthread_mutex_unlock(&p->lock);

        read_job(p, j);
        pthread_mutex_lock(&p->lock);
        p->reading = false;
        p->ended = j->status != EST_OK || j->block.end;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);

        parse_job(w, j);
        pthread_mutex_lock(&p->lock);
        j->done = true;
        p->busy--;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static est_status init(est__pipe *p)
{
    size_t jobs = (size_t)p->jobs, threads = (size_t)p->threads;
    p->job = est__calloc(jobs, sizeof *p->job);
    p->worker = est__calloc(threads, sizeof *p->worker);
    if (!p->job || !p->worker)
        return est__fail_memory(jobs * sizeof *p->job);
    for (int i = 0; i < p->threads; i++)
        p->worker[i].pipe = p;
    return EST_OK;
}

est_status est__pipe_new(const est__files *files, int threads, est__pipe **out)
{
    est__pipe *p = est__calloc(1, sizeof *p);
    *out = NULL;
    if (!p)
        return est__fail_memory(sizeof *p);
    p->reader.files = files;
    p->threads = threads;
    p->jobs = threads > 1 ? threads + 2 : 1;
    p->first = true;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    est_status st = init(p);
    if (st != EST_OK)
        est__pipe_free(p);
    else
        *out = p;
    return st;
}

void est__pipe_free(est__pipe *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->started; i++)
        pthread_join(p->worker[i].thread, NULL);
    for (int i = 0; p->worker && i < p->threads; i++)
        p->reader.files->kind->parser_free(p->worker[i].parser);
    for (int i = 0; p->job && i < p->jobs; i++)
        est__block_free(&p->job[i].block);
    est__block_reader_close(&p->reader);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    est__free(p->worker);
    est__free(p->job);
    est__free(p);
}

/* Where no thread can be started, the consumer goes on alone. */
static void start_threads(est__pipe *p)
{
    while (p->threads > 1 && p->started < p->threads) {
        worker *w = &p->worker[p->started];
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        p->started++;
    }
}

est_status est__pipe_peek(est__pipe *p, const est__block **out)
{
    job *j = &p->job[0];
    read_job(p, j);
    p->peeked = true;
    *out = &j->block;
    return j->status;
}

est_status est__pipe_go(est__pipe *p, int file, uint64_t offset)
{
    if (p->first && p->peeked && file == 0 && offset == 0)
        return EST_OK;
    pthread_mutex_lock(&p->lock);
    p->pause = true;
    while (p->busy)
        pthread_cond_wait(&p->changed, &p->lock);
    p->taken = p->given = 0;
    p->lent = p->ended = p->peeked = false;
    for (int i = 0; i < p->jobs; i++)
        p->job[i].done = false;
    est_status st = est__block_reader_go(&p->reader, file, offset);
    p->pause = false;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return st;
}

static job *next_alone(est__pipe *p)
{
    job *j = &p->job[0];
    if (!p->peeked)
        read_job(p, j);
    p->peeked = false;
    parse_job(&p->worker[0], j);
    return j;
}

static job *next_of_ring(est__pipe *p)
{
    pthread_mutex_lock(&p->lock);
    if (p->lent) {
        p->job[p->given++ % p->jobs].done = false;
        pthread_cond_broadcast(&p->changed);
    }
    p->lent = true;
    job *j = &p->job[p->given % p->jobs];
    while (!j->done)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return j;
}

est_status est__pipe_next(est__pipe *p, const est__block **out)
{
    if (!p->first && !p->started)
        start_threads(p);
    job *j = p->first || !p->started ? next_alone(p) : next_of_ring(p);
    p->first = false;
    *out = &j->block;
    return j->status;
}
