/* The training loop from inside: its state, its two phases, and what the parts tell one another. */
#ifndef EST_LOOP_LOOP_H
#define EST_LOOP_LOOP_H

#include <stdatomic.h>

#include <estimator/training_loop.h>

#include "base/base.h"
#include "train/feeder.h"
#include "train/inputs.h"
#include "train/session.h"

struct est_loop_callback {
    est_loop_callback_options o;
    char *name;
    atomic_int shares;
    /* Called when a fit is over, also where it has failed and there was no fitEnd; `failed`: by a callback. NULL: nothing. */
    est_status (*ended)(est_training_loop *l, bool failed, void *user);
};
typedef struct est__callbacks {
    est_loop_callback **data;     /* a share of each */
    size_t count, capacity;
} est__callbacks;
est_status est__callbacks_add(est__callbacks *c, est_loop_callback *callback);
void est__callbacks_free(est__callbacks *c);

/* A callback of that kind with a `user` of its own, which free_user frees, also when it could not be made. */
est_status est__loop_callback_of(const est_loop_callback_options *kind, void *user, est_loop_callback **out);

/* A list of metrics that is one's own, with its names. */
typedef struct est__metrics {
    est_loop_metric *data;
    size_t count;
    int64_t version;              /* grows with each setting */
} est__metrics;
/* The loss first where `with_loss`. INVALID_ARGUMENT: one without a name or a function, two of one name. */
est_status est__metrics_set(est__metrics *m, est_loop_metric_list metrics, bool with_loss);
void est__metrics_free(est__metrics *m);
/* The recorder of the loop's own metrics. */
est_status est__loop_recorder(est_report_trigger trigger, est_loop_callback **out);

/* What est_training_loop_last_stats tells. */
typedef struct est__stats_log {
    est_results shown;
    char **name;
    double *value;
    size_t cap_names, cap_values;
    const char *const *from;      /* where the names were copied from */
} est__stats_log;
void est__stats_free(est__stats_log *log);

/* Where a fit that was interrupted goes on: a batch of an epoch (-1: with its validation), so many batches having been read of that pass
 * over the data. */
typedef struct est__place {
    int64_t epoch, batch, read, pass;
} est__place;
/* What the names of the loop's own variables begin with: the place, in checkpoints. */
#define EST__LOOP_SCOPE "training_loop/"

/* Training or validation: its data, its graph, and what a batch runs. */
typedef struct est__phase {
    est_mode mode;
    est_input_fn input_fn;        /* NULL: there is no such phase */
    void *user;
    est_dataset *dataset;
    int64_t wanted, batches;      /* of an epoch: as given (0: all), as they are; 0: not counted yet */
    int64_t passes;               /* begun */
    est__inputs in;
    est_graph *graph;
    est_node *output, *loss, *train_op;
    est_gradient *gradient;       /* of the trainable variables; NULL: not wanted */
    size_t num_gradients;
    size_t num_own;               /* variables of the graph that are the model's own, and not the optimizer's: the first ones */
    est__plan_options options;    /* of the plans, without the fetches */
    est__plan *early, *late;
    est__run *run;
    est__feeder *feeder;          /* while batches are read */
    const est_batch *batch;       /* the last one */
    est_tensor **changed;         /* of it, by feature: what callbacks have put in place of what was read; NULL: nothing ever */
    bool is_changed;
    est__run *again;              /* of the early plan, for batches that were changed */
    const est_tensor **given;     /* what it is fed, and what it gives */
} est__phase;

struct est_training_loop {
    est_training_loop_options o;
    char *loss;                   /* its name; NULL: loss_fn */
    est_optimizer *optimizer;
    est__callbacks callbacks, extra, removed;     /* the loop's; of this fit; those that one has removed that is still being told */
    est__metrics metrics;         /* the loss among them */
    est__pool *pool;
    est__phase training, validation;
    est__session *session;        /* of the model; NULL: none yet */
    est__session *carried;        /* what the model is to begin with, as its optimizer has changed; NULL: nothing */
    bool new_optimizer;           /* since the last fit */
    est_fit_options fit;          /* of the model that was fitted last, and the fit that runs */
    atomic_bool stop;             /* asked for */
    bool fitting, stopped, failed;        /* failed: by a callback */

    /* the state that callbacks see */
    est__phase *phase;            /* the one that runs, or ran last */
    int64_t batch_index, epoch_index, epoch_count, global_step;
    int64_t taken;                /* batches read of this pass over the training data */
    est__place next;              /* of training; set at fitStart by whoever resumes */
    bool gradients;               /* are kept in each step */
    bool has_output, has_loss, has_gradients;
    double last_loss;
    est__stats_log stats;
    bool has_stats;
    est__variable *rate;          /* NULL: none that can be set */
    bool rate_changed;            /* since this batch was computed */
    bool rate_is_set;             /* by a callback, ever */
    bool cancelled;               /* this batch was */

    est_loop_action action;       /* asked for by a callback */
    bool open[EST_CANCEL_FIT + 1];        /* what is going on, by the action that ends it */
};

/* ---- phase.c: graphs, plans, data ---- */
/* Builds both graphs over the data, and the session with its first values; does nothing where the model is there already. */
est_status est__loop_build(est_training_loop *l);
void est__loop_unbuild(est_training_loop *l);
/* The same, and the next model begins with the values of this one's variables. */
void est__loop_carry(est_training_loop *l);
void est__loop_close_data(est_training_loop *l);
/* A pass over the data begins and ends. */
est_status est__phase_open(est_training_loop *l, est__phase *p);
void est__phase_close(est__phase *p);
/* The next batch; OUT_OF_RANGE: the epoch has ended. */
est_status est__phase_next(est__phase *p, const est_tensor *const **feeds);

/* ---- input.c ---- */
/* What feeds placeholder i of the last batch. */
const est_tensor *est__phase_feed(const est__phase *p, size_t i);
/* What the step is fed, where the batch was changed; else `*feeds` stays. */
est_status est__phase_feeds(est__phase *p, const est_tensor *const **feeds);
/* The batch is as it was read; and all that was made for changing it is freed. */
void est__phase_restore(est__phase *p);
void est__phase_forget(est__phase *p);

/* ---- events.c ---- */
/* Tells the callbacks. CANCELLED with l->action set: one of them wants to end something that is going on. */
est_status est__loop_event(est_training_loop *l, est_loop_event event);
/* What `action` ends catches it here: EST_OK. */
est_status est__loop_caught(est_training_loop *l, est_status st, est_loop_action action);
bool est__loop_wants_gradients(const est_training_loop *l);

/* Is it the last batch of its phase? */
static inline bool est__loop_last_batch(const est_training_loop *l)
{
    return l->batch_index + 1 == l->phase->batches;
}

#endif
