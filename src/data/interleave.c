/* est_interleave_dataset_new: in turns of block_length rows from cycle_length inputs that are open at a time, in the order of
 * tf.data's InterleaveDataset. A place in the cycle whose input has ended takes the next input when its turn comes again. */
#include "data/mix.h"

enum { MOST_OPEN = 16 };

typedef struct interleave {
    est__mix mix;
    int64_t cycle, block;
    int *slot;                /* the input in each place of the cycle; -1: none */
    int64_t at, in_block;     /* whose turn it is, and how many rows of it have been given */
    int open, next;           /* places that hold an input; the next input */
} interleave;

static void advance(interleave *s)
{
    s->at = s->at + 1 == s->cycle ? 0 : s->at + 1;
    s->in_block = 0;
}

static void reset(est__mix *m)
{
    interleave *s = (interleave *)m;
    s->at = s->in_block = 0;
    s->open = s->next = 0;
    for (int64_t i = 0; i < s->cycle; i++)
        s->slot[i] = -1;
}

static int turn(est__mix *m, int64_t *rows)
{
    interleave *s = (interleave *)m;
    while (s->slot[s->at] < 0) {
        if (s->next < m->stage.count) {
            s->slot[s->at] = s->next++;
            s->open++;
        } else if (s->open) {
            advance(s);
        } else {
            return -1;
        }
    }
    *rows = s->block - s->in_block;
    return s->slot[s->at];
}

static void ended(est__mix *m, int input)
{
    interleave *s = (interleave *)m;
    (void)input;
    s->slot[s->at] = -1;
    s->open--;
    advance(s);
}

static void took(est__mix *m, int input, int64_t rows)
{
    interleave *s = (interleave *)m;
    (void)input;
    s->in_block += rows;
    if (s->in_block == s->block)
        advance(s);
}

/* Whole rounds of the cycle, as long as nothing ends and nothing begins. */
static void jump(est__mix *m, int64_t row)
{
    interleave *s = (interleave *)m;
    int64_t round;
    if (s->at || s->in_block || !s->open || (s->open < s->cycle && s->next < m->stage.count) ||
        __builtin_mul_overflow(s->block, s->open, &round))
        return;
    int64_t rounds = (row - m->row) / round;
    for (int64_t i = 0; i < s->cycle; i++)
        if (s->slot[i] >= 0 && est__mix_left(m, s->slot[i]) / s->block < rounds)
            rounds = est__mix_left(m, s->slot[i]) / s->block;
    for (int64_t i = 0; i < s->cycle; i++)
        if (s->slot[i] >= 0)
            m->given[s->slot[i]] += rounds * s->block;
    m->row += rounds * round;
}

static void free_interleave(void *stage)
{
    interleave *s = stage;
    if (s)
        est__free(s->slot);
    est__mix_free(stage);
}

static const est__source_kind source = EST__STAGE_SOURCE("interleave", &est__mix_rows, free_interleave);

static est_status init(interleave *s, int64_t cycle_length, int64_t block_length)
{
    int count = s->mix.stage.count;
    if (cycle_length < 0 || block_length < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_interleave_dataset_new: %s is %lld",
                         cycle_length < 0 ? "cycle_length" : "block_length",
                         (long long)(cycle_length < 0 ? cycle_length : block_length));
    EST_TRY(est__combine_alike("est_interleave_dataset_new", &s->mix.stage));
    s->cycle = cycle_length ? cycle_length : count < MOST_OPEN ? count : MOST_OPEN;
    if (s->cycle > count)
        s->cycle = count;     /* places that never hold an input change nothing */
    s->block = block_length ? block_length : 1;
    s->slot = est__calloc((size_t)s->cycle, sizeof *s->slot);
    if (!s->slot)
        return est__fail_memory((size_t)s->cycle * sizeof *s->slot);
    s->mix.reset = reset;
    s->mix.turn = turn;
    s->mix.ended = ended;
    s->mix.took = took;
    s->mix.jump = jump;
    est__stage_identify(&s->mix.stage, "%lld %lld", (long long)s->cycle, (long long)s->block);
    return est__mix_init(&s->mix);
}

est_status est_interleave_dataset_new(est_dataset *const *datasets, size_t count, int64_t cycle_length, int64_t block_length,
                                      est_dataset **out)
{
    interleave *s;
    *out = NULL;
    est_status st = est__combine_new("est_interleave_dataset_new", datasets, count, sizeof *s, &est__mix_rows, &s);
    if (!s)
        return st;
    if (st == EST_OK)
        st = init(s, cycle_length, block_length);
    const est_dataset *first = s->mix.stage.from[0];
    bool endless = false;
    for (int i = 0; i < s->mix.stage.count; i++)
        endless = endless || s->mix.stage.from[i]->endless;
    EST_TRY(est__combine_finish(st, est_dataset_features(first), first->label, &source, s, out));
    (*out)->endless = endless;
    return EST_OK;
}
