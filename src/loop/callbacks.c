/* Callbacks as objects, and lists of them. */
#include "loop/loop.h"

est_status est_loop_callback_new_sized(const est_loop_callback_options *options, size_t size, est_loop_callback **out)
{
    est_loop_callback_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_status st = o.call ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "est_loop_callback_new: call is needed");
    est_loop_callback *c = st == EST_OK ? est__calloc(1, sizeof *c) : NULL;
    char *name = c ? est__strdup(o.name ? o.name : "callback") : NULL;
    if (st == EST_OK && name == NULL)
        st = est__fail_memory(sizeof *c);
    if (st != EST_OK) {
        est__free(c);
        if (o.free_user)
            o.free_user(o.user);
        return st;
    }
    c->o = o;
    c->o.name = c->name = name;
    atomic_init(&c->shares, 1);
    *out = c;
    return EST_OK;
}

void est_loop_callback_free(est_loop_callback *c)
{
    if (c == NULL || atomic_fetch_sub(&c->shares, 1) > 1)
        return;
    if (c->o.free_user)
        c->o.free_user(c->o.user);
    est__free(c->name);
    est__free(c);
}

est_status est__loop_callback_of(const est_loop_callback_options *kind, void *user, est_loop_callback **out)
{
    est_loop_callback_options o = *kind;
    o.user = user;
    return est_loop_callback_new(&o, out);
}

est_status est__callbacks_add(est__callbacks *c, est_loop_callback *callback)
{
    if (callback == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "callbacks[%zu] is NULL", c->count);
    for (size_t i = 0; i < c->count; i++)
        if (c->data[i] == callback)
            return est__fail(EST_INVALID_ARGUMENT, "callback '%s' is given twice", callback->name);
    EST_TRY(est__grow(&c->data, &c->capacity, c->count + 1, sizeof *c->data));
    atomic_fetch_add(&callback->shares, 1);
    c->data[c->count++] = callback;
    return EST_OK;
}

void est__callbacks_free(est__callbacks *c)
{
    for (size_t i = 0; i < c->count; i++)
        est_loop_callback_free(c->data[i]);
    est__free(c->data);
    *c = (est__callbacks){ 0 };
}
