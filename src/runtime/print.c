/* The plan as text: feeds, steps with their operations and values, fetches. */
#include "runtime/plan.h"

static void print_value(const est__plan *p, int v, est__buffer *out)
{
    const est__value *value = &p->value[v];
    char shape[EST__SHAPE_TEXT_SIZE];
    const est_node *n = value->node;
    est__buffer_printf(out, "%s%s:%d %s%s", value->constant ? "=" : "", n->op->name, n->index, est_dtype_name(n->dtype),
                       est__shape_string(shape, value->constant && n->dtype != EST_RESOURCE ? &value->constant->shape : &n->shape));
}

static void print_values(const est__plan *p, const int *v, int n, est__buffer *out)
{
    for (int i = 0; i < n; i++) {
        if (i)
            est__buffer_text(out, ", ");
        print_value(p, v[i], out);
    }
}

static void print_step(const est__plan *p, const est__step *s, est__buffer *out)
{
    if (s->fused)
        for (int m = 0; m < s->fused->num_ops; m++)
            est__buffer_printf(out, "%s%s", m ? "+" : "", s->fused->member[m].op->row->tf_name);
    else
        est__buffer_text(out, s->op->row->tf_name);
    est__buffer_text(out, "(");
    print_values(p, s->in, s->num_in, out);
    est__buffer_text(out, ") -> ");
    print_values(p, s->out, s->num_out, out);
    est__buffer_text(out, "\n");
}

void est__plan_print(const est__plan *p, est__buffer *out)
{
    for (size_t i = 0; i < p->num_feeds; i++) {
        est__buffer_text(out, "feed ");
        print_value(p, p->feed[i], out);
        est__buffer_text(out, "\n");
    }
    for (size_t s = 0; s < p->num_steps; s++) {
        if (s == p->first_assign)
            est__buffer_text(out, "-- assignments --\n");
        est__buffer_printf(out, "%3zu ", s);
        print_step(p, &p->step[s], out);
    }
    for (size_t i = 0; i < p->num_fetches; i++) {
        est__buffer_text(out, "fetch ");
        print_value(p, p->fetch[i], out);
        est__buffer_text(out, "\n");
    }
}
