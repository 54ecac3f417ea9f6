/* make_parse_example_spec: which features a list of columns reads, each once, sorted by name. */
#include "feature_columns/columns.h"
#include "tensor/tensor.h"

/* "float32 [1], default 30", "string of variable length". */
static void describe(char *text, size_t size, const est_feature *f)
{
    char shape[EST__SHAPE_TEXT_SIZE], number[32];
    if (f->variable_length) {
        snprintf(text, size, "%s of variable length", est_dtype_name(f->dtype));
    } else if (!f->default_value) {
        snprintf(text, size, "%s %s without a default", est_dtype_name(f->dtype),
                 est__shape_string(shape, &f->shape));
    } else {
        est__format_double(number, est__tensor_get(f->default_value, 0));
        snprintf(text, size, "%s %s, default %s%s", est_dtype_name(f->dtype),
                 est__shape_string(shape, &f->shape), number,
                 est__tensor_elements(f->default_value) > 1 ? ", …" : "");
    }
}

static bool same_default(const est_tensor *a, const est_tensor *b)
{
    if (!a || !b)
        return a == b;
    if (est__tensor_elements(a) != est__tensor_elements(b))
        return false;
    for (int64_t i = 0; i < est__tensor_elements(a); i++)
        if (est__tensor_get(a, i) != est__tensor_get(b, i))
            return false;
    return true;
}

static bool same(const est_feature *a, const est_feature *b)
{
    if (a->dtype != b->dtype || a->variable_length != b->variable_length)
        return false;
    return a->variable_length ||
           (est_shape_equal(&a->shape, &b->shape) && same_default(a->default_value, b->default_value));
}

static est_status grow(est__spec_builder *b)
{
    size_t capacity = b->capacity ? 2 * b->capacity : 16;
    est_feature *feature = est__arena_alloc(b->arena, capacity * sizeof *feature);
    const est_column **reader = est__arena_alloc(b->arena, capacity * sizeof *reader);
    if (!feature || !reader)
        return est__fail_memory(capacity * sizeof *feature);
    if (b->count) {
        memcpy(feature, b->feature, b->count * sizeof *feature);
        memcpy(reader, b->reader, b->count * sizeof *reader);
    }
    b->feature = feature;
    b->reader = reader;
    b->capacity = capacity;
    return EST_OK;
}

est_status est__spec_add(est__spec_builder *b, const est_column *column, est_feature feature)
{
    size_t at = 0;
    while (at < b->count && strcmp(b->feature[at].name, feature.name) < 0)
        at++;
    if (at < b->count && strcmp(b->feature[at].name, feature.name) == 0) {
        char first[256], second[256];
        if (same(&b->feature[at], &feature))
            return EST_OK;
        describe(first, sizeof first, &b->feature[at]);
        describe(second, sizeof second, &feature);
        return est__fail(EST_INVALID_ARGUMENT,
                         "column '%s' reads feature '%s' as %s, column '%s' as %s; they must agree",
                         b->reader[at]->name, feature.name, first, column->name, second);
    }
    if (b->count == b->capacity)
        EST_TRY(grow(b));
    memmove(&b->feature[at + 1], &b->feature[at], (b->count - at) * sizeof *b->feature);
    memmove(&b->reader[at + 1], &b->reader[at], (b->count - at) * sizeof *b->reader);
    b->feature[at] = feature;
    b->reader[at] = column;
    b->count++;
    return EST_OK;
}

est_status est__spec_of(est_column_list columns, est__spec_builder *b)
{
    *b = (est__spec_builder){ 0 };
    for (size_t i = 0; i < columns.count; i++) {
        const est_column *c = columns.data[i];
        if (!c)
            return est__fail(EST_INVALID_ARGUMENT, "feature_columns[%zu] is NULL; it must be a column", i);
        EST_TRY(est_columns_status(c->set));
        if (!b->arena)
            b->arena = est__columns_arena(c->set);
        EST_TRY(c->kind->parse_spec(c, b));
    }
    return EST_OK;
}

est_status est_make_parse_example_spec(est_column_list columns, est_features_spec *spec)
{
    est__spec_builder b;
    *spec = (est_features_spec){ 0 };
    EST_TRY(est__spec_of(columns, &b));
    *spec = (est_features_spec){ .data = b.feature, .count = b.count };
    return EST_OK;
}
