/* Hooks from inside: the hooks of a session, their moments, and what they fetch and feed. */
#ifndef EST_TRAIN_HOOKS_H
#define EST_TRAIN_HOOKS_H

#include <stdatomic.h>

#include <estimator/hooks.h>
#include <estimator/run_config.h>

#include "formats/event.h"
#include "heads/spec.h"
#include "runtime/runtime.h"
#include "train/saver.h"

struct est_hook {
    est_hook_options o;
    char *name;
    atomic_int shares;
    const est_checkpoint_saver_options *saver;   /* says when training saves, here or in another folder; NULL: no such hook */
    bool stops_on_nan;            /* a loss of NaN ends training without an error */
    /* Asked when a checkpoint is due after a step, and before after_run: what it decides is in that checkpoint. NULL: nothing. */
    est_status (*before_save)(est_run_context *c, void *user);
};

/* A hook's option struct becomes a hook of a kind: `size` bytes at `user`, which free_user frees. */
est_status est__hook_make(const est_hook_options *o, est_hook **out);

typedef struct est__hook_fetch {
    est_node *node;
    bool asked;                   /* not in each step */
    size_t at;                    /* its place among a run's fetches */
} est__hook_fetch;

typedef struct est__hook_feed {
    est_node *node;
    const est_tensor *value;      /* NULL: not given yet */
} est__hook_feed;

/* Zeroed but for what a verb sets; est__hooks_free at the end. */
struct est_run_context {
    /* set by the verb */
    const est_run_config *config;
    const char *model_dir;
    est__saver *saver;            /* NULL: no training */
    const est__partitioning *parts;   /* of what it saves */
    /* Saves the steps done by another saver too; `training` is its own. */
    est_status (*save_to)(void *training, est__saver *to);
    void *training;
    est__event_writer *events;    /* NULL: none */
    est_hook_list given;          /* by the verb's caller */
    est_saving_listeners listeners;
    bool every_fetch;             /* nothing need be asked for */
    /* set as it goes on */
    est_graph *graph;
    est__session *session;
    const est_spec *spec;
    est_mode mode;
    est_hook **hook;              /* those for the chief, the given ones, those of the spec; a share of each */
    size_t count, capacity, num_chief;
    const est_checkpoint_saver_options *saver_options;   /* of a hook; NULL: none */
    int64_t global_step;
    est__run *run;                /* of this step; NULL: what trains has none */
    const est_tensor *loss;       /* then: the value of each fetch, which is the loss */
    bool full;                    /* it gives the asked fetches too */
    bool asked, stop, profile, failed;
    bool is_explained;            /* by a listener of the library's own: its error needs no further word */
    est_status status;            /* of what begin was given */
    est__error error;
    est__hook_fetch *fetch;
    size_t num_fetches, cap_fetches;
    est__hook_feed *feed;
    size_t num_feeds, cap_feeds;
    const est_tensor **joined;    /* what a step is fed, where hooks feed as well */
    size_t num_joined;
};

/* A writer into a folder, with the limits of the run; `config` may be NULL. */
est_status est__run_events(const est_run_config *config, const char *dir, est__event_writer **out);

typedef est_status (*est__moment)(est_run_context *c, void *user);

/* Does some hook's begin add to the graph? `spec` may be NULL. */
bool est__hooks_alter(const est_run_context *c, const est_spec *spec);
/* Gathers the hooks of the mode and calls their begin, over a graph that model_fn has made. */
est_status est__hooks_begin(est_run_context *c, est_graph *g, const est_spec *spec, est_mode mode);
/* The spec's init_fn, over variables that have their first values. */
est_status est__hooks_init(est_run_context *c, est__session *session, const est_spec *spec);
est_status est__hooks_created(est_run_context *c, est__session *session);
est_status est__hooks_before(est_run_context *c);
/* Hooks from the `from`th to before the `to`th; the chief's come before what training itself does. */
est_status est__hooks_after(est_run_context *c, size_t from, size_t to);
est_status est__hooks_before_save(est_run_context *c);
est_status est__hooks_end(est_run_context *c);
typedef enum est__saving { EST__SAVING_BEGIN, EST__SAVING_BEFORE, EST__SAVING_AFTER, EST__SAVING_END } est__saving;
est_status est__listeners_call(est_run_context *c, est__saving moment);
est_status est__listeners_call_list(est_run_context *c, est_saving_listeners list, est__saving moment);
/* Does this hook save to the model directory? */
bool est__saves_here(const est_run_context *c, const est_checkpoint_saver_options *o);
bool est__listeners_any(const est_run_context *c);
bool est__hooks_stop_on_nan(const est_run_context *c);
void est__hooks_free(est_run_context *c);

/* What hooks fetch in each step, and what they ask for; `out` has room for num_fetches. Returns how many. */
size_t est__hooks_fetches(const est_run_context *c, bool asked, est_node **out);
/* A run gives `before` fetches, then those of each step, then `between`, then the asked ones; it is fed `feeds` tensors by
 * the input thread. */
est_status est__hooks_layout(est_run_context *c, size_t before, size_t between, size_t feeds);
/* The placeholders that hooks feed; `out` has room for num_feeds. */
void est__hooks_feed_nodes(const est_run_context *c, est_node **out);
/* What a step is fed: what the input thread gives, then what the hooks do. INVALID_ARGUMENT: one was not given. */
est_status est__hooks_feeds(est_run_context *c, const est_tensor *const *input, const est_tensor *const **out);

/* One of a number of steps and of seconds; else INVALID_ARGUMENT of `what`. */
est_status est__check_period(const char *what, int64_t steps, double secs);
/* The node of a hook's tensor in this graph; NOT_FOUND names it. */
est_status est__hook_node(est_run_context *c, const est_hook_tensor *t, est_node **out);
/* Copies such a list with its texts into one piece of memory, for est__free. Untagged ones get their node's name, or "". */
est_status est__hook_tensors_copy(est_hook_tensors given, const char *what, est_hook_tensors *out);

#endif
