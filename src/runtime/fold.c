/* Folding: what depends on constants alone is evaluated once, at planning. */
#include "runtime/frame.h"

/* elements; larger ones (a Fill of a table) are cheaper to make again than to keep */
enum { LARGEST = 1 << 16 };

static bool foldable(const est__plan *p, const est__step *s, size_t index)
{
    if (s->stateful || s->called || index >= p->first_assign || s->num_in == 0)
        return false;
    for (int i = 0; i < s->num_in; i++) {
        const est_tensor *t = p->value[s->in[i]].constant;
        if (t == NULL || t->dtype == EST_RESOURCE)
            return false;
    }
    for (int i = 0; i < s->num_out; i++)
        if (p->value[s->out[i]].node->dtype == EST_VARIANT || est_shape_elements(&p->value[s->out[i]].node->shape) > LARGEST)
            return false;
    return true;
}

static est_status keep(est__plan *p, est__frame *f, int v)
{
    est_tensor *copy;
    EST_TRY(est__grow(&p->owned, &p->cap_owned, p->num_owned + 1, sizeof *p->owned));
    EST_TRY(est_tensor_copy(&f->tensor[v], &copy));
    p->owned[p->num_owned++] = copy;
    p->value[v].constant = copy;
    f->tensor[v] = *copy;
    f->place[v].root = v;
    return EST_OK;
}

static est_status evaluate(est__plan *p, est__frame *f, est__step *s)
{
    const est_tensor **in = est__malloc(((size_t)s->num_in + 1) * sizeof *in);
    est_kernel k;
    if (in == NULL)
        return est__fail_memory((size_t)s->num_in * sizeof *in);
    est__kernel_of(&k, s, f, in);
    f->step = s;
    est__heap_empty(&f->scratch);
    est_status st = s->cpu(&k);
    for (int i = 0; i < s->num_out && st == EST_OK; i++)
        st = keep(p, f, s->out[i]);
    est__free(in);
    return st;
}

est_status est__plan_fold(est__plan *p)
{
    est__frame f;
    est_status st = est__frame_new(&f, p, NULL);
    size_t kept = 0, first_assign = p->first_assign;
    for (size_t i = 0; i < p->num_steps; i++) {
        est__step *s = &p->step[i];
        if (st == EST_OK && foldable(p, s, i)) {
            st = evaluate(p, &f, s);
            est__step_free(s);
            first_assign--;
        } else {
            p->step[kept++] = *s;
        }
    }
    p->num_steps = kept;
    p->first_assign = first_assign;
    est__frame_free(&f);
    return st;
}
