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

static int choose(const est_kernel *k, est__calls calls, int num_parts)
{
    if (calls == EST__CALL)
        return 0;
    if (calls == EST__IF)
        return !is_true(k->in[0]);
    int64_t i = est__tensor_elements(k->in[0]) == 1 ? (int64_t)est__tensor_get(k->in[0], 0) : -1;
    return i < 0 || i >= num_parts ? num_parts - 1 : (int)i;
}

est_status est__call_cpu(est_kernel *k)
{
    const est__called *c = k->frame->step->called;
    est__calls calls = k->frame->step->op->row->calls;
    int part = choose(k, calls, c->num_parts);
    const est_tensor **feeds = feeds_of(k, part, k->in + (calls != EST__CALL));
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
    est__list **list;              /* that it holds, of which each is one variable's at most */
    int num_lists;
    uint64_t iterations;           /* so far */
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

/* ---- lists: those of the loop are changed by its body in place ---- */

/* The variable holds the list, as the only one. */
static void hold(loop *l, variable *v, est__list *list)
{
    list->holder = l;
    list->mark = l->iterations;
    v->value = (est_tensor){ .dtype = EST_VARIANT, .data = list };
}

static bool holds(const loop *l, const est__list *list)
{
    return list->holder == l && list->mark == l->iterations;
}

/* A list of the loop's that no variable holds; NULL: no memory. */
static est__list *spare(est_kernel *k, loop *l)
{
    for (int i = 0; i < l->num_lists; i++)
        if (!holds(l, l->list[i]))
            return l->list[i];
    est__list *list = est__scratch_list(k);
    if (list)
        l->list[l->num_lists++] = list;
    return list;
}

/* The new values that are lists: one that the loop has it keeps; one that the body has made it takes over; what it
 * holds already, or is another's, it copies. */
static est_status keep_lists(est_kernel *k, loop *l)
{
    const est__called *c = k->frame->step->called;
    const est__run *body = run_of(k, 1);
    for (int i = 0; i < c->num_made; i++) {
        est__list *from = est__list_in(est__run_fetch(body, (size_t)i));
        if (est__run_fetch(body, (size_t)i)->dtype == EST_VARIANT && from->holder == l && !holds(l, from))
            hold(l, &l->v[c->made[i]], from);
    }
    for (int i = 0; i < c->num_made; i++) {
        const est_tensor *t = est__run_fetch(body, (size_t)i);
        variable *v = &l->v[c->made[i]];
        if (t->dtype != EST_VARIANT || (v->value.data == t->data && holds(l, est__list_in(t))))
            continue;
        est__list *to = spare(k, l);
        if (to == NULL)
            return EST_RESOURCE_EXHAUSTED;
        EST_TRY(place_error(k, est__list_copy(to, est__list_in(t))));
        hold(l, v, to);
    }
    return EST_OK;
}

/* The first value of a variable that changes, a list: the loop's own if nobody else wants it, else a copy. */
static est_status begin_list(est_kernel *k, loop *l, int i)
{
    est__list *from = est__list_in(k->in[i]), *to = est__takes(k, i) ? from : est__scratch_list(k);
    if (to == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (to != from)
        EST_TRY(place_error(k, est__list_copy(to, from)));
    hold(l, &l->v[i], to);
    l->list[l->num_lists++] = to;
    return EST_OK;
}

/* One more time through the body; *done: the condition does not hold any more. */
static est_status iterate(est_kernel *k, loop *l, bool *done)
{
    const est__called *c = k->frame->step->called;
    uint64_t number = k->step + (l->iterations << 40);   /* random numbers of its own */
    EST_TRY(run_part(k, 0, l->feeds[0], number));
    *done = !is_true(est__run_fetch(run_of(k, 0), 0));
    if (*done)
        return EST_OK;
    EST_TRY(run_part(k, 1, l->feeds[1], number));
    int set = (int)(l->iterations++ & 1);
    for (int i = 0; i < c->num_made; i++)
        if (est__run_fetch(run_of(k, 1), (size_t)i)->dtype != EST_VARIANT)
            EST_TRY(keep(k, &l->v[c->made[i]], set, est__run_fetch(run_of(k, 1), (size_t)i)));
    return keep_lists(k, l);
}

static est_status begin(est_kernel *k, loop *l)
{
    const est__called *c = k->frame->step->called;
    size_t n = (size_t)k->num_in;
    const est_tensor **in = est__scratch(k, (n + 1) * sizeof *in);
    l->v = est__scratch(k, (n + 1) * sizeof *l->v);
    l->list = est__scratch(k, (2 * n + 1) * sizeof *l->list);
    if (in == NULL || l->v == NULL || l->list == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        l->v[i] = (variable){ .value = *k->in[i] };
        in[i] = &l->v[i].value;
    }
    for (int i = 0; i < c->num_made; i++)
        if (k->in[c->made[i]]->dtype == EST_VARIANT)
            EST_TRY(begin_list(k, l, c->made[i]));
    for (int part = 0; part < 2; part++)
        if ((l->feeds[part] = feeds_of(k, part, in)) == NULL)
            return EST_RESOURCE_EXHAUSTED;
    return EST_OK;
}

est_status est__while_cpu(est_kernel *k)
{
    const est__called *c = k->frame->step->called;
    loop l = { 0 };
    bool done = false;
    EST_TRY(begin(k, &l));
    while (!done)
        EST_TRY(iterate(k, &l, &done));
    for (int i = 0; i < k->num_out; i++)
        if (c->used[i] && l.v[i].value.dtype == EST_VARIANT && est__list_in(&l.v[i].value)->holder == &l)
            EST_TRY(est__out_lend(k, i, &l.v[i].value));
        else if (c->used[i])
            EST_TRY(est__out_copy(k, i, &l.v[i].value));
    return EST_OK;
}
