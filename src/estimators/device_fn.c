/* est_run_config.device_fn: asked of each operation; whatever is no processor of this machine is refused. */
#include <strings.h>

#include "estimators/estimator.h"

/* "", "/job:worker/task:0", "/cpu:0", "/device:CPU:0", "CPU:0": TensorFlow's names of what is here. */
static bool is_cpu(const char *device)
{
    for (const char *p = device; *p;) {
        p += strspn(p, "/");
        size_t n = strcspn(p, "/");
        const char *name = n > 7 && strncasecmp(p, "device:", 7) == 0 ? p + 7 : p;
        bool place = (n > 4 && strncasecmp(p, "job:", 4) == 0) || (n > 5 && strncasecmp(p, "task:", 5) == 0) ||
                     (n > 8 && strncasecmp(p, "replica:", 8) == 0);
        if (n > 0 && !place && !(strncasecmp(name, "cpu", 3) == 0 && (name + 3 == p + n || name[3] == ':')))
            return false;
        p += n;
    }
    return true;
}

est_status est__device_fn_check(const est_estimator *e, const est_graph *g)
{
    if (e->config.device_fn == NULL)
        return EST_OK;
    for (size_t i = 0; i < g->num_operations; i++) {
        const est_node *n = est__operation_node(g->operation[i]);
        const char *device = e->config.device_fn(n, e->config.device_fn_user);
        if (device && !is_cpu(device))
            return est__fail(EST_UNIMPLEMENTED, "%s: device_fn puts '%s' on '%s', which is not built in; there is '/cpu:0'", e->name,
                             est_node_name(n), device);
    }
    return EST_OK;
}
