/* Which columns of a CSV file are read, as what, and where they go: the features that were asked for against the names that
 * the file has. */
#include "data/csv.h"

typedef struct choice {
    const est_csv_options *o;
    est__csv_format *f;
    est__arena *arena;
    est_feature *feature;     /* that batches will hold */
    size_t features;
    bool labels;              /* the file has them */
} choice;

static const char *first_path(const choice *c)
{
    return c->f->path[0];
}

static int find_name(const est__csv_format *f, const char *name)
{
    for (int i = 0; i < f->fields; i++)
        if (!strcmp(f->field[i].name, name))
            return i;
    return -1;
}

static bool listed(est_strings list, const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (!strcmp(list.data[i], name))
            return true;
    return false;
}

static est_status no_column(const choice *c, const char *name)
{
    const char **names = est__arena_alloc(c->arena, ((size_t)c->f->fields + 1) * sizeof *names);
    for (int i = 0; names && i < c->f->fields; i++)
        names[i] = c->f->field[i].name;
    const char *near = names ? est__nearest(name, names, (size_t)c->f->fields) : NULL;
    return est__fail(EST_INVALID_ARGUMENT, "%s: there is no column '%s'%s%s%s", first_path(c), name,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The file's columns, all unread at first. */
static est_status name_fields(choice *c, const char *const *header, int count)
{
    est__csv_format *f = c->f;
    est_strings given = c->o->column_names;
    if (given.count && header && (size_t)count != given.count)
        return est__fail(EST_INVALID_ARGUMENT, "%s:1: %d fields in the header, column_names has %zu", first_path(c), count,
                         given.count);
    f->fields = given.count ? (int)given.count : count;
    f->field = est__arena_alloc(c->arena, (size_t)f->fields * sizeof *f->field);
    if (!f->field)
        return est__fail_memory((size_t)f->fields * sizeof *f->field);
    est__map *seen = est__map_new();
    est_status st = seen ? EST_OK : est__fail_memory(sizeof seen);
    for (int i = 0; st == EST_OK && i < f->fields; i++) {
        const char *name = given.count ? given.data[i] : header[i];
        if (est__map_get(seen, name, strlen(name)))
            st = est__fail(EST_INVALID_ARGUMENT, "%s%s: two columns are named '%s'", first_path(c),
                           given.count ? ": column_names" : ":1", name);
        else
            st = est__map_put(seen, name, strlen(name), f);
        f->field[i] = (est__csv_field){ .name = est__arena_strdup(c->arena, name), .column = -1, .default_text = "" };
        if (st == EST_OK && !f->field[i].name)
            st = est__fail_memory(strlen(name));
    }
    est__map_free(seen);
    return st;
}

static est_status check_feature(const est_feature *f, size_t index)
{
    EST_TRY(est__feature_check(f, index));
    if (f->dtype != EST_FLOAT && f->dtype != EST_INT64 && f->dtype != EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s: a CSV column is read as float32, int64 or string", f->name,
                         est_dtype_name(f->dtype));
    if (!f->variable_length && est_shape_elements(&f->shape) != 1)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': a CSV column holds one value a row, so its shape is [] or [1]",
                         f->name);
    return EST_OK;
}

static est_status set_default(const choice *c, est__csv_field *to, const est_tensor *value)
{
    size_t n;
    if (!value)
        return EST_OK;
    if (value->dtype == EST_FLOAT)
        memcpy(&to->default_float, value->data, sizeof to->default_float);
    else if (value->dtype == EST_INT64)
        memcpy(&to->default_int, value->data, sizeof to->default_int);
    else {
        const char *s = est_tensor_string(value, 0, &n);
        to->default_text = est__arena_strndup(c->arena, s, n);
        to->default_length = n;
        if (!to->default_text)
            return est__fail_memory(n);
    }
    return EST_OK;
}

/* Field `name` of the file goes to element `element` of the column that is described next. */
static est_status place_field(choice *c, const est_feature *f, int element)
{
    int at = find_name(c->f, f->name);
    if (at < 0)
        return no_column(c, f->name);
    if (c->o->select_columns.count && !listed(c->o->select_columns, f->name))
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is not among select_columns", f->name);
    est__csv_field *to = &c->f->field[at];
    if (to->column >= 0)
        return est__fail(EST_INVALID_ARGUMENT, "there are two features named '%s'", f->name);
    to->column = (int)c->features;
    to->element = element;
    to->dtype = f->dtype;
    return set_default(c, to, f->default_value);
}

static const est_feature *find_feature(const choice *c, const char *name)
{
    for (size_t i = 0; i < c->o->features.count; i++)
        if (c->o->features.data[i].name && !strcmp(c->o->features.data[i].name, name))
            return &c->o->features.data[i];
    return NULL;
}

/* Several label columns become one feature [n], named after them all. */
static est_status join_labels(choice *c)
{
    est_strings label = c->o->label;
    const est_feature *first = NULL;
    char *name = NULL;
    for (size_t i = 0; i < label.count; i++) {
        const est_feature *f = find_feature(c, label.data[i]);
        if (!f)
            return est__fail(EST_INVALID_ARGUMENT, "the label '%s' is not among the features", label.data[i]);
        first = first ? first : f;
        if (f->dtype != first->dtype || f->dtype == EST_STRING)
            return est__fail(EST_INVALID_ARGUMENT, "labels that are joined are numbers of one type, '%s' is %s", f->name,
                             est_dtype_name(f->dtype));
        EST_TRY(place_field(c, f, (int)i));
        name = name ? est__arena_printf(c->arena, "%s,%s", name, f->name) : est__arena_strdup(c->arena, f->name);
        if (!name)
            return est__fail_memory(strlen(f->name));
    }
    c->feature[c->features] = (est_feature){ .name = name, .dtype = first->dtype };
    c->feature[c->features].shape = est_shape_of(1, (int64_t[]){ (int64_t)label.count });
    c->features++;
    return EST_OK;
}

static est_status check_labels(choice *c)
{
    est_strings label = c->o->label;
    c->labels = label.count > 0;
    for (size_t i = 0; i < label.count; i++) {
        if (!find_feature(c, label.data[i]))
            return est__fail(EST_INVALID_ARGUMENT, "the label '%s' is not among the features", label.data[i]);
        if (c->o->label_may_be_absent && find_name(c->f, label.data[i]) < 0)
            c->labels = false;
    }
    return EST_OK;
}

static est_status choose_features(choice *c, int *label)
{
    const est_csv_options *o = c->o;
    for (size_t i = 0; i < o->features.count; i++) {
        const est_feature *f = &o->features.data[i];
        EST_TRY(check_feature(f, i));
        bool is_label = listed(o->label, f->name);
        if (is_label && (!c->labels || o->label.count > 1))
            continue;
        if (is_label)
            *label = (int)c->features;
        EST_TRY(place_field(c, f, 0));
        c->feature[c->features] = *f;
        if (f->variable_length && !c->f->multivalent) {
            /* one value a row all the same, as make_csv_dataset gives a categorical column */
            c->feature[c->features].variable_length = false;
            c->feature[c->features].shape = (est_shape){ 0 };
        }
        c->features++;
    }
    if (c->labels && o->label.count > 1) {
        *label = (int)c->features;
        EST_TRY(join_labels(c));
    }
    return EST_OK;
}

/* Features that were not given: every column that has a name, as text. */
static est_status all_as_text(const choice *c, est_features_spec *out)
{
    est_feature *feature = est__arena_alloc(c->arena, ((size_t)c->f->fields + 1) * sizeof *feature);
    size_t count = 0;
    if (!feature)
        return est__fail_memory((size_t)c->f->fields * sizeof *feature);
    for (int i = 0; i < c->f->fields; i++) {
        const char *name = c->f->field[i].name;
        if (*name && (!c->o->select_columns.count || listed(c->o->select_columns, name)))
            feature[count++] = (est_feature){ .name = name, .dtype = EST_STRING };
    }
    *out = (est_features_spec){ feature, count };
    return count ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "%s: no column has a name", first_path(c));
}

est_status est__csv_choose(const est_csv_options *options, const char *const *header, int count, est__csv_format *f,
                           est__arena *arena, int *label)
{
    est_csv_options copy = *options, *o = &copy;
    choice c = { .o = o, .f = f, .arena = arena };
    EST_TRY(name_fields(&c, header, count));
    for (size_t i = 0; i < o->select_columns.count; i++)
        if (find_name(f, o->select_columns.data[i]) < 0)
            return no_column(&c, o->select_columns.data[i]);
    if (!o->features.count)
        EST_TRY(all_as_text(&c, &o->features));
    c.feature = est__arena_alloc(arena, (o->features.count + 1) * sizeof *c.feature);
    if (!c.feature)
        return est__fail_memory(o->features.count * sizeof *c.feature);
    *label = -1;
    EST_TRY(check_labels(&c));
    EST_TRY(choose_features(&c, label));
    f->features = (est_features_spec){ c.feature, c.features };
    return EST_OK;
}
