/* classifier_parse_example_spec, regressor_parse_example_spec: what the columns read, the label and the weight of an example. */
#include "base/fields.h"
#include "feature_columns/columns.h"
#include "tensor/tensor.h"

static const char *const dtypes[] = { "int64", "float32", "string", NULL };
static const char *const number_dtypes[] = { "float32", "int64", NULL };

#define FIELDS(struct_type, default_dtype, dtype_choices) \
    EST_FIELD(struct_type, STRING, label_key, .needed = true, .doc = "the feature that holds the label"), \
    EST_FIELD(struct_type, STRING, label_dtype, .def_text = default_dtype, .choices = dtype_choices, .doc = "its dtype"), \
    EST_FIELD(struct_type, STRING, label_default, .doc = "of an example without one; none: it is an error"), \
    EST_FIELD(struct_type, STRING, weight_column, .doc = "key of a float feature: weight of an example")

static const est_field fields_classifier[] = {
    FIELDS(est_classifier_spec_options, "int64", dtypes), { 0 }
};
static const est_field fields_regressor[] = {
    FIELDS(est_regressor_spec_options, "float32", number_dtypes),
    EST_FIELD(est_regressor_spec_options, INT, label_dimension, .def = 1, .min = 1, .doc = "number of targets of an example"),
    { 0 }
};

static bool parse(est_tensor *t, const char *text)
{
    if (t->dtype == EST_INT64)
        return est__parse_int64(text, strlen(text), t->data);
    return est__parse_float(text, strlen(text), t->data);
}

/* A scalar, in the arena. */
static est_status make_default(const char *where, est_dtype dtype, const char *text, est__arena *arena, const est_tensor **out)
{
    est_tensor *t = est__arena_alloc(arena, sizeof *t);
    int64_t *data = est__arena_alloc(arena, 2 * sizeof *data);
    if (!t || !data)
        return est__fail_memory(sizeof *t);
    *t = (est_tensor){ .dtype = dtype, .shape = EST_SCALAR, .data = data };
    if (dtype == EST_STRING) {
        t->bytes = est__arena_strdup(arena, text);
        data[1] = (int64_t)strlen(text);
        if (!t->bytes)
            return est__fail_memory(strlen(text));
    } else if (!parse(t, text)) {
        return est__fail(EST_INVALID_ARGUMENT, "%s: label_default is '%s', which is no %s", where, text, est_dtype_name(dtype));
    }
    *out = t;
    return EST_OK;
}

static est_status add(const char *where, const char *what, est__spec_builder *b, const est_column *any, est_feature f)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->feature[i].name, f.name) == 0)
            return est__fail(EST_INVALID_ARGUMENT, "%s: %s '%s' is read as a feature by column '%s'; it must be none", where, what,
                             f.name, b->reader[i]->name);
    f.name = est__arena_strdup(b->arena, f.name);
    return f.name ? est__spec_add(b, any, f) : est__fail_memory(64);
}

static est_status with_label(const char *where, est_column_list columns, const est_regressor_spec_options *o, est_features_spec *spec)
{
    est__spec_builder b;
    EST_TRY(est__spec_of(columns, &b));
    if (b.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: feature_columns is empty; it must hold at least one column", where);
    const est_column *any = b.reader[0];
    est_feature label = { .name = o->label_key, .dtype = est_dtype_of(o->label_dtype), .shape = EST_SHAPE(o->label_dimension) };
    if (o->label_default)
        EST_TRY(make_default(where, label.dtype, o->label_default, b.arena, &label.default_value));
    if (o->weight_column && strcmp(o->weight_column, o->label_key) == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: weight_column '%s' is the label; it must be another feature", where, o->label_key);
    EST_TRY(add(where, "label_key", &b, any, label));
    if (o->weight_column)
        EST_TRY(add(where, "weight_column", &b, any,
                    (est_feature){ .name = o->weight_column, .dtype = EST_FLOAT, .shape = EST_SHAPE(1) }));
    *spec = (est_features_spec){ .data = b.feature, .count = b.count };
    return EST_OK;
}

est_status est_classifier_parse_example_spec_sized(est_column_list columns, const est_classifier_spec_options *options, size_t size,
                                                   est_features_spec *spec)
{
    static const char where[] = "classifier_parse_example_spec";
    est_classifier_spec_options o;
    *spec = (est_features_spec){ 0 };
    EST_TRY(est__fields_apply(fields_classifier, where, options, size, &o, sizeof o));
    return with_label(where, columns, &(est_regressor_spec_options){
        .label_key = o.label_key, .label_dtype = o.label_dtype, .label_default = o.label_default, .label_dimension = 1,
        .weight_column = o.weight_column }, spec);
}

est_status est_regressor_parse_example_spec_sized(est_column_list columns, const est_regressor_spec_options *options, size_t size,
                                                  est_features_spec *spec)
{
    static const char where[] = "regressor_parse_example_spec";
    est_regressor_spec_options o;
    *spec = (est_features_spec){ 0 };
    EST_TRY(est__fields_apply(fields_regressor, where, options, size, &o, sizeof o));
    return with_label(where, columns, &o, spec);
}
