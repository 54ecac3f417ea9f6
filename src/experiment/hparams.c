/* Hyper-parameters for TensorBoard: those of a configuration, in the folder of its run, and those of a search, above its trials. */
#include <estimator/summary.h>

#include "experiment/hparams.h"

typedef struct list {
    est__arena arena;
    est_hparam *item;
    size_t count, capacity;
} list;

/* ---- a configuration's ---- */

static est_status add(list *l, const char *name, const est__yaml *value, const char *text)
{
    est_hparam h = { .name = name };
    bool truth;
    EST_TRY(est__grow(&l->item, &l->capacity, l->count + 1, sizeof *l->item));
    if (text == NULL && est__yaml_bool(value, &truth))
        h = (est_hparam){ .name = name, .number = truth, .is_bool = true };
    else if (text || !est__yaml_float(value, &h.number))
        h.text = est__arena_strdup(&l->arena, text ? text : value->text);
    l->item[l->count++] = h;
    return h.text || (!text && value->kind == EST_YAML_SCALAR) ? EST_OK : est__fail_memory(64);
}

/* Of a list its items on one line; one of feature columns, of further maps, is no hyper-parameter. */
static est_status add_list(list *l, const char *name, const est__yaml *value)
{
    est__buffer text = { 0 };
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i]->kind != EST_YAML_SCALAR) {
            est__buffer_free(&text);
            return EST_OK;
        }
        est__buffer_printf(&text, "%s%s", i ? ", " : "[", value->items[i]->text);
    }
    est__buffer_text(&text, value->count ? "]" : "[]");
    est_status st = text.status == EST_OK ? add(l, name, value, text.data) : text.status;
    est__buffer_free(&text);
    return st;
}

/* Names are paths, as --set takes them; {type: Ftrl, learning_rate: 0.1} is two, the first by the map's own name. */
static est_status flatten(list *l, const char *name, const est__yaml *value)
{
    if (est__yaml_is_null(value))
        return EST_OK;
    if (value->kind == EST_YAML_SCALAR)
        return add(l, name, value, NULL);
    if (value->kind == EST_YAML_LIST)
        return add_list(l, name, value);
    for (size_t i = 0; i < value->count; i++) {
        const est__yaml_pair *pair = &value->pairs[i];
        char *path = strcmp(pair->key, "type") == 0 ? est__arena_strdup(&l->arena, name) : est__arena_printf(&l->arena, "%s.%s", name, pair->key);
        if (path == NULL)
            return est__fail_memory(strlen(name));
        EST_TRY(flatten(l, path, pair->value));
    }
    return EST_OK;
}

static est_status gather(list *l, const est__yaml *root)
{
    static const char *const data[] = { "batch_size", "shuffle_buffer_size" };
    const est__yaml *task = est__yaml_get(root, "task"), *train = est__yaml_get(task, "train_data");
    EST_TRY(flatten(l, "task.model", est__yaml_get(task, "model")));
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        const est__yaml *value = est__yaml_get(train, data[i]);
        char *path = est__arena_printf(&l->arena, "task.train_data.%s", data[i]);
        if (path == NULL)
            return est__fail_memory(64);
        EST_TRY(flatten(l, path, value));
    }
    return EST_OK;
}

est_status est__hparams_of_run(const char *resolved, const char *model_dir, est_summary_writer **out)
{
    est__yaml_document d = { 0 };
    const est__yaml *root = NULL;
    list l = { 0 };
    *out = NULL;
    est_status st = est__yaml_parse(&d, "the resolved configuration", "", resolved, strlen(resolved), &root);
    if (st == EST_OK)
        st = gather(&l, root);
    if (st == EST_OK)
        st = est_summary_writer_new(model_dir, &(est_summary_writer_options){ .max_file_bytes = EST_OFF, .max_total_bytes = EST_OFF, .append = true }, out);
    if (st == EST_OK)
        st = est_summary_hparams(*out, l.item, l.count, NULL);
    if (st == EST_OK)
        st = est_summary_writer_flush(*out);
    est__free(l.item);
    est__arena_free(&l.arena);
    est__yaml_free(&d);
    return st;
}

/* ---- a search's ---- */

/* What a list of plain values holds: numbers, booleans or texts. Of others TensorBoard is told the name alone. */
static est_status of_list(est__yaml_document *d, const est__space *s, est_hparam_info *out)
{
    double *number = est__arena_alloc(&d->arena, s->num_values * sizeof *number);
    const char **text = est__arena_alloc(&d->arena, s->num_values * sizeof *text);
    size_t numbers = 0, bools = 0, texts = 0;
    if (number == NULL || text == NULL)
        return est__fail_memory(s->num_values * sizeof *number);
    for (size_t i = 0; i < s->num_values; i++) {
        const est__yaml *value;
        bool truth;
        const char *document = est__arena_printf(&d->arena, "value: %s", s->value[i]);
        if (document == NULL)
            return est__fail_memory(64);
        EST_TRY(est__yaml_parse(d, s->path[0], "", document, strlen(document), &value));
        value = est__yaml_get(value, "value");
        numbers += est__yaml_float(value, &number[i]);
        bools += est__yaml_bool(value, &truth);
        texts += value->kind == EST_YAML_SCALAR && !est__yaml_is_null(value);
        text[i] = value->kind == EST_YAML_SCALAR ? value->text : "";
    }
    if (numbers == s->num_values)
        out->numbers = (est_floats){ number, numbers };
    else if (bools == s->num_values)
        out->is_bool = true;
    else if (texts == s->num_values)
        out->texts = (est_strings){ text, texts };
    return EST_OK;
}

est_status est__hparams_of_search(est__yaml_document *d, const est__space *space, size_t count, const char *metric, const char *dir)
{
    est_summary_writer *w = NULL;
    est_hparam_info *info = est__arena_alloc(&d->arena, (count + 1) * sizeof *info);
    if (info == NULL)
        return est__fail_memory(count * sizeof *info);
    for (size_t i = 0; i < count; i++) {
        info[i] = (est_hparam_info){ .name = space[i].path[0] };
        if (space[i].kind == EST__SPACE_LIST)
            EST_TRY(of_list(d, &space[i], &info[i]));
        else
            info[i].low = space[i].low, info[i].high = space[i].high;
    }
    est_status st = est_summary_writer_new(dir, NULL, &w);
    if (st == EST_OK)
        st = est_summary_hparams_config(w, info, count, &(est_hparam_metric){ .group = "eval", .tag = metric }, 1);
    if (st == EST_OK)
        st = est_summary_writer_flush(w);
    est_summary_writer_free(w);
    return st;
}
