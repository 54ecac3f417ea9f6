/* Warm start settings: checked and copied; which variables they choose; their values out of the checkpoint. */
#include "train/warm_start.h"

#include <estimator/checkpoint.h>
#include <estimator/nn.h>

#include "base/fields.h"
#include "base/regex.h"
#include "formats/object_graph.h"

static const est_field settings_fields[] = {
    EST_FIELD(est_warm_start_settings, STRING, ckpt_to_initialize_from, .needed = true,
              .doc = "a checkpoint's prefix, a folder with checkpoints, or a SavedModel"),
    EST_FIELD(est_warm_start_settings, STRING, vars_to_warm_start, .def_text = ".*",
              .doc = "which of the trained variables (a regular expression), or of all (a list of them)"),
    { 0 }
};

static const est_field info_fields[] = {
    EST_FIELD(est_vocab_info, STRING, new_vocab, .needed = true, .doc = "a file with the words of now, one a line"),
    EST_FIELD(est_vocab_info, INT, new_vocab_size, .needed = true, .min = 1, .max = INT32_MAX,
              .doc = "how many words of new_vocab count"),
    EST_FIELD(est_vocab_info, INT, num_oov_buckets, .max = INT32_MAX, .doc = "what comes after the words, and starts anew"),
    EST_FIELD(est_vocab_info, STRING, old_vocab, .needed = true, .doc = "a file with the words of then"),
    EST_FIELD(est_vocab_info, INT, old_vocab_size, .min = -1, .max = INT32_MAX, .zero = -1,
              .doc = "how many words of old_vocab count; absent: all"),
    EST_FIELD(est_vocab_info, INITIALIZER, backup_initializer, .def_text = "Zeros", .doc = "what is new starts from"),
    EST_FIELD(est_vocab_info, INT, axis, .max = 1, .doc = "0: rows stand for words; 1: columns do"),
    { 0 }
};

const est_field *est_warm_start_settings_fields(size_t *size)
{
    if (size)
        *size = sizeof(est_warm_start_settings);
    return settings_fields;
}

const est_field *est_vocab_info_fields(size_t *size)
{
    if (size)
        *size = sizeof(est_vocab_info);
    return info_fields;
}

static const est_field lists[] = {
    EST_FIELD(est_warm_start_settings, STRINGS, all_vars_to_warm_start, .doc = "which of all variables"),
    { 0 }
};

/* ---- checked and copied ---- */

static est_status compile(const char *pattern, regex_t *out)
{
    return est__regex_compile("vars_to_warm_start", *pattern ? pattern : ".*", true, out);
}

static est_status check_pattern(const char *pattern)
{
    regex_t r;
    EST_TRY(compile(pattern, &r));
    regfree(&r);
    return EST_OK;
}

static est_status copy_infos(est_vocab_infos given, est__arena *arena, est_vocab_infos *out)
{
    est_vocab_info *list = est__arena_alloc(arena, (given.count + 1) * sizeof *list);
    if (list == NULL)
        return est__fail_memory(given.count * sizeof *list);
    for (size_t i = 0; i < given.count; i++) {
        char where[256];
        if (given.data[i].variable == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "var_name_to_vocab_info[%zu] names no variable", i);
        snprintf(where, sizeof where, "var_name_to_vocab_info '%.200s'", given.data[i].variable);
        EST_TRY(est__fields_apply(info_fields, where, &given.data[i], sizeof *list, &list[i], sizeof *list));
        if (list[i].backup_initializer.type) {
            est_status st = est_initializer_check(&list[i].backup_initializer);
            if (st != EST_OK)
                return est__fail_in(st, "%s", where);
        }
        EST_TRY(est__fields_copy(info_fields, &list[i], arena));
        list[i].variable = est__arena_strdup(arena, list[i].variable);
        if (list[i].variable == NULL)
            return est__fail_memory(64);
    }
    *out = (est_vocab_infos){ list, given.count };
    return EST_OK;
}

static est_status copy_names(est_prev_var_names given, est__arena *arena, est_prev_var_names *out)
{
    est_prev_var_name *list = est__arena_alloc(arena, (given.count + 1) * sizeof *list);
    if (list == NULL)
        return est__fail_memory(given.count * sizeof *list);
    for (size_t i = 0; i < given.count; i++) {
        if (given.data[i].name == NULL || given.data[i].prev_name == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "var_name_to_prev_var_name[%zu] lacks a name", i);
        list[i].name = est__arena_strdup(arena, given.data[i].name);
        list[i].prev_name = est__arena_strdup(arena, given.data[i].prev_name);
        if (list[i].name == NULL || list[i].prev_name == NULL)
            return est__fail_memory(64);
    }
    *out = (est_prev_var_names){ list, given.count };
    return EST_OK;
}

static est_status copy(const est_warm_start_settings *given, est__arena *arena, est_warm_start_settings *w)
{
    EST_TRY(est__fields_apply(settings_fields, "warm_start_from", given, sizeof *given, w, sizeof *w));
    EST_TRY(est__fields_copy(settings_fields, w, arena));
    EST_TRY(est__fields_copy(lists, w, arena));
    EST_TRY(check_pattern(w->vars_to_warm_start));
    for (size_t i = 0; i < w->all_vars_to_warm_start.count; i++)
        EST_TRY(check_pattern(w->all_vars_to_warm_start.data[i]));
    EST_TRY(copy_infos(given->var_name_to_vocab_info, arena, &w->var_name_to_vocab_info));
    return copy_names(given->var_name_to_prev_var_name, arena, &w->var_name_to_prev_var_name);
}

est_status est__warm_start_copy(const est_warm_start_settings *given, const char *where, est__arena *arena,
                                const est_warm_start_settings **out)
{
    *out = NULL;
    if (given == NULL)
        return EST_OK;
    est_warm_start_settings *w = est__arena_alloc(arena, sizeof *w);
    if (w == NULL)
        return est__fail_memory(sizeof *w);
    est_status st = copy(given, arena, w);
    *out = st == EST_OK ? w : NULL;
    return st == EST_OK ? EST_OK : est__fail_in(st, "%s", where);
}

/* ---- the checkpoint ---- */

static est_status find_prefix(const char *given, char *prefix, size_t capacity)
{
    est__buffer saved_model = { 0 };
    est__buffer_printf(&saved_model, "%s/saved_model.pb", given);
    EST_TRY(saved_model.status);
    bool is_saved_model = est__is_file(saved_model.data);
    est__buffer_free(&saved_model);
    if (est__is_dir(given) && !is_saved_model)
        return est_latest_checkpoint(given, prefix, capacity);
    if ((size_t)snprintf(prefix, capacity, "%s%s", given, is_saved_model ? "/variables/variables" : "") >= capacity)
        return est__fail(EST_INVALID_ARGUMENT, "%.100s…: the path is too long", given);
    return EST_OK;
}

/* ---- which variables ---- */

typedef struct warming {
    est__session *session;
    const est_warm_start_settings *settings;
    est__bundle *from;
    est__object_graph objects;    /* of an object-based checkpoint */
    bool *name_used, *info_used;
    bool all;                     /* of all variables, not of the trained ones alone */
    regex_t *pattern;
    size_t num_patterns;
    size_t warmed;
} warming;

static est_status compile_all(warming *w)
{
    const est_warm_start_settings *s = w->settings;
    size_t n = s->all_vars_to_warm_start.count;
    w->all = n > 0;
    w->pattern = est__calloc(n + 1, sizeof *w->pattern);
    w->name_used = est__calloc(s->var_name_to_prev_var_name.count + 1, sizeof *w->name_used);
    w->info_used = est__calloc(s->var_name_to_vocab_info.count + 1, sizeof *w->info_used);
    if (w->pattern == NULL || w->name_used == NULL || w->info_used == NULL)
        return est__fail_memory(n * sizeof *w->pattern);
    for (size_t i = 0; i < n || i == 0; i++) {
        EST_TRY(compile(n ? s->all_vars_to_warm_start.data[i] : s->vars_to_warm_start, &w->pattern[i]));
        w->num_patterns++;
    }
    return EST_OK;
}

/* Python's names of variables end with ":0", and so may expressions. */
static bool matches(const regex_t *pattern, const char *name)
{
    char whole[4096];
    if (regexec(pattern, name, 0, NULL, 0) == 0)
        return true;
    return (size_t)snprintf(whole, sizeof whole, "%s:0", name) < sizeof whole && regexec(pattern, whole, 0, NULL, 0) == 0;
}

/* The configuration's hyper-parameters stay, as they do when a training goes on. */
static bool is_chosen(const warming *w, const est__graph_variable *v)
{
    if (v->local || v->hyper || !(v->trainable || w->all))
        return false;
    for (size_t i = 0; i < w->num_patterns; i++)
        if (matches(&w->pattern[i], v->name))
            return true;
    return false;
}

static const est_vocab_info *info_of(warming *w, const char *name)
{
    est_vocab_infos all = w->settings->var_name_to_vocab_info;
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.data[i].variable, name) == 0) {
            w->info_used[i] = true;
            return &all.data[i];
        }
    return NULL;
}

/* What the checkpoint calls the variable. */
static const char *old_name(warming *w, const char *name)
{
    est_prev_var_names all = w->settings->var_name_to_prev_var_name;
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.data[i].name, name) == 0) {
            w->name_used[i] = true;
            name = all.data[i].prev_name;
            break;
        }
    const char *key = est__bundle_find(w->from, name) ? NULL : est__object_graph_key(&w->objects, name);
    return key ? key : name;
}

static est_status missing(const warming *w, const char *name, const char *old)
{
    size_t n = est__bundle_count(w->from);
    const char **names = est__calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = est__bundle_at(w->from, i)->name;
    const char *near = names ? est__nearest(old, names, n) : NULL;
    est__free(names);
    return est__fail(EST_NOT_FOUND, "%s: there is no variable '%s', which '%s' is to start from%s%s%s; vars_to_warm_start chooses "
                     "variables, var_name_to_prev_var_name tells old names", est__bundle_prefix(w->from), old, name,
                     near ? " (is '" : "", near ? near : "", near ? "' meant?)" : "");
}

static est_status warm_variable(warming *w, const est__graph_variable *v)
{
    const char *old = old_name(w, v->name);
    const est_vocab_info *info = info_of(w, v->name);
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    est_tensor *value = est__session_variable(w->session, v->name)->value;
    if (info == NULL && w->settings->vars_to_warm_start[0] == '\0' && !w->all)
        return EST_OK;
    const est__bundle_variable *have = est__bundle_find(w->from, old);
    w->warmed++;
    if (have == NULL)
        return missing(w, v->name, old);
    if (info)
        return est__vocab_remap(w->session, info, w->from, old, value);
    if (!est_shape_equal(&have->shape, &v->shape))
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, '%s' of the new model %s: leave it out by vars_to_warm_start, "
                         "or tell by var_name_to_vocab_info which words its rows are", est__bundle_prefix(w->from), old,
                         est__shape_string(a, &have->shape), v->name, est__shape_string(b, &v->shape));
    return est__bundle_read_into(w->from, old, value);
}

/* ---- what was named in vain ---- */

static est_status check_used(const warming *w, const char *what, const char *name, bool used)
{
    const est_graph *g = w->session->graph;
    est__buffer list = { 0 };
    if (used)
        return EST_OK;
    for (size_t i = 0, n = 0; i < g->num_variables; i++)
        if (is_chosen(w, &g->variable[i]) && n++ < 20)
            est__buffer_printf(&list, "%s'%s'", n > 1 ? ", " : "", g->variable[i].name);
    est_status st = est__fail(EST_INVALID_ARGUMENT, "%s names '%s', which is not among the variables that are warm-started: %s",
                              what, name, list.data ? list.data : "none");
    est__buffer_free(&list);
    return st;
}

static est_status check_all_used(const warming *w)
{
    const est_warm_start_settings *s = w->settings;
    for (size_t i = 0; i < s->var_name_to_prev_var_name.count; i++)
        EST_TRY(check_used(w, "var_name_to_prev_var_name", s->var_name_to_prev_var_name.data[i].name, w->name_used[i]));
    for (size_t i = 0; i < s->var_name_to_vocab_info.count; i++)
        EST_TRY(check_used(w, "var_name_to_vocab_info", s->var_name_to_vocab_info.data[i].variable, w->info_used[i]));
    return EST_OK;
}

static est_status warm_all(warming *w)
{
    const est_graph *g = w->session->graph;
    char prefix[4096];
    EST_TRY(find_prefix(w->settings->ckpt_to_initialize_from, prefix, sizeof prefix));
    EST_TRY(est__bundle_open(prefix, &w->from));
    EST_TRY(est__object_graph_read(w->from, &w->objects));
    EST_TRY(compile_all(w));
    for (size_t i = 0; i < g->num_variables; i++)
        if (is_chosen(w, &g->variable[i]))
            EST_TRY(warm_variable(w, &g->variable[i]));
    EST_TRY(check_all_used(w));
    est__log(EST_LOG_INFO, "warm start: %zu variable%s from %s", w->warmed, w->warmed == 1 ? "" : "s", prefix);
    return EST_OK;
}

est_status est__warm_start(est__session *s, const est_warm_start_settings *settings)
{
    warming w = { .session = s, .settings = settings };
    est_status st = warm_all(&w);
    for (size_t i = 0; i < w.num_patterns; i++)
        regfree(&w.pattern[i]);
    est__free(w.pattern);
    est__free(w.name_used);
    est__free(w.info_used);
    est__object_graph_free(&w.objects);
    est__bundle_free(w.from);
    return st == EST_OK ? EST_OK : est__fail_in(st, "warm_start_from");
}
