/* Schedules of learning rates by segments, and the callback that keeps to one. */
#include <math.h>

#include "loop/loop.h"

/* ---- shapes: curves over [0, 1] ---- */

static double linear(double x, void *user)
{
    (void)user;
    return x;
}

static double cosine(double x, void *user)
{
    (void)user;
    return (1 - cos(acos(-1) * x)) / 2;
}

static const char *const shape_names[] = { "linear", "cosine", "constant" };
enum { NUM_SHAPES = sizeof shape_names / sizeof *shape_names };

typedef double (*curve_fn)(double x, void *user);

/* NULL in `*curve`: constant. */
static est_status curve_of(const est_schedule_segment *s, size_t index, curve_fn *curve)
{
    static const curve_fn curves[NUM_SHAPES] = { linear, cosine, NULL };
    *curve = s->curve ? s->curve : linear;
    if (s->curve && s->shape)
        return est__fail(EST_INVALID_ARGUMENT, "segments[%zu]: it takes shape or curve, not both", index);
    if (s->curve && s->curve(0, s->user) == s->curve(1, s->user))
        return est__fail(EST_INVALID_ARGUMENT, "segments[%zu]: its curve ends where it began, at %g", index, s->curve(0, s->user));
    for (int i = 0; s->shape && i < NUM_SHAPES; i++)
        if (strcmp(s->shape, shape_names[i]) == 0) {
            *curve = curves[i];
            return EST_OK;
        }
    if (s->shape == NULL)
        return EST_OK;
    const char *near = est__nearest(s->shape, shape_names, NUM_SHAPES);
    return est__fail(EST_INVALID_ARGUMENT, "segments[%zu]: there is no shape '%s'%s%s%s", index, s->shape, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* ---- segments ---- */

/* How many steps segment i has: the last one what the others leave, each sharing its first one. */
static est_status steps_of(est_schedule_segments s, int64_t total, size_t i, int64_t *out)
{
    int64_t rest = total;
    if (i + 1 < s.count && s.data[i].step_count < 1)
        return est__fail(EST_INVALID_ARGUMENT, "segments[%zu]: step_count is %lld; all but the last have one", i,
                         (long long)s.data[i].step_count);
    *out = s.data[i].step_count;
    if (i + 1 < s.count)
        return EST_OK;
    if (s.data[i].step_count != 0)
        return est__fail(EST_INVALID_ARGUMENT, "segments[%zu]: the last has the steps that the others leave; its step_count is %lld", i,
                         (long long)s.data[i].step_count);
    for (size_t k = 0; k < i; k++)
        rest = s.data[k].step_count - 1 < rest ? rest - (s.data[k].step_count - 1) : 0;
    *out = rest;
    return rest >= 1 ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "segments: those before the last take more than all %lld steps", (long long)total);
}

/* The value of a segment that leads from `start`, `x` of its way along. */
static double along(const est_schedule_segment *s, curve_fn curve, double start, double x)
{
    if (curve == NULL)
        return start;
    double first = curve(0, s->user), last = curve(1, s->user);
    return start + (curve(x, s->user) - first) / (last - first) * (s->end_rate - start);
}

est_status est_schedule_segments_rate(est_schedule_segments segments, int64_t total, int64_t step, double *rate)
{
    *rate = 0;
    if (segments.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "segments are needed");
    double start = segments.data[0].starts ? segments.data[0].start_rate : 0, found = start;
    int64_t begin = 0;
    bool is_found = step == 0;
    for (size_t i = 0; i < segments.count; i++) {
        const est_schedule_segment *s = &segments.data[i];
        curve_fn curve;
        int64_t steps = 0;
        EST_TRY(curve_of(s, i, &curve));
        EST_TRY(steps_of(segments, total, i, &steps));
        start = s->starts ? s->start_rate : start;
        if (steps == 1)   /* it adds no step */
            continue;
        if (!is_found && step > begin && step < begin + steps) {
            found = along(s, curve, start, (double)(step - begin) / (double)(steps - 1));
            is_found = true;
        }
        start = curve ? s->end_rate : start;
        begin += steps - 1;
    }
    if (!is_found || step < 0)
        return est__fail(EST_OUT_OF_RANGE, "step %lld is not within a schedule of %lld steps", (long long)step, (long long)total);
    *rate = found;
    return EST_OK;
}

/* ---- the callback ---- */

typedef struct scheduler {
    est_learning_rate_scheduler_options o;
    est_schedule_segment *segment;
    int64_t total;                /* 0: not known yet in this fit */
} scheduler;

static double corrected(const scheduler *s, int64_t step)
{
    if (s->o.bias_correction.count == 0)
        return 1;
    double b1 = s->o.bias_correction.data[0], b2 = s->o.bias_correction.data[1], t = (double)step;
    return s->o.literal_bias_correction ? sqrt(1 - pow(b2, t)) / (b1 - pow(b2, t)) : sqrt(1 - pow(b2, t + 1)) / (1 - pow(b1, t + 1));
}

static est_status set_rate(est_training_loop *l, est_loop_event event, void *user)
{
    scheduler *s = user;
    double rate;
    if (event == EST_FIT_START)
        s->total = 0;
    if (event == EST_FIT_START || l->phase->mode != EST_TRAIN)
        return EST_OK;
    if (s->total == 0)
        s->total = l->phase->batches * l->epoch_count;
    int64_t step = l->batch_index + l->epoch_index * l->phase->batches;
    if (s->o.schedule)
        rate = s->o.schedule(step, s->total, s->o.user);
    else
        EST_TRY(est_schedule_segments_rate(s->o.segments, s->total, step, &rate));
    return est_training_loop_set_learning_rate(l, rate * corrected(s, step));
}

static void free_scheduler(void *user)
{
    scheduler *s = user;
    for (size_t i = 0; s->segment && i < s->o.segments.count; i++)
        est__free((char *)(uintptr_t)s->segment[i].shape);
    est__free(s->segment);
    est__free((double *)(uintptr_t)s->o.bias_correction.data);
    est__free(s);
}

static est_status check(const est_learning_rate_scheduler_options *o)
{
    static const char where[] = "est_learning_rate_scheduler_new";
    double rate;
    int64_t least = 1;
    if (!o->segments.count == !o->schedule)
        return est__fail(EST_INVALID_ARGUMENT, "%s: it takes segments or schedule, one of the two", where);
    if (o->bias_correction.count != 0 && o->bias_correction.count != 2)
        return est__fail(EST_INVALID_ARGUMENT, "%s: bias_correction has %zu numbers; it takes beta_1 and beta_2", where,
                         o->bias_correction.count);
    for (size_t i = 0; i < o->segments.count; i++)
        if (o->segments.data[i].step_count > 1 && __builtin_add_overflow(least, o->segments.data[i].step_count - 1, &least))
            return est__fail(EST_INVALID_ARGUMENT, "%s: segments[%zu]: step_count is too large", where, i);
    est_status st = o->schedule ? EST_OK : est_schedule_segments_rate(o->segments, least, 0, &rate);
    return st == EST_OK ? st : est__fail_in(st, "%s", where);
}

/* What the options point to becomes the scheduler's own. */
static est_status copy(scheduler *s, const est_learning_rate_scheduler_options *o)
{
    s->o = *o;
    s->o.segments.data = NULL;
    s->o.bias_correction.data = NULL;
    double *betas = est__malloc(sizeof *betas * 2);
    s->o.bias_correction.data = betas;
    s->o.segments.data = s->segment = est__calloc(o->segments.count + 1, sizeof *s->segment);
    if (betas == NULL || s->segment == NULL)
        return est__fail_memory(o->segments.count * sizeof *s->segment);
    for (size_t i = 0; i < o->bias_correction.count; i++)
        betas[i] = o->bias_correction.data[i];
    for (size_t i = 0; i < o->segments.count; i++) {
        s->segment[i] = o->segments.data[i];
        if (o->segments.data[i].shape && (s->segment[i].shape = est__strdup(o->segments.data[i].shape)) == NULL)
            return est__fail_memory(strlen(o->segments.data[i].shape));
    }
    return EST_OK;
}

est_status est_learning_rate_scheduler_new_sized(const est_learning_rate_scheduler_options *options, size_t size, est_loop_callback **out)
{
    static const est_loop_callback_options callback = { .name = "learning rate", .call = set_rate, .free_user = free_scheduler,
                                                        .events = 1u << EST_FIT_START | 1u << EST_BATCH_START };
    est_learning_rate_scheduler_options o = { 0 };
    *out = NULL;
    memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(check(&o));
    scheduler *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    est_status st = copy(s, &o);
    if (st == EST_OK)
        return est__loop_callback_of(&callback, s, out);
    free_scheduler(s);
    return st;
}
