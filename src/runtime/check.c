/* The checking replay: which tensor of a step was the first that is not finite. */
#include "runtime/frame.h"

static est_status replay(est__run *r, const est__plan *p, const est_tensor *const *feeds, uint64_t number,
                         est__buffer *out)
{
    est__frame *f = &r->frame;
    EST_TRY(est__run_feed(r, feeds));
    for (size_t s = 0; s < p->first_assign; s++) {
        f->step = &p->step[s];
        est__heap_empty(&f->scratch);
        r->kernel[s].step = number;
        EST_TRY(p->step[s].cpu(&r->kernel[s]));
        for (int i = 0; i < p->step[s].num_out; i++)
            if (est__tensor_nonfinite(&f->tensor[p->step[s].out[i]]) >= 0) {
                est__buffer_printf(out, "first non-finite tensor: '%s'", p->step[s].op->name);
                return EST_OK;
            }
    }
    est__buffer_text(out, "no tensor of the step is non-finite when it is run again");
    return EST_OK;
}

est_status est__find_nonfinite(const est_graph *g, const est__plan_options *options,
                               const est_tensor *const *feeds, uint64_t step, est__buffer *out)
{
    est__plan_options o = *options;
    est__plan *plan = NULL;
    est__run *run = NULL;
    o.unfused = true;
    o.targets = (est_nodes){ 0 };
    o.checked = NULL;
    if (options->checked)     /* what leads to it is what counts */
        o.fetches = (est_nodes){ &options->checked, 1 };
    est_status st = est__plan_new(g, &o, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = replay(run, plan, feeds, step, out);
    est__run_free(run);
    est__plan_free(plan);
    return st;
}
