/* Functions at work: a call runs the function's plan on a frame of its own, and copies the results; a loop
 * keeps its variables in two sets of places, one that the body reads and one for what it gives. */
#include "backend/list.h"
#include "runtime/called.h"
#include "runtime/frame.h"

static est_status place_error(const est_kernel *k, est_status st)
{
    const est_operation *op = k->frame->step->op;
    return st == EST_OK ? st : est__fail_in(st, "%s '%s'", op->row->tf_name, op->name);
}

static est__run *run_of(const est_kernel *k, int part)
{
    return k->frame->called[k->frame->step->called->first_run + part];
}

/* The feeds of a part's plan: its arguments are in[given[i]]. NULL: no memory. */
static const est_tensor **feeds_of(est_kernel *k, int part, const est_tensor *const *in)
{
    const est__called_plan *p = &k->frame->step->called->part[part];
    const est_tensor **feeds = est__scratch(k, (p->plan->num_feeds + 1) * sizeof *feeds);
    for (size_t i = 0; feeds && i < p->plan->num_feeds; i++)
        feeds[i] = in[p->given[i]];
    return feeds;
}

static est_status run_part(est_kernel *k, int part, const est_tensor *const *feeds, uint64_t number)
{
    return place_error(k, est__run_step(run_of(k, part), feeds, number));
}

/* A scalar as TensorFlow's If sees it: a number that is not 0, a string that is not empty; of others, whether
 * there are elements. */
static bool is_true(const est_tensor *t)
{
    size_t length;
    if (t->shape.rank != 0)
        return est__tensor_elements(t) > 0;
    if (t->dtype != EST_STRING)
        return est__tensor_get(t, 0) != 0;
    est_tensor_string(t, 0, &length);
    return length > 0;
}

est_status est__call_cpu(est_kernel *k)
{
    const est__called *c = k->frame->step->called;
    bool chosen = c->num_parts == 2;
    int part = chosen && !is_true(k->in[0]);
    const est_tensor **feeds = feeds_of(k, part, k->in + chosen);
    if (feeds == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(run_part(k, part, feeds, k->step));
    for (int i = 0; i < c->num_made; i++)
        EST_TRY(est__out_copy(k, c->made[i], est__run_fetch(run_of(k, part), (size_t)i)));
    return EST_OK;
}

/* ---- loops ---- */

typedef struct variable {
    est_tensor value;
    char *place[2];
    size_t room[2];
} variable;

typedef struct loop {
    variable *v;
    const est_tensor **feeds[2];   /* of the condition and of the body: the variables' values */
} loop;

static size_t rounded(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* The value in memory of the loop's own, in place number `set`. */
static est_status keep(est_kernel *k, variable *v, int set, const est_tensor *from)
{
    int64_t n = est__tensor_elements(from);
    size_t main = from->dtype == EST_STRING ? ((size_t)n + 1) * sizeof(int64_t) : est__tensor_bytes(from), text = 0;
    const int64_t *offset = from->data;
    v->value = *from;
    if (from->dtype == EST_RESOURCE)
        return EST_OK;
    if (from->dtype == EST_VARIANT)
        main = est__list_in(from)->bytes;
    if (from->dtype == EST_STRING)
        text = (size_t)(offset[n] - offset[0]);
    size_t need = rounded(main) + text;
    if (need > v->room[set] || v->place[set] == NULL) {
        v->room[set] = need > 2 * v->room[set] ? need : 2 * v->room[set];
        v->place[set] = est__scratch(k, v->room[set]);
        if (v->place[set] == NULL)
            return EST_RESOURCE_EXHAUSTED;
    }
    v->value.data = v->place[set];
    if (main)
        memcpy(v->value.data, from->data, main);
    if (from->dtype == EST_STRING) {
        v->value.bytes = v->place[set] + rounded(main);
        if (text)
            memcpy(v->value.bytes, from->bytes + offset[0], text);
        for (int64_t i = n; i >= 0; i--)
            ((int64_t *)v->value.data)[i] -= offset[0];
    }
    return EST_OK;
}

/* One more time through the body; *done: the condition does not hold any more. */
static est_status iterate(est_kernel *k, loop *l, uint64_t iteration, bool *done)
{
    const est__called *c = k->frame->step->called;
    uint64_t number = k->step + (iteration << 40);   /* random numbers of its own */
    EST_TRY(run_part(k, 0, l->feeds[0], number));
    *done = !is_true(est__run_fetch(run_of(k, 0), 0));
    if (*done)
        return EST_OK;
    EST_TRY(run_part(k, 1, l->feeds[1], number));
    for (int i = 0; i < c->num_made; i++)
        EST_TRY(keep(k, &l->v[c->made[i]], (int)(iteration & 1), est__run_fetch(run_of(k, 1), (size_t)i)));
    return EST_OK;
}

est_status est__while_cpu(est_kernel *k)
{
    const est__called *c = k->frame->step->called;
    size_t n = (size_t)k->num_in;
    loop l = { .v = est__scratch(k, (n + 1) * sizeof *l.v) };
    const est_tensor **in = est__scratch(k, (n + 1) * sizeof *in);
    if (l.v == NULL || in == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        l.v[i] = (variable){ .value = *k->in[i] };
        in[i] = &l.v[i].value;
    }
    for (int part = 0; part < 2; part++)
        if ((l.feeds[part] = feeds_of(k, part, in)) == NULL)
            return EST_RESOURCE_EXHAUSTED;
    bool done = false;
    for (uint64_t iteration = 0; !done; iteration++)
        EST_TRY(iterate(k, &l, iteration, &done));
    for (int i = 0; i < k->num_out; i++)
        if (c->used[i])
            EST_TRY(est__out_copy(k, i, &l.v[i].value));
    return EST_OK;
}
