/* What features are worth to a model by its variables alone: the gains of trees, the weights of a linear model. */
#include <math.h>
#include <stdlib.h>

#include <estimator/checkpoint.h>

#include "estimators/estimator.h"
#include "heads/head.h"

/* The weights that are not 0, by "column=value", and "column=value/class" where there are several logits. */
typedef struct weights {
    est__arena names;
    est__result *list;
    size_t count, capacity;
    int64_t outputs;
    est_strings classes;          /* of the head; none: numbers */
} weights;

static const char *name_of(weights *w, const est_column *c, int64_t row, int64_t output)
{
    est__buffer b = { 0 };
    est__column_value_name(c, row, &b);
    if (w->outputs > 1 && w->classes.count == (size_t)w->outputs)
        est__buffer_printf(&b, "/%s", w->classes.data[output]);
    else if (w->outputs > 1)
        est__buffer_printf(&b, "/%lld", (long long)output);
    const char *name = b.status == EST_OK ? est__arena_strdup(&w->names, b.data) : NULL;
    est__buffer_free(&b);
    return name;
}

static est_status add_column(weights *w, const est_column *c, const est_tensor *value)
{
    int64_t rows = value->shape.rank == 2 ? value->shape.dim[0] : 0;
    if (value->dtype != EST_FLOAT || value->shape.rank != 2 || value->shape.dim[1] != w->outputs || rows != c->kind->width(c))
        return est__fail(EST_INVALID_ARGUMENT, "the checkpoint's weights of column '%s' are of another model", c->name);
    for (int64_t i = 0; i < rows * w->outputs; i++) {
        double v = (double)((const float *)value->data)[i];
        if (v == 0)
            continue;
        EST_TRY(est__grow(&w->list, &w->capacity, w->count + 1, sizeof *w->list));
        const char *name = name_of(w, c, i / w->outputs, i % w->outputs);
        if (name == NULL)
            return est__fail_memory(64);
        w->list[w->count++] = (est__result){ name, v };
    }
    return EST_OK;
}

static bool is_in(const est_checkpoint *from, const char *name)
{
    for (size_t i = 0; i < est_checkpoint_count(from); i++)
        if (strcmp(est_checkpoint_variable_at(from, i)->name, name) == 0)
            return true;
    return false;
}

/* `found`: whether the checkpoint has weights of the column. */
static est_status read_column(weights *w, const est_checkpoint *from, const est_column *c, bool *found)
{
    est__buffer name = { 0 };
    est_tensor *value = NULL;
    est__buffer_text(&name, "linear/linear_model/");
    est__column_clean(&name, c->name);
    est__buffer_text(&name, "/weights");
    est_status st = name.status == EST_OK ? EST_OK : est__fail_memory(64);
    if (st == EST_OK && is_in(from, name.data)) {
        st = est_checkpoint_read(from, name.data, &value);
        *found = true;
    }
    if (value)
        st = add_column(w, c, value);
    est_tensor_free(value);
    est__buffer_free(&name);
    return st;
}

static est_status read_all(const est_estimator *e, weights *w, const est_checkpoint *from, bool *found)
{
    const est_column **column;
    size_t count;
    EST_TRY(est__columns_sorted(e->columns, "feature_columns", &column, &count));
    est_status st = EST_OK;
    for (size_t i = 0; i < count && st == EST_OK; i++)
        st = read_column(w, from, column[i], found);
    est__free(column);
    return st;
}

static int by_size(const void *a, const void *b)
{
    const est__result *x = a, *y = b;
    double m = fabs(x->value), n = fabs(y->value);
    return m != n ? (m < n ? 1 : -1) : strcmp(x->name, y->name);
}

est_status est__importances_new(est__result *list, size_t count, bool normalize, est_results **out)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += fabs(list[i].value);
    for (size_t i = 0; i < count && normalize && total > 0; i++)
        list[i].value /= total;
    if (count)
        qsort(list, count, sizeof *list, by_size);
    return est__results_new(list, count, out);
}

static est_status linear_weights(est_estimator *e, bool normalize, est_results **out)
{
    char prefix[sizeof e->latest];
    est_checkpoint *from = NULL;
    bool found = false;
    weights w = { .outputs = e->head ? est_head_logits_dimension(e->head) : 1 };
    if (e->head)
        w.classes = e->head->options.label_vocabulary;
    EST_TRY(est_latest_checkpoint(e->model_dir, prefix, sizeof prefix));
    est_status st = est_checkpoint_open(prefix, &from);
    if (st == EST_OK && e->columns.count && !is_in(from, "dnn/logits/kernel"))   /* weights are not all that a deep model has */
        st = read_all(e, &w, from, &found);
    if (st == EST_OK && !found)
        st = est__fail(EST_UNIMPLEMENTED, "%s: feature importances are of boosted trees and linear models; est_explain tells what "
                       "features contribute to each prediction", e->name);
    if (st == EST_OK)
        st = est__importances_new(w.list, w.count, normalize, out);
    est_checkpoint_free(from);
    est__arena_free(&w.names);
    est__free(w.list);
    return st;
}

est_status est_feature_importances(est_estimator *e, bool normalize, est_results **out)
{
    *out = NULL;
    return e->verbs && e->verbs->importances ? e->verbs->importances(e, normalize, out) : linear_weights(e, normalize, out);
}
