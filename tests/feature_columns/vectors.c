/* Every column over the features of vectors.txt, made from its JSON as a configuration would: the bits of TensorFlow. */
#include <math.h>
#include <stdlib.h>

#include "experiment/config.h"
#include "feature_columns/columns.h"
#include "ops/variable.h"
#include "trial.h"
#include "support/est_test.h"

enum { MAX_FEATURES = 4 };

typedef struct one_case {
    est_test_place at;
    est__arena arena;
    est_column *column;
    est__convert convert;
    est__yaml_document document;
    trial s;
    est_feature_nodes feature[MAX_FEATURES];
    est_tensor *value[3 * MAX_FEATURES];      /* of the placeholders, in their order */
    est_node *fed[3 * MAX_FEATURES];
    size_t num_features, num_fed;
} one_case;

/* The next word of a line, ended; NULL: there is none. */
static char *word(char **line)
{
    return strsep(line, " ");
}

static void make_column(one_case *c, const char *json)
{
    static const est_field fields[] = { { .name = "feature_columns", .type = EST_FIELD_COLUMNS }, { 0 } };
    const est__yaml *tree;
    est_column_list list = { 0 };
    const char *text = est_test_text("{\"feature_columns\": [%s]}", json);
    c->convert.arena = &c->arena;
    if (est_test_ok(est__yaml_parse(&c->document, "vectors", est_test_source_dir(), text, strlen(text), &tree), c->at) &&
        est_test_ok(est__convert_map(&c->convert, tree, &(est__keys){ .path = "vectors", .fields = fields }, &list), c->at))
        c->column = list.data[0];
}

static est_shape shape_of(char *text)
{
    est_shape s = { 0 };
    for (char *part; (part = strsep(&text, "x")) != NULL; s.rank++)
        s.dim[s.rank] = strtoll(part, NULL, 10);
    return s;
}

static est_tensor *strings(char **line, est_shape shape, int64_t n)
{
    est_tensor *t = NULL;
    const char **text = est__calloc((size_t)n + 1, sizeof *text);
    size_t *length = est__calloc((size_t)n + 1, sizeof *length);
    for (int64_t i = 0; text && length && i < n; i++) {
        char *hex = word(line) + 1, *to = hex;
        text[i] = hex;
        for (; *hex; hex += 2)
            *to++ = (char)strtol((char[]){ hex[0], hex[1], '\0' }, NULL, 16);
        length[i] = (size_t)(to - text[i]);
    }
    EST_CHECK_OK(est_tensor_new_strings(&shape, text, length, &t));
    est__free(text);
    est__free(length);
    return t;
}

static est_tensor *tensor(est_dtype dtype, char **line, est_shape shape)
{
    est_tensor *t = NULL;
    int64_t n = est_shape_elements(&shape);
    if (dtype == EST_STRING)
        return strings(line, shape, n);
    if (!EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        return NULL;
    for (int64_t i = 0; i < n; i++)
        if (dtype == EST_INT64)
            ((int64_t *)t->data)[i] = strtoll(word(line), NULL, 10);
        else
            ((float *)t->data)[i] = strtof(word(line), NULL);
    return t;
}

/* A placeholder that the tensor is fed to; its first dimension may be any. */
static est_node *feed(one_case *c, est_tensor *value, bool fixed)
{
    est_shape shape = value->shape;
    if (!fixed)
        shape.dim[0] = -1;
    c->value[c->num_fed] = value;
    return c->fed[c->num_fed++] = est_placeholder(c->s.g, "feature", value->dtype, shape);
}

static void add_feature(one_case *c, char *line)
{
    est_feature_nodes *f = &c->feature[c->num_features++];
    f->name = word(&line);
    est_dtype dtype = est_dtype_of(word(&line));
    est_shape shape = shape_of(word(&line));
    if (strncmp(line, "sparse", 6) != 0) {
        f->value = feed(c, tensor(dtype, &line, shape), false);
        return;
    }
    word(&line);
    int64_t words = 1;
    for (const char *p = line; p && *p; p++)
        words += *p == ' ';
    int64_t n = words / (shape.rank + 1);
    f->indices = feed(c, tensor(EST_INT64, &line, EST_SHAPE(n, shape.rank)), false);
    f->value = feed(c, tensor(dtype, &line, EST_SHAPE(n)), false);
    est_tensor *dims;
    est_shape rank = EST_SHAPE(shape.rank);
    EST_NEED_OK(est_tensor_new(EST_INT64, &rank, &dims));
    memcpy(dims->data, shape.dim, (size_t)shape.rank * sizeof shape.dim[0]);
    f->dense_shape = feed(c, dims, true);
}

static est_features features_of(const one_case *c)
{
    return (est_features){ c->feature, c->num_features };
}

static bool compute(one_case *c, est_nodes fetches, est_tensor **out)
{
    return est_test_ok(trial_step(&c->s, (est_nodes){ c->fed, c->num_fed }, (const est_tensor *const *)c->value, fetches,
                                  (est_nodes){ 0 }, out), c->at);
}

static void check_ids(one_case *c, char *line, char *weights)
{
    est_features f = features_of(c);
    est__ids ids = c->column->kind->ids(c->s.g, &f, c->column);
    est_tensor *out[3] = { NULL };
    if (!est_test_ok(trial_start(&c->s), c->at) ||
        !compute(c, weights ? EST_NODES(ids.indices, ids.values, ids.weights) : EST_NODES(ids.indices, ids.values), out))
        return;
    int64_t n = est_shape_elements(&out[1]->shape), rank = out[0]->shape.dim[1];
    for (int64_t i = 0; i < n && line; i++) {
        for (int64_t d = 0; d < rank; d++)
            est_test_int(((const int64_t *)out[0]->data)[i * rank + d], strtoll(word(&line), NULL, 10), c->at);
        est_test_int(((const int64_t *)out[1]->data)[i], strtoll(word(&line), NULL, 10), c->at);
        if (weights)
            est_test_near(((const float *)out[2]->data)[i], strtof(word(&weights), NULL), 0, c->at);
    }
    est_test_true(line == NULL && weights == NULL && (ids.weights == NULL) == (out[2] == NULL), c->at);
    for (int i = 0; i < 3; i++)
        est_tensor_free(out[i]);
}

/* Variables hold what make_vectors.py gave them. */
static bool start(one_case *c)
{
    if (!est_test_ok(trial_start(&c->s), c->at))
        return false;
    for (size_t v = 0; v < c->s.g->num_variables; v++) {
        est__variable *made = (est__variable *)est__resources_find(c->s.resources, c->s.g->variable[v].name);
        int64_t width = est__row_elements(made->value);
        for (int64_t i = 0; i < est__tensor_elements(made->value); i++)
            ((float *)made->value->data)[i] = (float)((7 * (i / width) + 3 * (i % width)) % 11 - 5) * 0.125f;
    }
    return true;
}

/* Sums may differ in their last bits. */
static void check_floats(one_case *c, const est_tensor *got, char *line)
{
    est_shape wanted = shape_of(word(&line));
    if (est_test_true(est_shape_equal(&got->shape, &wanted), c->at))
        for (int64_t i = 0; i < est_shape_elements(&wanted); i++)
            est_test_near(((const float *)got->data)[i], strtof(word(&line), NULL), 1e-6, c->at);
}

static void check_dense(one_case *c, char *line)
{
    est_features f = features_of(c);
    est_node *y = est_input_layer(c->s.g, &f, (est_column_list){ &c->column, 1 }, NULL);
    est_tensor *out = NULL;
    if (start(c) && compute(c, EST_NODES(y), &out))
        check_floats(c, out, line);
    est_tensor_free(out);
}

static void check_sequence(one_case *c, char *line, char *lengths)
{
    est_features f = features_of(c);
    est_node *length, *y = est_sequence_input_layer(c->s.g, &f, (est_column_list){ &c->column, 1 }, NULL, &length);
    est_tensor *out[2] = { NULL };
    if (start(c) && compute(c, EST_NODES(y, length), out)) {
        check_floats(c, out[0], line);
        for (int64_t i = 0; i < out[1]->shape.dim[0]; i++)
            est_test_int(((const int64_t *)out[1]->data)[i], strtoll(word(&lengths), NULL, 10), c->at);
    }
    est_tensor_free(out[0]);
    est_tensor_free(out[1]);
}

static void end_case(one_case *c)
{
    for (size_t i = 0; i < c->num_fed; i++)
        est_tensor_free(c->value[i]);
    trial_close(&c->s);
    est__convert_free(&c->convert);
    est__yaml_free(&c->document);
    est__arena_free(&c->arena);
}

/* The lines of one case, up to its "end"; gives what comes after. */
static char *run_case(char *lines)
{
    one_case c = { .at = { __FILE__, __func__, "", __LINE__ } };
    char *ids = NULL, *weights = NULL, *dense = NULL, *sequence = NULL, *lengths = NULL, *line;
    EST_CHECK_OK(trial_open(&c.s));
    while ((line = strsep(&lines, "\n")) != NULL) {
        const char *what = word(&line);
        if (strcmp(what, "case") == 0)
            c.at.text = line;
        else if (strcmp(what, "column") == 0)
            make_column(&c, line);
        else if (strcmp(what, "feature") == 0)
            add_feature(&c, line);
        else if (strcmp(what, "name") == 0)
            est_test_str(est_column_name(c.column), line, c.at);
        else if (strcmp(what, "ids") == 0)
            ids = line;
        else if (strcmp(what, "weights") == 0)
            weights = line;
        else if (strcmp(what, "dense") == 0)
            dense = line;
        else if (strcmp(what, "sequence") == 0)
            sequence = line;
        else if (strcmp(what, "lengths") == 0)
            lengths = line;
        else if (strcmp(what, "end") == 0)
            break;
    }
    if (c.column && ids)
        check_ids(&c, ids, weights);
    if (c.column && dense)
        check_dense(&c, dense);
    if (c.column && sequence)
        check_sequence(&c, sequence, lengths);
    end_case(&c);
    return lines;
}

static void equal_tensorflow(void)
{
    char *data, *lines;
    size_t size, cases = 0;
    EST_NEED_OK(est__file_read(EST_TEST_DATA("tests/golden/vectors.txt"), 0, &data, &size));
    for (lines = data; lines && *lines; cases++)
        lines = run_case(lines);
    EST_CHECK(cases > 50);
    est__free(data);
}

EST_SUITE(feature_columns_vectors, EST_TEST(equal_tensorflow));
