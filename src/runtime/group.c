/* Steps that may run side by side: neighbours of one operation that do not wait for each other. A model of many columns has a
 * lookup, a gradient and an update for each; each by itself is too short to be cut up. */
#include "runtime/plan.h"

enum { WORTH = 4 };   /* steps, from which on a group is made */

static bool may_join(const est__step *s)
{
    return (s->op->row->flags & EST_OP_PARALLEL) && !s->fused && !s->called && s->op->num_controls == 0;
}

/* Updates of one variable are made one after another. */
static bool share_variable(const est__plan *p, const est__step *a, const est__step *b)
{
    if (!(a->op->flags & EST_OP_ASSIGNS))
        return false;
    for (int i = 0; i < a->num_in; i++)
        for (int j = 0; j < b->num_in; j++) {
            if (p->value[a->in[i]].node->dtype != EST_RESOURCE || p->value[b->in[j]].node->dtype != EST_RESOURCE)
                continue;
            const est__resource *x = est__plan_resource(p, a->in[i]), *y = est__plan_resource(p, b->in[j]);
            if (x == y || x == NULL || y == NULL)
                return true;
        }
    return false;
}

/* Has the step all that it reads before step `first`? `maker` is the step that makes each value; -1: none. */
static bool is_ready(const est__step *s, const int *maker, size_t first)
{
    for (int i = 0; i < s->num_in; i++)
        if (maker[s->in[i]] >= (int)first)
            return false;
    return true;
}

static void note_makers(const est__plan *p, size_t begin, size_t end, int *maker)
{
    for (size_t s = begin; s < end; s++)
        for (int i = 0; i < p->step[s].num_out; i++)
            maker[p->step[s].out[i]] = (int)s;
}

/* Puts step `from` at place `to`, before those that stood there. */
static void bring_forward(est__plan *p, size_t from, size_t to, int *maker)
{
    est__step moved = p->step[from];
    memmove(p->step + to + 1, p->step + to, (from - to) * sizeof *p->step);
    p->step[to] = moved;
    note_makers(p, to, from + 1, maker);
}

/* The end of the group that begins with step s. Among assignments the order stays, so only neighbours join. */
static size_t gather(est__plan *p, size_t s, int *maker)
{
    const bool assigns = s >= p->first_assign;
    const size_t region = assigns ? p->num_steps : p->first_assign;
    size_t end = s + 1;
    for (size_t t = s + 1; t < region; t++) {
        const est__step *step = &p->step[t];
        bool joins = step->op->row == p->step[s].op->row && may_join(step) && is_ready(step, maker, s);
        for (size_t u = s; u < end && joins && assigns; u++)
            joins = !share_variable(p, &p->step[u], step);
        if (joins)
            bring_forward(p, t, end++, maker);
        else if (assigns)
            break;
    }
    return end;
}

est_status est__plan_group(est__plan *p)
{
    int *maker = est__malloc((p->num_values + 1) * sizeof *maker);
    if (maker == NULL)
        return est__fail_memory(p->num_values * sizeof *maker);
    for (size_t v = 0; v < p->num_values; v++)
        maker[v] = -1;
    note_makers(p, 0, p->num_steps, maker);
    for (size_t s = 0, end; s < p->num_steps; s = end) {
        end = may_join(&p->step[s]) ? gather(p, s, maker) : s + 1;
        const bool worth = end - s >= WORTH;
        for (size_t t = s; t < end; t++) {
            p->step[t].group_begin = worth ? s : t;
            p->step[t].group_end = worth ? end : t + 1;
        }
    }
    est__free(maker);
    return EST_OK;
}
