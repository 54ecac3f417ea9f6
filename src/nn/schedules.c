/* Learning rates that change from step to step, as nodes: tf.keras.optimizers.schedules in their float32 arithmetic, and the linear
 * warm-up of TensorFlow's Model Garden in front of any of them. */
#include <math.h>

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "base/fields.h"
#include "graph/graph.h"
#include "nn/schedules.h"

enum { DEEPEST = 8 };    /* warm-ups of warm-ups */

/* What every function here is given. */
typedef struct place {
    est_graph *g;
    const est_schedule *s;     /* complete */
    est_node *step;            /* float32 */
    int depth;
} place;

static est_node *number(const place *p, double v)
{
    return est_constant_float(p->g, v);
}

static est_node *op1(const place *p, const char *op, est_node *x)
{
    return est_op(p->g, op, NULL, EST_NODES(x), EST_NO_ATTRS);
}

/* step / decay_steps, whole where it is a staircase. */
static est_node *periods(const place *p)
{
    est_node *n = est_div(p->g, p->step, number(p, p->s->decay_steps));
    return p->s->staircase ? op1(p, "Floor", n) : n;
}

/* initial * rate^(step / decay_steps) */
static est_node *exponential(const place *p)
{
    return est_mul(p->g, number(p, p->s->initial_learning_rate), est_pow(p->g, number(p, p->s->decay_rate), periods(p)));
}

/* initial / (1 + rate * step / decay_steps) */
static est_node *inverse_time(const place *p)
{
    est_node *growth = est_mul(p->g, number(p, p->s->decay_rate), periods(p));
    return est_div(p->g, number(p, p->s->initial_learning_rate), est_add(p->g, number(p, 1), growth));
}

/* values[i] up to boundaries[i], that step included; then the last. */
static est_node *piecewise(const place *p)
{
    const est_schedule *s = p->s;
    est_node *value = number(p, s->values.data[s->boundaries.count]);
    for (size_t i = s->boundaries.count; i-- > 0;) {
        est_node *before = est_less_equal(p->g, p->step, number(p, (double)s->boundaries.data[i]));
        value = est_where(p->g, before, number(p, s->values.data[i]), value);
    }
    return value;
}

/* (initial - end) * (1 - step / decay_steps)^power + end; past decay_steps it stays, or decay_steps grows to the next multiple. */
static est_node *polynomial(const place *p)
{
    est_graph *g = p->g;
    const est_schedule *s = p->s;
    est_node *steps = number(p, s->decay_steps), *step = p->step, *end = number(p, s->end_learning_rate);
    if (s->cycle)
        steps = est_mul(g, steps, est_where(g, est_equal(g, step, number(p, 0)), number(p, 1), op1(p, "Ceil", est_div(g, step, steps))));
    else
        step = est_minimum(g, step, steps);
    est_node *left = est_pow(g, est_sub(g, number(p, 1), est_div(g, step, steps)), number(p, s->power));
    return est_add(g, est_mul(g, est_sub(g, number(p, s->initial_learning_rate), end), left), end);
}

/* 1 + cos(pi * fraction) */
static est_node *wave(const place *p, est_node *fraction)
{
    return est_add(p->g, number(p, 1), op1(p, "Cos", est_mul(p->g, number(p, 3.14159265358979323846), fraction)));
}

/* from * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha) */
static est_node *cosine_from(const place *p, est_node *step, double from)
{
    est_graph *g = p->g;
    est_node *half = est_mul(g, number(p, 0.5), wave(p, est_div(g, step, number(p, p->s->decay_steps))));
    est_node *decayed = est_add(g, est_mul(g, number(p, 1 - p->s->alpha), half), number(p, p->s->alpha));
    return est_mul(g, number(p, from), decayed);
}

/* After a line from the initial rate to warmup_target, where that is given. */
static est_node *cosine(const place *p)
{
    est_graph *g = p->g;
    const est_schedule *s = p->s;
    est_node *warmup_steps = number(p, s->warmup_steps), *steps = number(p, s->decay_steps), *initial = number(p, s->initial_learning_rate);
    if (s->warmup_target == 0)
        return cosine_from(p, est_minimum(g, p->step, steps), s->initial_learning_rate);
    est_node *step = est_minimum(g, p->step, est_add(g, steps, warmup_steps));
    est_node *decayed = cosine_from(p, est_sub(g, step, warmup_steps), s->warmup_target);
    if (s->warmup_steps == 0)
        return decayed;
    est_node *rise = est_mul(g, est_sub(g, number(p, s->warmup_target), initial), est_div(g, step, warmup_steps));
    return est_where(g, est_less(g, step, warmup_steps), est_add(g, rise, initial), decayed);
}

/* How often it has begun anew, where each time takes t_mul times as long, and how much of the running time is over. */
static est_node *restarts(const place *p, est_node **fraction)
{
    est_graph *g = p->g;
    est_node *done = est_div(g, p->step, number(p, p->s->first_decay_steps)), *one = number(p, 1), *t = number(p, p->s->t_mul);
    if ((float)p->s->t_mul == 1.0f) {
        est_node *count = op1(p, "Floor", done);
        *fraction = est_sub(g, done, count);
        return count;
    }
    est_node *grown = est_log(g, est_sub(g, one, est_mul(g, done, est_sub(g, one, t))));
    est_node *count = op1(p, "Floor", est_div(g, grown, est_log(g, t)));
    est_node *scale = est_pow(g, t, count), *before = est_div(g, est_sub(g, one, scale), est_sub(g, one, t));
    *fraction = est_div(g, est_sub(g, done, before), scale);
    return count;
}

static est_node *cosine_restarts(const place *p)
{
    est_graph *g = p->g;
    est_node *alpha = number(p, p->s->alpha), *fraction;
    est_node *highest = est_pow(g, number(p, p->s->m_mul), restarts(p, &fraction));
    est_node *decayed = est_mul(g, est_mul(g, number(p, 0.5), highest), wave(p, fraction));
    decayed = est_add(g, est_mul(g, est_sub(g, number(p, 1), alpha), decayed), alpha);
    return est_mul(g, number(p, p->s->initial_learning_rate), decayed);
}

static est_node *at(est_graph *g, const est_schedule *schedule, est_node *step, int depth);

/* A line from warmup_learning_rate to what follows at warmup_steps, then what follows. */
static est_node *linear_warmup(const place *p)
{
    est_graph *g = p->g;
    const est_schedule *s = p->s, *next = s->learning_rate_schedule;
    est_node *steps = number(p, s->warmup_steps), *from = number(p, s->warmup_learning_rate);
    est_node *after = next ? at(g, next, p->step, p->depth + 1) : number(p, s->learning_rate);
    est_node *top = next ? at(g, next, steps, p->depth + 1) : after;
    est_node *line = est_add(g, from, est_mul(g, est_div(g, p->step, steps), est_sub(g, top, from)));
    return est_where(g, est_less(g, p->step, steps), line, after);
}

/* ---- by name ---- */
#define RATE(member, text) EST_FIELD(est_schedule, FLOAT, member, .needed = true, .max = INFINITY, .zero = EST_OFF, .doc = text)
#define STEPS(member, text) \
    EST_FIELD(est_schedule, FLOAT, member, .needed = true, .above_min = true, .max = INFINITY, .doc = text)
#define STAIRCASE EST_FIELD(est_schedule, BOOL, staircase, .doc = "it falls each decay_steps alone")
#define ALPHA EST_FIELD(est_schedule, FLOAT, alpha, .max = INFINITY, .doc = "the least rate, as a share of the initial one")

static const est_field exponential_fields[] = {
    RATE(initial_learning_rate, "at step 0"),
    STEPS(decay_steps, "after so many steps it is multiplied with decay_rate"),
    RATE(decay_rate, "factor of each decay_steps"),
    STAIRCASE,
    { 0 }
};
static const est_field inverse_time_fields[] = {
    RATE(initial_learning_rate, "at step 0"),
    STEPS(decay_steps, "it is divided by 1 + decay_rate * step / decay_steps"),
    RATE(decay_rate, "how soon it falls"),
    STAIRCASE,
    { 0 }
};
static const est_field piecewise_fields[] = {
    EST_FIELD(est_schedule, INTS, boundaries, .needed = true, .doc = "the last step of each value but the last one"),
    EST_FIELD(est_schedule, FLOATS, values, .needed = true, .doc = "one more than boundaries"),
    { 0 }
};
static const est_field polynomial_fields[] = {
    RATE(initial_learning_rate, "at step 0"),
    STEPS(decay_steps, "it falls over so many steps"),
    EST_FIELD(est_schedule, FLOAT, end_learning_rate, .def = 0.0001, .max = INFINITY, .zero = EST_OFF, .doc = "after decay_steps"),
    EST_FIELD(est_schedule, FLOAT, power, .def = 1, .max = INFINITY, .zero = EST_OFF, .doc = "of the polynomial"),
    EST_FIELD(est_schedule, BOOL, cycle, .doc = "it rises again after decay_steps"),
    { 0 }
};
static const est_field cosine_fields[] = {
    RATE(initial_learning_rate, "at step 0"),
    STEPS(decay_steps, "it falls over so many steps"),
    ALPHA,
    EST_FIELD(est_schedule, FLOAT, warmup_target, .above_min = true, .max = INFINITY, .doc = "where the warm-up ends"),
    EST_FIELD(est_schedule, FLOAT, warmup_steps, .max = INFINITY, .doc = "steps of the warm-up"),
    { 0 }
};
static const est_field cosine_restarts_fields[] = {
    RATE(initial_learning_rate, "at step 0"),
    STEPS(first_decay_steps, "steps until it begins anew for the first time"),
    EST_FIELD(est_schedule, FLOAT, t_mul, .def = 2, .min = 1, .max = INFINITY, .doc = "each time is so many times as long"),
    EST_FIELD(est_schedule, FLOAT, m_mul, .def = 1, .max = INFINITY, .zero = EST_OFF, .doc = "each time begins so many times as high"),
    ALPHA,
    { 0 }
};
static const est_field linear_warmup_fields[] = {
    STEPS(warmup_steps, "steps of the warm-up"),
    EST_FIELD(est_schedule, FLOAT, warmup_learning_rate, .max = INFINITY, .doc = "at step 0"),
    EST_FIELD(est_schedule, FLOAT, learning_rate, .above_min = true, .max = INFINITY, .doc = "after the warm-up"),
    EST__RATE_SCHEDULE_FIELD(est_schedule),
    { 0 }
};

static const struct kind {
    const char *name;
    const est_field *fields;
    est_node *(*build)(const place *p);
} kinds[] = {
    { "CosineDecay", cosine_fields, cosine },
    { "CosineDecayRestarts", cosine_restarts_fields, cosine_restarts },
    { "ExponentialDecay", exponential_fields, exponential },
    { "InverseTimeDecay", inverse_time_fields, inverse_time },
    { "LinearWarmup", linear_warmup_fields, linear_warmup },
    { "PiecewiseConstantDecay", piecewise_fields, piecewise },
    { "PolynomialDecay", polynomial_fields, polynomial },
};
enum { COUNT = sizeof kinds / sizeof kinds[0] };

const char *const *est_schedule_names(void)
{
    static const char *const names[COUNT + 1] = { "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
                                                  "LinearWarmup", "PiecewiseConstantDecay", "PolynomialDecay" };
    return names;
}

static const struct kind *find(const char *type)
{
    for (size_t i = 0; type && i < COUNT; i++)
        if (strcmp(kinds[i].name, type) == 0)
            return &kinds[i];
    return NULL;
}

const est_field *est_schedule_fields(const char *type)
{
    const struct kind *k = find(type);
    return k ? k->fields : NULL;
}

static est_status check_piecewise(const char *where, const est_schedule *s)
{
    if (s->values.count != s->boundaries.count + 1)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there are %zu values for %zu boundaries; it takes one more than boundaries", where,
                         s->values.count, s->boundaries.count);
    for (size_t i = 1; i < s->boundaries.count; i++)
        if (s->boundaries.data[i] <= s->boundaries.data[i - 1])
            return est__fail(EST_INVALID_ARGUMENT, "%s: boundaries[%zu] is %lld, after %lld; they must rise", where, i,
                             (long long)s->boundaries.data[i], (long long)s->boundaries.data[i - 1]);
    return EST_OK;
}

static est_status check(const est_schedule *given, int depth);

static est_status check_warmup(const char *where, const est_schedule *s, int depth)
{
    if ((s->learning_rate > 0) == (s->learning_rate_schedule != NULL))
        return est__fail(EST_INVALID_ARGUMENT, "%s: learning_rate must be a number or a schedule: what follows", where);
    return s->learning_rate_schedule ? check(s->learning_rate_schedule, depth + 1) : EST_OK;
}

/* The caller's, with the defaults of its kind. */
static est_status complete(const est_schedule *given, const struct kind **kind, est_schedule *out)
{
    char where[128];
    *kind = find(given->type);
    if (*kind == NULL) {
        const char *type = given->type ? given->type : "(NULL)", *near = est__nearest(type, est_schedule_names(), COUNT);
        return est__fail(EST_INVALID_ARGUMENT, "unknown schedule '%s'%s%s%s", type, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
    }
    snprintf(where, sizeof where, "schedule %s", (*kind)->name);
    EST_TRY(est__fields_apply((*kind)->fields, where, given, sizeof *given, out, sizeof *out));
    est__fields_write_zeros((*kind)->fields, out);
    return EST_OK;
}

static est_status check(const est_schedule *given, int depth)
{
    const struct kind *kind;
    est_schedule s;
    char where[128];
    if (depth > DEEPEST)
        return est__fail(EST_INVALID_ARGUMENT, "schedule %s: it is the %dth inside of others; at most %d are nested",
                         given->type ? given->type : "(NULL)", depth, DEEPEST);
    EST_TRY(complete(given, &kind, &s));
    snprintf(where, sizeof where, "schedule %s", kind->name);
    if (kind->build == piecewise)
        return check_piecewise(where, &s);
    return kind->build == linear_warmup ? check_warmup(where, &s, depth) : EST_OK;
}

est_status est_schedule_check(const est_schedule *schedule)
{
    return check(schedule, 0);
}

/* Of one that was checked. */
static est_node *at(est_graph *g, const est_schedule *schedule, est_node *step, int depth)
{
    const struct kind *kind;
    est_schedule s;
    est_status st = complete(schedule, &kind, &s);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_graph_begin_scope(g, kind->name);
    est_node *rate = kind->build(&(place){ .g = g, .s = &s, .step = step, .depth = depth });
    est_graph_end_scope(g);
    return rate;
}

est_node *est_scheduled(est_graph *g, const est_schedule *schedule, est_node *step)
{
    est_status st = est_schedule_check(schedule);
    if (st != EST_OK)
        return est__spoil(g, st);
    return at(g, schedule, est_cast(g, step, EST_FLOAT), 0);
}
