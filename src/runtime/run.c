/* A run: one thread's kernels for a plan, called one after another. */
#include "runtime/called.h"
#include "runtime/frame.h"

#include <math.h>

/* Runs of the functions that the plan's steps call. */
static est_status add_called(est__run *r, const est__plan *p, est__pool *pool)
{
    r->frame.called = est__calloc((size_t)p->num_called + 1, sizeof *r->frame.called);
    if (r->frame.called == NULL)
        return est__fail_memory((size_t)p->num_called * sizeof *r->frame.called);
    for (size_t s = 0; s < p->num_steps; s++) {
        const est__called *c = p->step[s].called;
        for (int i = 0; c && i < c->num_parts; i++)
            EST_TRY(est__run_new(c->part[i].plan, pool, &r->frame.called[c->first_run + i]));
    }
    return EST_OK;
}

static est__frame *frame_of(est__run *r, size_t s)
{
    const est__step *step = &r->frame.plan->step[s];
    size_t n = step->group_end - step->group_begin;
    return n > 1 ? &r->frame.lane[(s - step->group_begin) / est__lane_steps(n)] : &r->frame;
}

est_status est__run_new(const est__plan *p, est__pool *pool, est__run **out)
{
    size_t inputs = 0;
    est__run *r = est__calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return est__fail_memory(sizeof *r);
    for (size_t s = 0; s < p->num_steps; s++) {
        const est__fused *f = p->step[s].fused;
        inputs += (size_t)p->step[s].num_in;
        for (int m = 0; f && m < f->num_ops; m++)
            inputs += (size_t)f->member[m].num_in;
    }
    est_status st = est__frame_new(&r->frame, p, pool);
    r->kernel = est__calloc(p->num_steps + 1, sizeof *r->kernel);
    r->frame.member = est__calloc((size_t)p->num_members + 1, sizeof *r->frame.member);
    r->in = est__calloc(inputs + 1, sizeof *r->in);
    if (st == EST_OK && (!r->kernel || !r->frame.member || !r->in))
        st = est__fail_memory(inputs * sizeof *r->in);
    if (st == EST_OK)
        st = add_called(r, p, pool);
    const est_tensor **in = r->in;
    for (size_t s = 0; s < p->num_steps && st == EST_OK; s++) {
        const est__fused *f = p->step[s].fused;
        est__kernel_of(&r->kernel[s], &p->step[s], frame_of(r, s), in);
        in += p->step[s].num_in;
        for (int m = 0; f && m < f->num_ops; m++) {
            est__kernel_of(&r->frame.member[f->first_member + m], &f->member[m], &r->frame, in);
            in += f->member[m].num_in;
        }
    }
    if (st != EST_OK) {
        est__run_free(r);
        return st;
    }
    *out = r;
    return EST_OK;
}

void est__run_free(est__run *r)
{
    if (r == NULL)
        return;
    for (int i = 0; r->frame.called && i < r->frame.plan->num_called; i++)
        est__run_free(r->frame.called[i]);
    est__free(r->frame.called);
    est__frame_free(&r->frame);
    est__free(r->frame.member);
    est__free(r->kernel);
    est__free(r->in);
    est__free(r->seconds);
    est__free(r);
}

static inline est_status run_step(est__run *r, size_t s, uint64_t number)
{
    const est__step *step = &r->frame.plan->step[s];
    est_kernel *k = &r->kernel[s];
    k->frame->step = step;
    est__heap_empty(&k->frame->scratch);
    if (step->stateful)
        k->step = number;
    return step->cpu(k);
}

/* A group of steps on its way: each lane stops at its first error. */
typedef struct group {
    est__run *r;
    size_t begin;
    uint64_t number;
    est__error error[EST__LANES];
} group;

static void run_lane(void *arg, int64_t lane, int64_t begin, int64_t end)
{
    group *g = arg;
    est_status st = EST_OK;
    for (int64_t s = begin; s < end && st == EST_OK; s++)
        st = run_step(g->r, g->begin + (size_t)s, g->number);
    est__error_take(&g->error[lane], st);
}

/* The error of the first lane is that of the first step that failed. */
static est_status run_group(est__run *r, const est__step *first, uint64_t number)
{
    size_t n = first->group_end - first->group_begin;
    group g;
    g.r = r;
    g.begin = first->group_begin;
    g.number = number;
    for (int lane = 0; lane < EST__LANES; lane++)
        g.error[lane].status = EST_OK;
    est__for_blocks(r->frame.pool, (int64_t)n, (int64_t)est__lane_steps(n), run_lane, &g);
    for (int lane = 0; lane < EST__LANES; lane++)
        if (g.error[lane].status != EST_OK)
            return est__error_give(&g.error[lane]);
    return EST_OK;
}

/* Is there enough to do for more than one thread? */
static bool is_worth(const est__run *r, const est__step *first)
{
    enum { ELEMENTS = 256 };
    const est_kernel *k = &r->kernel[first->group_begin];
    for (int i = 0; i < k->num_in; i++)
        if (k->in[i]->shape.rank > 0 && est__tensor_elements(k->in[i]) >= ELEMENTS)
            return true;
    return false;
}

static est_status run_steps(est__run *r, size_t begin, size_t end, uint64_t number)
{
    const est__plan *p = r->frame.plan;
    for (size_t s = begin; s < end; s++) {
        const est__step *step = &p->step[s];
        if (step->group_end - s > 1 && !r->seconds && est__pool_threads(r->frame.pool) > 1 && is_worth(r, step)) {
            EST_TRY(run_group(r, step, number));
            s = step->group_end - 1;
            continue;
        }
        double start = r->seconds ? est__clock() : 0;
        EST_TRY(run_step(r, s, number));
        if (r->seconds)
            r->seconds[s] += est__clock() - start;
    }
    return EST_OK;
}

/* Plans were made for the nodes' shapes, so nothing else may come in. */
est_status est__run_feed(est__run *r, const est_tensor *const *feeds)
{
    const est__plan *p = r->frame.plan;
    for (size_t i = 0; i < p->num_feeds; i++) {
        const est_node *n = p->value[p->feed[i]].node;
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        if (p->value[p->feed[i]].constant)
            continue;
        if (feeds[i]->dtype != n->dtype || !est__shape_compatible(&feeds[i]->shape, &n->shape))
            return est__fail(EST_INVALID_ARGUMENT, "feed '%s' is %s %s; %s %s is wanted", n->op->name,
                             est_dtype_name(feeds[i]->dtype), est__shape_string(a, &feeds[i]->shape),
                             est_dtype_name(n->dtype), est__shape_string(b, &n->shape));
        r->frame.tensor[p->feed[i]] = *feeds[i];
    }
    return EST_OK;
}

static est_status check(const est__frame *f)
{
    int v = f->plan->checked;
    if (v < 0)
        return EST_OK;
    const char *name = f->plan->value[v].node->op->name;
    char shape[EST__SHAPE_TEXT_SIZE];
    if (est__tensor_elements(&f->tensor[v]) != 1)
        return est__fail(EST_INVALID_ARGUMENT, "'%s', which is to be finite, is %s; one element is wanted",
                         name, est__shape_string(shape, &f->tensor[v].shape));
    double value = est__tensor_get(&f->tensor[v], 0);
    return isfinite(value) ? EST_OK : est__fail(EST_ABORTED, "'%s' is %g", name, value);
}

est_status est__run_compute(est__run *r, const est_tensor *const *feeds, uint64_t number)
{
    est__frame *f = &r->frame;
    est__frame_begin(f);
    EST_TRY(est__run_feed(r, feeds));
    EST_TRY(run_steps(r, 0, f->plan->first_assign, number));
    return check(f);
}

est_status est__run_assign(est__run *r, uint64_t number)
{
    const est__plan *p = r->frame.plan;
    EST_TRY(run_steps(r, p->first_assign, p->num_steps, number));
    r->calls += r->seconds != NULL;
    est__frame_settle(&r->frame);
    return EST_OK;
}

est_status est__run_step(est__run *r, const est_tensor *const *feeds, uint64_t number)
{
    EST_TRY(est__run_compute(r, feeds, number));
    return est__run_assign(r, number);
}

const est_tensor *est__run_fetch(const est__run *r, size_t i)
{
    return &r->frame.tensor[r->frame.plan->fetch[i]];
}
