/* The loop as an object: options, and what callbacks see and change. */
#include "loop/loop.h"

#include "base/fields.h"
#include "runtime/runtime.h"

#define LARGEST 9e15            /* what a double counts exactly */

static const est_field fields[] = {
    EST_FIELD(est_training_loop_options, INT, training_batches, .max = LARGEST, .doc = "batches of an epoch"),
    EST_FIELD(est_training_loop_options, INT, validation_batches, .max = LARGEST, .doc = "batches of a validation"),
    EST_FIELD(est_training_loop_options, STRING, loss, .doc = "a loss of tf.losses"),
    EST_FIELD(est_training_loop_options, INT, random_seed, .def = 1, .min = -LARGEST, .max = LARGEST,
              .doc = "of initial values, shuffles and dropout"),
    EST_FIELD(est_training_loop_options, INT, num_threads, .max = 4096, .doc = "of kernels; 0: all cores"),
    { 0 }
};

static est_status check(const est_training_loop_options *o)
{
    const char *const *names = est_loss_names();
    size_t n = 0;
    if (o->training == NULL || o->optimizer == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_new: %s is needed", o->training ? "optimizer" : "training");
    if (!o->loss == !o->loss_fn)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_new: it takes loss or loss_fn, one of the two");
    if (o->progress_fd < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_new: progress_fd is %d", o->progress_fd);
    if (o->loss == NULL)
        return EST_OK;
    for (; names[n]; n++)
        if (strcmp(names[n], o->loss) == 0)
            return EST_OK;
    const char *near = est__nearest(o->loss, names, n);
    return est__fail(EST_NOT_FOUND, "est_training_loop_new: unknown loss '%s'%s%s%s", o->loss, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* A share goes to the list, and this one is given up. */
static est_status add_own(est_training_loop *l, est_status st, est_loop_callback *c)
{
    if (st == EST_OK)
        st = est__callbacks_add(&l->callbacks, c);
    est_loop_callback_free(c);
    return st;
}

static est_status add_callbacks(est_training_loop *l)
{
    est_loop_callback *c = NULL;
    est_status st = EST_OK;
    if (!l->o.no_default_callbacks) {
        st = est__loop_recorder(l->o.report_trigger, &c);
        st = add_own(l, st, c);
    }
    if (st == EST_OK && !l->o.no_default_callbacks && l->o.progress_fd) {
        st = est_progress_printer_new(&(est_progress_printer_options){ .fd = l->o.progress_fd }, &c);
        st = add_own(l, st, c);
    }
    for (size_t i = 0; i < l->o.callbacks.count && st == EST_OK; i++)
        st = est__callbacks_add(&l->callbacks, l->o.callbacks.data[i]);
    return st;
}

static est_status complete(est_training_loop *l)
{
    const est_training_loop_options *o = &l->o;
    l->training = (est__phase){ .mode = EST_TRAIN, .input_fn = o->training, .user = o->training_user, .wanted = o->training_batches,
                                .batches = o->training_batches };
    l->validation = (est__phase){ .mode = EST_EVAL, .input_fn = o->validation, .user = o->validation_user,
                                  .wanted = o->validation_batches, .batches = o->validation_batches };
    l->phase = &l->training;
    l->batch_index = -1;
    l->optimizer = est_optimizer_retain(o->optimizer);
    if (o->loss && (l->loss = est__strdup(o->loss)) == NULL)
        return est__fail_memory(strlen(o->loss));
    EST_TRY(est__metrics_set(&l->metrics, o->metrics, true));
    EST_TRY(est__pool_new((int)o->num_threads, &l->pool));
    return add_callbacks(l);
}

est_status est_training_loop_new_sized(const est_training_loop_options *options, size_t size, est_training_loop **out)
{
    est_training_loop_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(fields, "est_training_loop_new", options, size, &o, sizeof o));
    EST_TRY(check(&o));
    est_training_loop *l = est__calloc(1, sizeof *l);
    if (l == NULL)
        return est__fail_memory(sizeof *l);
    l->o = o;
    atomic_init(&l->stop, false);
    est_status st = complete(l);
    if (st != EST_OK) {
        est_training_loop_free(l);
        return st;
    }
    *out = l;
    return EST_OK;
}

void est_training_loop_free(est_training_loop *l)
{
    if (l == NULL)
        return;
    est__loop_unbuild(l);
    est__loop_close_data(l);
    est__callbacks_free(&l->callbacks);
    est__callbacks_free(&l->extra);
    est__callbacks_free(&l->removed);
    est__metrics_free(&l->metrics);
    est__stats_free(&l->stats);
    est_optimizer_free(l->optimizer);
    est__pool_free(l->pool);
    est__free(l->loss);
    est__free(l);
}

/* ---- what callbacks see ---- */

const est_tensor *est_training_loop_output(const est_training_loop *l)
{
    return l->has_output ? est__run_fetch(l->phase->run, 0) : NULL;
}

const double *est_training_loop_loss(const est_training_loop *l)
{
    return l->has_loss ? &l->last_loss : NULL;
}

est_status est_training_loop_gradient(const est_training_loop *l, const char *variable, const est_tensor **value, const est_tensor **indices)
{
    const est__phase *p = &l->training;
    size_t fetch = 2;
    *value = *indices = NULL;
    if (!l->has_gradients || l->phase != p)
        return est__fail(EST_FAILED_PRECONDITION, "there are no gradients: they are there at updateStart, and at batchEnd of training, "
                         "where a callback has `gradients`");
    est_nodes variables = est_graph_trainable_variables(p->graph);
    for (size_t i = 0; i < p->num_gradients; i++) {
        bool is_it = strcmp(est_node_name(variables.data[i]), variable) == 0;
        if (is_it && p->gradient[i].value) {
            *value = est__run_fetch(p->run, fetch);
            *indices = p->gradient[i].indices ? est__run_fetch(p->run, fetch + 1) : NULL;
            return EST_OK;
        }
        if (is_it)
            return est__fail(EST_NOT_FOUND, "the loss does not depend on variable '%s'", variable);
        fetch += (size_t)(p->gradient[i].value != NULL) + (size_t)(p->gradient[i].indices != NULL);
    }
    return est__fail(EST_NOT_FOUND, "'%s' is no variable that is trained", variable);
}

est_mode est_training_loop_phase(const est_training_loop *l)
{
    return l->phase->mode;
}

int64_t est_training_loop_batch_index(const est_training_loop *l)
{
    return l->batch_index;
}

int64_t est_training_loop_batch_count(const est_training_loop *l)
{
    return l->phase->batches;
}

int64_t est_training_loop_epoch_index(const est_training_loop *l)
{
    return l->epoch_index;
}

int64_t est_training_loop_epoch_count(const est_training_loop *l)
{
    return l->epoch_count;
}

int64_t est_training_loop_global_step(const est_training_loop *l)
{
    return l->global_step;
}

const est_results *est_training_loop_last_stats(const est_training_loop *l)
{
    return l->has_stats ? &l->stats.shown : NULL;
}

static est_status need_model(const est_training_loop *l)
{
    return l->session ? EST_OK : est__fail(EST_FAILED_PRECONDITION, "the loop has no model yet: est_training_loop_fit brings one");
}

est_status est_training_loop_variable(const est_training_loop *l, const char *name, const est_tensor **value)
{
    *value = NULL;
    EST_TRY(need_model(l));
    const est__variable *v = est__session_variable(l->session, name);
    if (v == NULL)
        return est__fail(EST_NOT_FOUND, "there is no variable '%s'", name);
    *value = v->value;
    return EST_OK;
}

est_graph *est_training_loop_graph(const est_training_loop *l)
{
    return l->training.graph;
}

/* ---- what they change ---- */

static est_status need_rate(const est_training_loop *l)
{
    EST_TRY(need_model(l));
    return l->rate ? EST_OK : est__fail(EST_FAILED_PRECONDITION, "the learning rate of optimizer '%s' is no variable here",
                                        est_optimizer_name(l->optimizer));
}

est_status est_training_loop_learning_rate(const est_training_loop *l, double *rate)
{
    *rate = 0;
    EST_TRY(need_rate(l));
    *rate = *(const float *)l->rate->value->data;
    return EST_OK;
}

est_status est_training_loop_set_learning_rate(est_training_loop *l, double rate)
{
    EST_TRY(need_rate(l));
    *(float *)l->rate->value->data = (float)rate;
    l->rate_changed = l->rate_is_set = true;
    return EST_OK;
}

void est_training_loop_set_loss(est_training_loop *l, double loss)
{
    l->last_loss = loss;
    l->has_loss = true;
}

void est_training_loop_set_optimizer(est_training_loop *l, est_optimizer *optimizer)
{
    est_optimizer *old = l->optimizer;
    l->optimizer = est_optimizer_retain(optimizer);
    l->new_optimizer = true;
    est_optimizer_free(old);
}

est_status est_training_loop_set_metrics(est_training_loop *l, est_loop_metric_list metrics)
{
    return est__metrics_set(&l->metrics, metrics, true);
}

est_status est_training_loop_add_callback(est_training_loop *l, est_loop_callback *c)
{
    return est__callbacks_add(&l->callbacks, c);
}

void est_training_loop_remove_callback(est_training_loop *l, est_loop_callback *c)
{
    est__callbacks *lists[] = { &l->callbacks, &l->extra };
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->count; i++)
            if (lists[k]->data[i] == c) {
                if (est__grow(&l->removed.data, &l->removed.capacity, l->removed.count + 1, sizeof *l->removed.data) != EST_OK)
                    return;
                memmove(&lists[k]->data[i], &lists[k]->data[i + 1], (--lists[k]->count - i) * sizeof *lists[k]->data);
                l->removed.data[l->removed.count++] = c;
                if (l->fitting && c->ended && c->ended(l, false, c->o.user) != EST_OK)
                    est__log(EST_LOG_WARNING, "callback '%s': %s", c->name, est_error());
                if (!l->fitting)
                    est__callbacks_free(&l->removed);
                return;
            }
}
