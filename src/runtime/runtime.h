/* Plans and runs. A plan is compiled once from (graph, feeds, fetches, targets) and immutable; a run is one
 * thread's frame for it. */
#ifndef EST_RUNTIME_RUNTIME_H
#define EST_RUNTIME_RUNTIME_H

#include "backend/kernel.h"
#include "graph/graph.h"

typedef struct est__plan est__plan;
typedef struct est__run est__run;

typedef struct est__plan_options {
    est__resources *resources;  /* handles are bound to these; missing ones are made */
    est_nodes feeds;            /* given by est__run_step, in this order */
    est_nodes late_feeds;       /* est__plan_split: placeholders that the late plan is fed after the early one's */
    est_nodes fetches;          /* to be had afterwards, in this order */
    est_nodes targets;          /* also run: operations without outputs (updates) */
    /* a float scalar that must be finite before anything is assigned; NULL: none */
    est_node *checked;
    est_nodes summaries;        /* what a summarised plan gives after the fetches (est__plan_split) */
    uint64_t seed;
    bool unfused;               /* every operation by itself: for checking and for tests */
    /* of the body of a function: what is known of its feeds, each NULL or a constant that lives as long as the
     * plan; the graph whose functions it calls; how many plans were made of functions, all together */
    const est_tensor *const *given;
    const bool *taken;          /* of these: by feed, whether it is a list that may be changed; NULL: none is */
    est_graph *outer;
    int *plans;
} est__plan_options;

est_status est__plan_new(const est_graph *g, const est__plan_options *options, est__plan **out);
/* Cuts in two: what no variable reaches runs early (on the input thread), the rest late. The early plan takes
 * the feeds of `options` and gives the late plan's feeds, in order; fetches and targets are the late plan's.
 * `summarised`, if not NULL: the late plan once more, with the summaries; NULL when there are none. */
est_status est__plan_split(const est_graph *g, const est__plan_options *options, est__plan **early,
                           est__plan **late, est__plan **summarised);
void est__plan_free(est__plan *p);
/* a line a step: kernel, inputs, outputs; "=" marks constants */
void est__plan_print(const est__plan *p, est__buffer *out);

/* A run borrows plan and pool (NULL: one thread). */
est_status est__run_new(const est__plan *p, est__pool *pool, est__run **out);
void est__run_free(est__run *r);
/* One step. Feeds are borrowed until the fetches have been read. Errors name the operation. When `checked` is
 * not finite: ABORTED, nothing assigned. */
est_status est__run_step(est__run *r, const est_tensor *const *feeds, uint64_t step);
/* The same in two: all that changes nothing, and what is assigned. Without the second a step has not been made. */
est_status est__run_compute(est__run *r, const est_tensor *const *feeds, uint64_t step);
est_status est__run_assign(est__run *r, uint64_t step);
const est_tensor *est__run_fetch(const est__run *r, size_t i);   /* lent until the next step */
/* From here on the run keeps the time of each line of the plan; the bits stay the same. */
est_status est__run_profile(est__run *r);
void est__run_profile_end(est__run *r);
/* The plan as est__plan_print has it, with microseconds of a step (the mean of all since est__run_profile)
 * and bytes made by the last one in each line, and their sums. */
void est__run_print(const est__run *r, est__buffer *out);
/* After a step failed because `checked` was not finite: runs the step again, operation by operation, without
 * its targets, and appends which tensor is the first that is not finite: "first non-finite tensor: 'a/Log'". */
est_status est__find_nonfinite(const est_graph *g, const est__plan_options *options,
                               const est_tensor *const *feeds, uint64_t step, est__buffer *out);
/* What the profile holds, as a Chrome trace (JSON): an event a line of the plan, one after another. */
void est__run_trace(const est__run *r, est__buffer *out);
/* The same as a serialized RunMetadata; operations that were fused share the time of their line. `wall`: when the step began, in seconds
 * since 1970. */
est_status est__run_metadata(const est__run *r, double wall, est__buffer *out);
size_t est__plan_fetches(const est__plan *p);

#endif
