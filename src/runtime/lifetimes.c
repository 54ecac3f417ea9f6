/* Lifetimes: between which steps the memory of each value is in use, which reads of variables must be copies, and
 * which lists may be changed in place. */
#include "runtime/plan.h"

bool est__passes_on(const est_operation *op)
{
    static const char *const types[] = { "Identity",
                                         "IdentityN",
                                         "Reshape",
                                         "ExpandDims",
                                         "Squeeze",
                                         "StopGradient",
                                         "PreventGradient",
                                         "PlaceholderWithDefault",
                                         "EstCheckRange",
                                         "EstCheckKnown",
                                         "TensorListGetItem" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(op->row->tf_name, types[i]) == 0)
            return true;
    return false;
}

static void measure(est__plan *p)
{
    int end = (int)p->num_steps;
    for (size_t v = 0; v < p->num_values; v++)
        p->value[v].first = p->value[v].last = -1;
    for (int s = 0; s < end; s++) {
        const est__step *step = &p->step[s];
        int members = step->fused ? step->fused->num_ops : 0;
        const int first = (int)step->group_begin, last = (int)step->group_end - 1;
        for (int i = 0; i < step->num_in; i++)
            p->value[step->in[i]].last = last;
        for (int i = 0; i < step->num_out; i++) {
            p->value[step->out[i]].first = first;
            p->value[step->out[i]].last = last;
        }
        for (int m = 0; m < members; m++)
            for (int i = 0; i < step->fused->member[m].num_out; i++) {
                est__value *v = &p->value[step->fused->member[m].out[i]];
                v->first = v->last = s;
            }
    }
    for (size_t i = 0; i < p->num_fetches; i++)
        p->value[p->fetch[i]].last = end;
    if (p->checked >= 0)
        p->value[p->checked].last = end;
    for (int s = end; s-- > 0;) {   /* memory that is passed on lives as long as its last holder */
        const est__step *step = &p->step[s];
        for (int i = 0; i < step->num_out && est__passes_on(step->op) && !step->fused; i++)
            if (p->value[step->in[i]].last < p->value[step->out[i]].last)
                p->value[step->in[i]].last = p->value[step->out[i]].last;
    }
}

const est__resource *est__plan_resource(const est__plan *p, int v)
{
    const est_tensor *handle = p->value[v].constant;
    return handle ? *(est__resource *const *)handle->data : NULL;
}

/* Does one of the steps from `begin` to `last` change the variable? */
static bool is_changed(const est__plan *p, const est__resource *variable, size_t begin, int last)
{
    size_t end = last < (int)p->num_steps ? (size_t)last + 1 : p->num_steps;
    for (size_t s = begin < p->first_assign ? p->first_assign : begin; s < end; s++) {
        const est__step *step = &p->step[s];
        if (step->called && (step->op->flags & EST_OP_ASSIGNS))
            return true;
        for (int i = 0; i < step->num_in && (step->op->flags & EST_OP_ASSIGNS); i++) {
            if (p->value[step->in[i]].node->dtype != EST_RESOURCE)
                continue;
            const est__resource *changed = est__plan_resource(p, step->in[i]);
            if (changed == variable || changed == NULL || variable == NULL)
                return true;
        }
    }
    return false;
}

/* A read lends the variable's memory. That will not do where the step changes it while the value is still
 * wanted; and where it is never changed, whoever likes may share it up to the end. */
static void settle_reads(est__plan *p)
{
    for (size_t s = 0; s < p->num_steps; s++) {
        est__step *step = &p->step[s];
        if (strcmp(step->op->row->tf_name, "ReadVariableOp") != 0)
            continue;
        const est__resource *variable = est__plan_resource(p, step->in[0]);
        est__value *v = &p->value[step->out[0]];
        step->copies = is_changed(p, variable, s + 1, v->last);
        if (!step->copies && !is_changed(p, variable, s + 1, (int)p->num_steps))
            v->last = (int)p->num_steps;
    }
}

/* ---- lists ---- */

/* The value that the list was before it was passed on; *whole: it is all of it, and step s its last use. */
static int root_of(const est__plan *p, const int *made_by, int s, int v, bool *whole)
{
    *whole = p->value[v].last == s;
    while (p->value[v].feed < 0 && made_by[v] >= 0 && est__passes_on(p->step[made_by[v]].op)) {
        const est__step *from = &p->step[made_by[v]];
        *whole &= strcmp(from->op->row->tf_name, "TensorListGetItem") != 0;
        v = from->in[p->value[v].node->index];
        *whole &= p->value[v].last == s;
    }
    return v;
}

/* Is step s the only one that still wants the list, and has nobody outside the plan a part in it? */
static bool takes(const est__plan *p, const int *made_by, int s, int i)
{
    const est__step *step = &p->step[s];
    bool whole, other;
    int root = root_of(p, made_by, s, step->in[i], &whole);
    for (int j = 0; j < step->num_in && whole; j++)
        whole = j == i || p->value[step->in[j]].node->dtype != EST_VARIANT ||
                root_of(p, made_by, s, step->in[j], &other) != root;
    if (!whole || p->value[root].constant)
        return false;
    return p->value[root].feed >= 0 ? p->value[root].taken : made_by[root] >= 0;
}

static est_status settle_lists(est__plan *p)
{
    int *made_by = est__malloc((p->num_values + 1) * sizeof *made_by);
    if (made_by == NULL)
        return est__fail_memory(p->num_values * sizeof *made_by);
    for (size_t v = 0; v < p->num_values; v++)
        made_by[v] = -1;
    for (size_t s = 0; s < p->num_steps; s++)
        for (int i = 0; i < p->step[s].num_out; i++)
            made_by[p->step[s].out[i]] = (int)s;
    for (size_t s = 0; s < p->num_steps; s++)
        for (int i = 0; i < p->step[s].num_in && i < 32; i++)
            if (p->value[p->step[s].in[i]].node->dtype == EST_VARIANT && takes(p, made_by, (int)s, i))
                p->step[s].takes |= 1u << i;
    est__free(made_by);
    return EST_OK;
}

est_status est__plan_lifetimes(est__plan *p)
{
    measure(p);
    settle_reads(p);
    return settle_lists(p);
}
