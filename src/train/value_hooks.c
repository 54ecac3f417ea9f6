/* Hooks over values: what is logged, what is left at the end, what is fed. */
#include "tensor/tensor.h"
#include "train/hooks.h"

/* ---- log ---- */

enum { SHOWN = 6, LINE = 1024 };      /* elements of a tensor that stand in a line */

typedef struct logging {
    est_hook_tensors tensors;
    est_timer timer;
    bool at_end, never;           /* never: but at the end */
    void (*formatter)(const est_tensor *const *values, char *text, size_t capacity, void *user);
    void *user;
    size_t *fetch;
    const est_tensor **value;
    est_node **node;
    int64_t iteration;
    bool wanted;                  /* in this step */
} logging;

static void logging_free(void *user)
{
    logging *l = user;
    est__free((void *)(uintptr_t)l->tensors.data);
    est__free(l->fetch);
    est__free((void *)l->value);
    est__free(l->node);
    est__free(l);
}

static est_status logging_begin(est_run_context *c, void *user)
{
    logging *l = user;
    l->timer.triggered = false;
    l->iteration = 0;
    for (size_t i = 0; i < l->tensors.count; i++) {
        EST_TRY(est__hook_node(c, &l->tensors.data[i], &l->node[i]));
        l->fetch[i] = est_run_fetch(c, l->node[i]);
    }
    return EST_OK;
}

static void print_element(const est_tensor *t, int64_t i, est__buffer *out)
{
    char number[32];
    if (t->dtype == EST_STRING) {
        size_t length;
        const char *text = est_tensor_string(t, i, &length);
        est__buffer_json_string(out, text, length);
        return;
    }
    if (t->dtype == EST_FLOAT)
        est__format_float(number, (float)est__tensor_get(t, i));
    else
        est__format_double(number, est__tensor_get(t, i));
    est__buffer_text(out, number);
}

static void print_tensor(const est_tensor *t, est__buffer *out)
{
    int64_t n = est__tensor_elements(t);
    if (t->shape.rank == 0) {
        print_element(t, 0, out);
        return;
    }
    est__buffer_text(out, "[");
    for (int64_t i = 0; i < n && i < SHOWN; i++) {
        est__buffer_text(out, i ? " " : "");
        print_element(t, i, out);
    }
    est__buffer_text(out, n > SHOWN ? " ...]" : "]");
}

static est_status log_values(logging *l)
{
    est__buffer line = { 0 };
    char text[LINE] = "";
    double passed = est_timer_update(&l->timer, l->iteration);
    if (l->formatter)
        l->formatter(l->value, text, sizeof text, l->user);
    else
        for (size_t i = 0; i < l->tensors.count; i++) {
            est__buffer_printf(&line, "%s%s = ", i ? ", " : "", l->tensors.data[i].tag);
            print_tensor(l->value[i], &line);
        }
    if (!l->formatter && passed >= 0)
        est__buffer_printf(&line, " (%.3f sec)", passed);
    if (line.status == EST_OK)
        est__log(EST_LOG_INFO, "%s", l->formatter ? text : line.data);
    est_status st = line.status == EST_OK ? EST_OK : est__fail_memory(line.size);
    est__buffer_free(&line);
    return st;
}

static est_status logging_before(est_run_context *c, void *user)
{
    logging *l = user;
    l->wanted = !l->never && est_timer_should_trigger(&l->timer, l->iteration);
    if (l->wanted)
        est_run_ask(c);
    return EST_OK;
}

static est_status logging_after(est_run_context *c, void *user)
{
    logging *l = user;
    est_status st = EST_OK;
    if (l->wanted) {
        for (size_t i = 0; i < l->tensors.count; i++)
            l->value[i] = est_run_value(c, l->fetch[i]);
        st = log_values(l);
    }
    l->iteration++;
    return st;
}

static est_status logging_end(est_run_context *c, void *user)
{
    logging *l = user;
    est_status st = EST_OK;
    est_tensor **made = l->at_end ? est__calloc(l->tensors.count + 1, sizeof *made) : NULL;
    if (!l->at_end)
        return EST_OK;
    if (made == NULL)
        return est__fail_memory(l->tensors.count * sizeof *made);
    for (size_t i = 0; i < l->tensors.count && st == EST_OK; i++) {
        st = est_run_evaluate(c, l->node[i], &made[i]);
        l->value[i] = made[i];
    }
    if (st == EST_OK)
        st = log_values(l);
    for (size_t i = 0; i < l->tensors.count; i++)
        est_tensor_free(made[i]);
    est__free(made);
    return st;
}

static est_status check_logging(const est_logging_tensor_options *o)
{
    if (o->tensors.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "LoggingTensorHook: tensors are needed");
    if (o->every_n_iter < 0 || o->every_n_secs < 0)
        return est__fail(EST_INVALID_ARGUMENT, "LoggingTensorHook: %s is below 0", o->every_n_iter < 0 ? "every_n_iter" : "every_n_secs");
    if ((o->every_n_iter > 0 && o->every_n_secs > 0) || (o->every_n_iter == 0 && o->every_n_secs <= 0 && !o->at_end))
        return est__fail(EST_INVALID_ARGUMENT, "LoggingTensorHook: one of every_n_iter and every_n_secs, or at_end, is needed");
    return EST_OK;
}

est_status est_logging_tensor_hook_new_sized(const est_logging_tensor_options *options, size_t size, est_hook **out)
{
    est_logging_tensor_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(check_logging(&o));
    logging *l = est__calloc(1, sizeof *l);
    if (l == NULL)
        return est__fail_memory(sizeof *l);
    l->timer = (est_timer){ .every_secs = o.every_n_secs, .every_steps = o.every_n_iter };
    l->at_end = o.at_end;
    l->never = o.every_n_iter == 0 && o.every_n_secs <= 0;
    l->formatter = o.formatter;
    l->user = o.user;
    l->fetch = est__calloc(o.tensors.count, sizeof *l->fetch);
    l->value = est__calloc(o.tensors.count, sizeof *l->value);
    l->node = est__calloc(o.tensors.count, sizeof *l->node);
    est_status st = l->fetch && l->value && l->node ? EST_OK : est__fail_memory(o.tensors.count * sizeof *l->value);
    if (st == EST_OK)
        st = est__hook_tensors_copy(o.tensors, "LoggingTensorHook", &l->tensors);
    if (st != EST_OK) {
        logging_free(l);
        return st;
    }
    return est__hook_make(&(est_hook_options){ .name = "LoggingTensorHook", .begin = logging_begin, .before_run = logging_before,
                                               .after_run = logging_after, .end = logging_end, .keeps_graph = true, .user = l,
                                               .free_user = logging_free }, out);
}

/* ---- values at the end ---- */

typedef struct final_ops {
    est_hook_tensors tensors;
    est_tensor **value;
} final_ops;

static void drop_values(final_ops *f)
{
    for (size_t i = 0; i < f->tensors.count && f->value; i++) {
        est_tensor_free(f->value[i]);
        f->value[i] = NULL;
    }
}

static void final_free(void *user)
{
    final_ops *f = user;
    drop_values(f);
    est__free((void *)(uintptr_t)f->tensors.data);
    est__free(f->value);
    est__free(f);
}

static est_status final_begin(est_run_context *c, void *user)
{
    const final_ops *f = user;
    est_node *node;
    drop_values(user);
    for (size_t i = 0; i < f->tensors.count; i++)
        EST_TRY(est__hook_node(c, &f->tensors.data[i], &node));
    return EST_OK;
}

static est_status final_end(est_run_context *c, void *user)
{
    final_ops *f = user;
    est_node *node;
    for (size_t i = 0; i < f->tensors.count; i++) {
        EST_TRY(est__hook_node(c, &f->tensors.data[i], &node));
        EST_TRY(est_run_evaluate(c, node, &f->value[i]));
    }
    return EST_OK;
}

est_status est_final_ops_hook_new(est_hook_tensors tensors, est_hook **out)
{
    *out = NULL;
    if (tensors.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "FinalOpsHook: final_ops are needed");
    final_ops *f = est__calloc(1, sizeof *f);
    if (f == NULL)
        return est__fail_memory(sizeof *f);
    f->value = est__calloc(tensors.count, sizeof *f->value);
    est_status st = f->value ? est__hook_tensors_copy(tensors, "FinalOpsHook", &f->tensors) : est__fail_memory(sizeof *f);
    if (st != EST_OK) {
        est__free(f->value);
        est__free(f);
        return st;
    }
    return est__hook_make(&(est_hook_options){ .name = "FinalOpsHook", .begin = final_begin, .end = final_end, .keeps_graph = true,
                                               .user = f, .free_user = final_free }, out);
}

const est_tensor *est_final_ops_value(const est_hook *h, size_t i)
{
    const final_ops *f = h->o.user;
    return h->o.end == final_end && i < f->tensors.count ? f->value[i] : NULL;
}

/* ---- feeds ---- */

typedef struct feeding {
    est_hook_tensors tensors;
    est_feed_fn feed_fn;
    void *user;
    size_t *feed;
    const est_tensor **value;
} feeding;

static void feeding_free(void *user)
{
    feeding *f = user;
    est__free((void *)(uintptr_t)f->tensors.data);
    est__free(f->feed);
    est__free((void *)f->value);
    est__free(f);
}

static est_status feeding_begin(est_run_context *c, void *user)
{
    feeding *f = user;
    est_node *node;
    for (size_t i = 0; i < f->tensors.count; i++) {
        EST_TRY(est__hook_node(c, &f->tensors.data[i], &node));
        f->feed[i] = est_run_feed(c, node);
    }
    return EST_OK;
}

static est_status feeding_before(est_run_context *c, void *user)
{
    feeding *f = user;
    memset((void *)f->value, 0, f->tensors.count * sizeof *f->value);
    EST_TRY(f->feed_fn(f->value, f->user));
    for (size_t i = 0; i < f->tensors.count; i++) {
        if (f->value[i] == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "feed_fn gave no value for '%s'", f->tensors.data[i].tag);
        EST_TRY(est_run_give(c, f->feed[i], f->value[i]));
    }
    return EST_OK;
}

est_status est_feed_fn_hook_new(est_hook_tensors placeholders, est_feed_fn feed_fn, void *user, est_hook **out)
{
    *out = NULL;
    if (feed_fn == NULL || placeholders.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "FeedFnHook: %s needed", feed_fn ? "placeholders are" : "feed_fn is");
    feeding *f = est__calloc(1, sizeof *f);
    if (f == NULL)
        return est__fail_memory(sizeof *f);
    f->feed_fn = feed_fn;
    f->user = user;
    f->feed = est__calloc(placeholders.count, sizeof *f->feed);
    f->value = est__calloc(placeholders.count, sizeof *f->value);
    est_status st = f->feed && f->value ? est__hook_tensors_copy(placeholders, "FeedFnHook", &f->tensors) : est__fail_memory(sizeof *f);
    if (st != EST_OK) {
        feeding_free(f);
        return st;
    }
    return est__hook_make(&(est_hook_options){ .name = "FeedFnHook", .begin = feeding_begin, .before_run = feeding_before,
                                               .keeps_graph = true, .user = f, .free_user = feeding_free }, out);
}
