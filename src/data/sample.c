/* est_sample_from_datasets_new: each row from an input drawn by its weight. The draw of a row is a function of the seed and the
 * row's number. */
#include "data/mix.h"

typedef struct sample {
    est__mix mix;
    double *weight;
    bool *open;
    uint64_t seed;
    bool stops, over;
    int64_t drawn_row;        /* the draw that is at hand; -1: none */
    int drawn;
} sample;

static void reset(est__mix *m)
{
    sample *s = (sample *)m;
    s->over = false;
    s->drawn_row = -1;
    for (int i = 0; i < m->stage.count; i++)
        s->open[i] = s->weight[i] > 0;
}

/* By the weights of those that have not ended. */
static int draw(const sample *s, int64_t row)
{
    double sum = 0;
    int last = -1;
    for (int i = 0; i < s->mix.stage.count; i++)
        sum += s->open[i] ? s->weight[i] : 0;
    est__random r = { .key = s->seed, .counter = (uint64_t)row };
    double point = (double)(est__random_next(&r) >> 11) * 0x1p-53 * sum;
    for (int i = 0; i < s->mix.stage.count; i++) {
        if (!s->open[i])
            continue;
        last = i;
        point -= s->weight[i];
        if (point < 0)
            break;
    }
    return last;
}

static int turn(est__mix *m, int64_t *rows)
{
    sample *s = (sample *)m;
    *rows = 1;
    if (s->over)
        return -1;
    if (s->drawn_row != m->row) {
        s->drawn = draw(s, m->row);
        s->drawn_row = m->row;
    }
    return s->drawn;
}

static void ended(est__mix *m, int input)
{
    sample *s = (sample *)m;
    s->open[input] = false;
    s->over = s->stops;
    s->drawn_row = -1;
}

static void took(est__mix *m, int input, int64_t rows)
{
    (void)m;
    (void)input;
    (void)rows;
}

static void free_sample(void *stage)
{
    sample *s = stage;
    if (s) {
        est__free(s->weight);
        est__free(s->open);
    }
    est__mix_free(stage);
}

static const est__source_kind source = EST__STAGE_SOURCE("sample", &est__mix_rows, free_sample);

static est_status set_weights(sample *s, const double *weights)
{
    double sum = 0;
    for (int i = 0; i < s->mix.stage.count; i++) {
        s->weight[i] = weights ? weights[i] : 1;
        if (!(s->weight[i] >= 0 && s->weight[i] <= 1e300))
            return est__fail(EST_INVALID_ARGUMENT, "est_sample_from_datasets_new: weights[%d] is %g; it must be 0 or more", i,
                             s->weight[i]);
        sum += s->weight[i];
        est__stage_identify(&s->mix.stage, "%.17g", s->weight[i]);
    }
    if (!(sum > 0))
        return est__fail(EST_INVALID_ARGUMENT, "est_sample_from_datasets_new: all weights are 0");
    for (int i = 0; i < s->mix.stage.count; i++)
        s->weight[i] /= sum;
    return EST_OK;
}

static est_status init(sample *s, const double *weights, uint64_t seed, bool stops)
{
    size_t count = (size_t)s->mix.stage.count;
    EST_TRY(est__combine_alike("est_sample_from_datasets_new", &s->mix.stage));
    s->weight = est__calloc(count, sizeof *s->weight);
    s->open = est__calloc(count, sizeof *s->open);
    if (!s->weight || !s->open)
        return est__fail_memory(count * sizeof *s->weight);
    EST_TRY(set_weights(s, weights));
    s->seed = seed;
    s->stops = stops;
    s->mix.reset = reset;
    s->mix.turn = turn;
    s->mix.ended = ended;
    s->mix.took = took;
    est__stage_identify(&s->mix.stage, "%llu %d", (unsigned long long)seed, stops);
    return est__mix_init(&s->mix);
}

est_status est_sample_from_datasets_new(est_dataset *const *datasets, const double *weights, size_t count, uint64_t seed,
                                        bool stop_on_empty_dataset, est_dataset **out)
{
    sample *s;
    *out = NULL;
    est_status st = est__combine_new("est_sample_from_datasets_new", datasets, count, sizeof *s, &est__mix_rows, &s);
    if (!s)
        return st;
    if (st == EST_OK)
        st = init(s, weights, seed, stop_on_empty_dataset);
    const est_dataset *first = s->mix.stage.from[0];
    bool any = false, all = true;
    for (int i = 0; i < s->mix.stage.count; i++) {
        any = any || s->mix.stage.from[i]->endless;
        all = all && s->mix.stage.from[i]->endless;
    }
    EST_TRY(est__combine_finish(st, est_dataset_features(first), first->label, &source, s, out));
    (*out)->endless = stop_on_empty_dataset ? all : any;
    return EST_OK;
}
