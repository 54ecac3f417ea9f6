/* Why the loss of a step is not finite: which tensor was first, and which input may be to blame. */
#include <math.h>

#include "train/feeder.h"
#include "tensor/tensor.h"

est_status est__step_not_finite(const est_graph *g, const est__plan_options *options, const est_tensor *const *feeds, const est_batch *batch,
                                int64_t step, float loss)
{
    est__buffer found = { 0 }, of_input = { 0 };
    est_status st = est__find_nonfinite(g, options, feeds, (uint64_t)step, &found);
    bool input = st == EST_OK && est__batch_nonfinite(batch, &of_input);
    if (st == EST_OK)
        st = est__fail(EST_ABORTED, "step %lld: loss is %s; %s%s%s%s", (long long)step + 1, isnan(loss) ? "NaN" : loss > 0 ? "inf" : "-inf",
                       found.data ? found.data : "", input ? " (" : "", of_input.data ? of_input.data : "", input ? ")" : "");
    est__buffer_free(&found);
    est__buffer_free(&of_input);
    return st;
}
