/* The plan as text: feeds, steps with their operations and values, fetches. */
#include "runtime/plan.h"

static void print_value(const est__plan *p, int v, est__buffer *out)
{
    const est__value *value = &p->value[v];
    char shape[EST__SHAPE_TEXT_SIZE];
    const est_node *n = value->node;
    est__buffer_printf(
        out, "%s%s:%d %s%s", value->constant ? "=" : "", n->op->name, n->index, est_dtype_name(n->dtype),
        est__shape_string(shape,
                          value->constant && n->dtype != EST_RESOURCE ? &value->constant->shape : &n->shape));
}

static void print_values(const est__plan *p, const int *v, int n, est__buffer *out)
{
    for (int i = 0; i < n; i++) {
        if (i)
            est__buffer_text(out, ", ");
        print_value(p, v[i], out);
    }
}

void est__plan_print_step(const est__plan *p, size_t s, est__buffer *out)
{
    const est__step *step = &p->step[s];
    if (step->fused)
        for (int m = 0; m < step->fused->num_ops; m++)
            est__buffer_printf(out, "%s%s", m ? "+" : "", step->fused->member[m].op->row->tf_name);
    else
        est__buffer_text(out, step->op->row->tf_name);
    est__buffer_text(out, "(");
    print_values(p, step->in, step->num_in, out);
    est__buffer_text(out, step->num_out ? ") -> " : ")");
    print_values(p, step->out, step->num_out, out);
    est__buffer_text(out, "\n");
}

static void print_ends(const est__plan *p, const char *what, const int *v, size_t n, est__buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        est__buffer_printf(out, "%s ", what);
        print_value(p, v[i], out);
        est__buffer_text(out, "\n");
    }
}

void est__plan_print_feeds(const est__plan *p, est__buffer *out)
{
    print_ends(p, "feed", p->feed, p->num_feeds, out);
}

void est__plan_print_fetches(const est__plan *p, est__buffer *out)
{
    print_ends(p, "fetch", p->fetch, p->num_fetches, out);
}

void est__plan_print(const est__plan *p, est__buffer *out)
{
    est__plan_print_feeds(p, out);
    for (size_t s = 0; s < p->num_steps; s++) {
        if (s == p->first_assign)
            est__buffer_text(out, "-- assignments --\n");
        est__buffer_printf(out, "%3zu ", s);
        est__plan_print_step(p, s, out);
    }
    est__plan_print_fetches(p, out);
}
