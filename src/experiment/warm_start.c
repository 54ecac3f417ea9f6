/* warm_start_from: a path, or the settings as a map. */
#include "experiment/config.h"

enum { CHECKPOINT, VARIABLES };   /* of the settings' fields */

static const est__keys plain = { .path = "warm_start_from", .zero_is_default = true };

static est_status to_variables(est__convert *c, const est__yaml *n, est_warm_start_settings *w)
{
    est_field f = est_warm_start_settings_fields(NULL)[VARIABLES];
    if (est__yaml_is_null(n))
        return EST_OK;
    if (n->kind != EST_YAML_LIST)
        return est__convert_field(c, n, &f, &plain, &w->vars_to_warm_start);
    f.type = EST_FIELD_STRINGS;
    return est__convert_field(c, n, &f, &plain, &w->all_vars_to_warm_start);
}

static est_status check_map(const est__yaml *n, const char *key, const char *what)
{
    char room[160];
    if (n->kind == EST_YAML_MAP)
        return EST_OK;
    return est__yaml_fail(n, "%s takes a map of variables to %s, not %s", key, what, est__yaml_describe(n, room));
}

static est_status to_names(est__convert *c, const est__yaml *n, est_prev_var_names *out)
{
    const est_field f = { .name = "var_name_to_prev_var_name", .type = EST_FIELD_STRING };
    if (est__yaml_is_null(n))
        return EST_OK;
    EST_TRY(check_map(n, f.name, "their old names"));
    est_prev_var_name *list = est__arena_alloc(c->arena, (n->count + 1) * sizeof *list);
    if (!list)
        return est__fail_memory(n->count * sizeof *list);
    for (size_t i = 0; i < n->count; i++) {
        list[i].name = n->pairs[i].key;
        EST_TRY(est__convert_field(c, n->pairs[i].value, &f, &plain, &list[i].prev_name));
    }
    *out = (est_prev_var_names){ list, n->count };
    return EST_OK;
}

static est_status to_infos(est__convert *c, const est__yaml *n, est_vocab_infos *out)
{
    const est__keys keys = { .path = "var_name_to_vocab_info", .fields = est_vocab_info_fields(NULL), .zero_is_default = true };
    if (est__yaml_is_null(n))
        return EST_OK;
    EST_TRY(check_map(n, keys.path, "what their words are"));
    est_vocab_info *list = est__arena_alloc(c->arena, (n->count + 1) * sizeof *list);
    if (!list)
        return est__fail_memory(n->count * sizeof *list);
    for (size_t i = 0; i < n->count; i++) {
        EST_TRY(est__convert_map(c, n->pairs[i].value, &keys, &list[i]));
        list[i].variable = n->pairs[i].key;
    }
    *out = (est_vocab_infos){ list, n->count };
    return EST_OK;
}

est_status est__convert_warm_start(est__convert *c, const est__yaml *n, const est_field *f, const est_warm_start_settings **out)
{
    static const char *const others[] = { "vars_to_warm_start", "var_name_to_vocab_info", "var_name_to_prev_var_name", NULL };
    const est_field *fields = est_warm_start_settings_fields(NULL), own[] = { fields[CHECKPOINT], { 0 } };
    char room[160];
    const char *path;
    est_warm_start_settings *w = est__arena_alloc(c->arena, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    *out = w;
    if (n->kind == EST_YAML_SCALAR && est__yaml_string(n, &path))
        return est__convert_field(c, n, &fields[CHECKPOINT], &plain, &w->ckpt_to_initialize_from);
    if (n->kind != EST_YAML_MAP)
        return est__yaml_fail(n, "%s takes a path or {ckpt_to_initialize_from: PATH, …}, not %s", f->name,
                              est__yaml_describe(n, room));
    EST_TRY(est__convert_map(c, n, &(est__keys){ .path = f->name, .fields = own, .others = others, .zero_is_default = true }, w));
    EST_TRY(to_variables(c, est__yaml_get(n, others[0]), w));
    EST_TRY(to_infos(c, est__yaml_get(n, others[1]), &w->var_name_to_vocab_info));
    return to_names(c, est__yaml_get(n, others[2]), &w->var_name_to_prev_var_name);
}
