/* A run's profile: what each line of its plan takes, in time and bytes. */
#include "proto/pack.h"
#include "proto/step_stats.pb-c.h"
#include "runtime/frame.h"

est_status est__run_profile(est__run *r)
{
    size_t n = r->frame.plan->num_steps + 1;
    est__free(r->seconds);
    r->calls = 0;
    r->seconds = est__calloc(n, sizeof *r->seconds);
    return r->seconds ? EST_OK : est__fail_memory(n * sizeof *r->seconds);
}

void est__run_profile_end(est__run *r)
{
    est__free(r->seconds);
    r->seconds = NULL;
    r->calls = 0;
}

/* What the step's outputs took of the run's own memory in the last step; what they share or are lent is
 * another's. */
static size_t bytes_made(const est__frame *f, const est__step *s)
{
    size_t bytes = 0;
    for (int i = 0; i < s->num_out; i++) {
        int v = s->out[i];
        const est_tensor *t = &f->tensor[v];
        if (f->place[v].root != v || f->place[v].capacity == 0 || t->data != f->place[v].p)
            continue;
        bytes += est__tensor_bytes(t);
        if (t->dtype == EST_STRING)
            bytes += (size_t)((const int64_t *)t->data)[est__tensor_elements(t)];
    }
    return bytes;
}

void est__run_print(const est__run *r, est__buffer *out)
{
    const est__plan *p = r->frame.plan;
    double calls = r->calls ? (double)r->calls : 1, sum = 0;
    size_t bytes = 0;
    est__plan_print_feeds(p, out);
    for (size_t s = 0; s < p->num_steps; s++) {
        double us = r->seconds ? r->seconds[s] / calls * 1e6 : 0;
        size_t made = r->calls ? bytes_made(&r->frame, &p->step[s]) : 0;
        if (s == p->first_assign)
            est__buffer_text(out, "-- assignments --\n");
        est__buffer_printf(out, "%3zu %9.3f us %9zu B ", s, us, made);
        est__plan_print_step(p, s, out);
        sum += us;
        bytes += made;
    }
    est__plan_print_fetches(p, out);
    est__buffer_printf(out, "sum %9.3f us %9zu B\n", sum, bytes);
}

/* Kernels run one after another, so each begins where the one before ends. */
void est__run_trace(const est__run *r, est__buffer *out)
{
    const est__plan *p = r->frame.plan;
    double calls = r->calls ? (double)r->calls : 1, at = 0;
    est__buffer_text(out, "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
                          "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 0, \"args\": {\"name\": \"cpu\"}}");
    for (size_t s = 0; s < p->num_steps; s++) {
        const est_operation *op = p->step[s].op;
        double us = r->seconds ? r->seconds[s] / calls * 1e6 : 0;
        const est__fused *f = p->step[s].fused;
        est__buffer_printf(out, ",\n{\"name\": \"%s", f ? f->member[0].op->row->tf_name : op->row->tf_name);
        for (int m = 1; f && m < f->num_ops; m++)
            est__buffer_printf(out, "+%s", f->member[m].op->row->tf_name);
        est__buffer_printf(out, "\", \"cat\": \"Op\", \"ph\": \"X\", \"pid\": 0, \"tid\": 0, \"ts\": %.3f, \"dur\": %.3f, "
                           "\"args\": {\"name\": ", at, us);
        est__buffer_json_string(out, op->name, strlen(op->name));
        est__buffer_printf(out, ", \"bytes\": %zu}}", r->calls ? bytes_made(&r->frame, &p->step[s]) : 0);
        at += us;
    }
    est__buffer_text(out, "\n]}\n");
}

/* ---- as TensorFlow's RunMetadata ---- */

typedef struct node_stats {
    Tensorflow__NodeExecStats stats;
    Tensorflow__AllocatorMemoryUsed memory, *of_memory;
} node_stats;

/* Seconds since 1970 leave a double no room for nanoseconds: `at_us` is since `base_us`. */
static void put_node(node_stats *n, const est_operation *op, int64_t base_us, double at_us, double us, size_t bytes)
{
    tensorflow__node_exec_stats__init(&n->stats);
    tensorflow__allocator_memory_used__init(&n->memory);
    n->stats.node_name = (char *)(uintptr_t)op->name;
    n->stats.timeline_label = (char *)(uintptr_t)op->row->tf_name;
    n->stats.all_start_micros = base_us + (int64_t)at_us;
    n->stats.op_end_rel_micros = n->stats.all_end_rel_micros = (int64_t)(us + 0.5);
    n->stats.all_start_nanos = base_us * 1000 + (int64_t)(at_us * 1e3);
    n->stats.op_end_rel_nanos = n->stats.all_end_rel_nanos = (int64_t)(us * 1e3 + 0.5);
    n->memory.allocator_name = (char *)(uintptr_t)"cpu";
    n->memory.total_bytes = (int64_t)bytes;
    n->of_memory = &n->memory;
    n->stats.n_memory = 1;
    n->stats.memory = &n->of_memory;
}

static size_t put_nodes(const est__run *r, double wall, node_stats *node)
{
    const est__plan *p = r->frame.plan;
    double calls = r->calls ? (double)r->calls : 1, at = 0;
    int64_t base = (int64_t)(wall * 1e6);
    size_t n = 0;
    for (size_t s = 0; s < p->num_steps; s++) {
        const est__fused *f = p->step[s].fused;
        double us = r->seconds ? r->seconds[s] / calls * 1e6 : 0;
        size_t bytes = r->calls ? bytes_made(&r->frame, &p->step[s]) : 0;
        int members = f ? f->num_ops : 1;
        for (int m = 0; m < members; m++) {
            put_node(&node[n++], f ? f->member[m].op : p->step[s].op, base, at, us / members, m + 1 == members ? bytes : 0);
            at += us / members;
        }
    }
    return n;
}

est_status est__run_metadata(const est__run *r, double wall, est__buffer *out)
{
    Tensorflow__RunMetadata metadata = TENSORFLOW__RUN_METADATA__INIT;
    Tensorflow__StepStats steps = TENSORFLOW__STEP_STATS__INIT;
    Tensorflow__DeviceStepStats device = TENSORFLOW__DEVICE_STEP_STATS__INIT, *devices = &device;
    const est__plan *p = r->frame.plan;
    size_t most = 1;
    for (size_t s = 0; s < p->num_steps; s++)
        most += p->step[s].fused ? (size_t)p->step[s].fused->num_ops : 1;
    node_stats *node = est__malloc(most * sizeof *node);
    Tensorflow__NodeExecStats **list = est__malloc(most * sizeof *list);
    est_status st = node && list ? EST_OK : est__fail_memory(most * sizeof *node);
    if (st == EST_OK) {
        device.device = (char *)(uintptr_t)"/job:localhost/replica:0/task:0/device:CPU:0";
        device.n_node_stats = put_nodes(r, wall, node);
        for (size_t i = 0; i < device.n_node_stats; i++)
            list[i] = &node[i].stats;
        device.node_stats = list;
        steps.n_dev_stats = 1;
        steps.dev_stats = &devices;
        metadata.step_stats = &steps;
        st = est__proto_pack(&metadata, out);
    }
    est__free(node);
    est__free(list);
    return st;
}
