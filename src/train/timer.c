/* When every n-th step or second has come. */
#include <estimator/hooks.h>

#include "base/base.h"

bool est_timer_should_trigger(const est_timer *t, int64_t step)
{
    if (!t->triggered)
        return true;
    if (t->last_step == step)
        return false;
    return (t->every_secs > 0 && est__clock() >= t->last_time + t->every_secs) ||
           (t->every_steps > 0 && step >= t->last_step + t->every_steps);
}

double est_timer_update(est_timer *t, int64_t step)
{
    double now = est__clock(), passed = t->triggered ? now - t->last_time : -1;
    t->triggered = true;
    t->last_step = step;
    t->last_time = now;
    return passed;
}
