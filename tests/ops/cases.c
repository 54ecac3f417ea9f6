/* Reads recorded cases and runs them. */
#include "ops/cases.h"

#include <math.h>
#include <stdlib.h>

/* ---- reading ---- */
static char *word(char **line)
{
    char *at = strtok_r(NULL, " ", line);
    return at != NULL ? at : "";
}

static est_shape shape_of_text(const char *text)
{
    est_shape s = { 0 };
    while (s.rank < EST_MAX_RANK && strchr("?0123456789", *text) && *text) {
        char *end;
        s.dim[s.rank++] = *text == '?' ? -1 : strtoll(text, &end, 10);
        text = *text == '?' ? text + 1 : end;
        text += *text == 'x';
    }
    return s;
}

static size_t unhex(const char *text, char *to)
{
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        sscanf(text + 1 + 2 * i, "%2x", &byte);
        to[i] = (char)byte;
    }
    return n;
}

static est_tensor *read_strings(const est_shape *shape, char **line)
{
    size_t n = (size_t)est_shape_elements(shape);
    est__arena arena = { 0 };
    const char **text = est__arena_alloc(&arena, (n + 1) * sizeof *text);
    size_t *length = est__arena_alloc(&arena, (n + 1) * sizeof *length);
    est_tensor *t = NULL;
    for (size_t i = 0; i < n; i++) {
        char *hex = word(line), *to = est__arena_alloc(&arena, strlen(hex) + 1);
        length[i] = unhex(hex, to);
        text[i] = to;
    }
    EST_CHECK_OK(est_tensor_new_strings(shape, text, length, &t));
    est__arena_free(&arena);
    return t;
}

static est_tensor *read_tensor(char **line)
{
    est_dtype dtype = est_dtype_of(word(line));
    est_shape shape = shape_of_text(word(line));
    est_tensor *t;
    if (dtype == EST_STRING)
        return read_strings(&shape, line);
    if (!EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        return NULL;
    for (int64_t i = 0; i < est__tensor_elements(t); i++) {
        const char *text = word(line);
        if (dtype == EST_INT64)
            ((int64_t *)t->data)[i] = strtoll(text, NULL, 10);
        else
            est__tensor_set(t, i, strtod(text, NULL));
    }
    return t;
}

static void read_list(op_case *c, est_attr *a, const char *kind, char **line)
{
    size_t n = a->list.count = (size_t)atoi(word(line));
    est_shape *shapes = est__arena_alloc(&c->arena, (n + 1) * sizeof *shapes);
    est_dtype *types = est__arena_alloc(&c->arena, (n + 1) * sizeof *types);
    double *floats = est__arena_alloc(&c->arena, (n + 1) * sizeof *floats);
    int64_t *ints = est__arena_alloc(&c->arena, (n + 1) * sizeof *ints);
    for (size_t i = 0; i < n; i++) {
        const char *text = word(line);
        shapes[i] = shape_of_text(text);
        types[i] = est_dtype_of(text);
        floats[i] = strtod(text, NULL);
        ints[i] = strtoll(text, NULL, 10);
    }
    if (strcmp(kind, "shapes") == 0) {
        a->kind = EST_ATTR_SHAPES;
        a->list.shape = shapes;
    } else if (strcmp(kind, "types") == 0) {
        a->kind = EST_ATTR_TYPES;
        a->list.type = types;
    } else if (strcmp(kind, "ints") == 0) {
        a->kind = EST_ATTR_INTS;
        a->list.i = ints;
    } else {
        a->kind = EST_ATTR_FLOATS;
        a->list.f = floats;
    }
}

static void read_attr(op_case *c, char **line)
{
    est_attr *a = &c->attr[c->num_attrs++];
    const char *kind = word(line);
    a->name = est__arena_strdup(&c->arena, word(line));
    if (strcmp(kind, "int") == 0) {
        a->kind = EST_ATTR_INT;
        a->i = strtoll(word(line), NULL, 10);
    } else if (strcmp(kind, "bool") == 0) {
        a->kind = EST_ATTR_BOOL;
        a->b = word(line)[0] == '1';
    } else if (strcmp(kind, "float") == 0) {
        a->kind = EST_ATTR_FLOAT;
        a->f = strtod(word(line), NULL);
    } else if (strcmp(kind, "shape") == 0) {
        est_shape *shape = est__arena_alloc(&c->arena, sizeof *shape);
        *shape = shape_of_text(word(line));
        a->kind = EST_ATTR_SHAPE;
        a->shape = shape;
    } else if (strcmp(kind, "type") == 0) {
        a->kind = EST_ATTR_TYPE;
        a->type = est_dtype_of(word(line));
    } else if (strcmp(kind, "string") == 0) {
        const char *hex = word(line);
        char *to = est__arena_alloc(&c->arena, strlen(hex) + 1);
        a->kind = EST_ATTR_STRING;
        a->s.n = unhex(hex, to);
        a->s.p = to;
    } else {
        read_list(c, a, kind, line);
    }
}

static void clear(op_case *c)
{
    for (size_t i = 0; i < MOST_INPUTS; i++) {
        est_tensor_free(c->in[i]);
        est_tensor_free(c->after[i]);
    }
    for (size_t i = 0; i < MOST_OUTPUTS; i++)
        est_tensor_free(c->out[i]);
    est__arena_free(&c->arena);
    *c = (op_case){ 0 };
}

static void read_line(op_case *c, char *text)
{
    char *line;
    const char *kind = strtok_r(text, " ", &line);
    if (strcmp(kind, "case") == 0) {
        snprintf(c->name, sizeof c->name, "%s", word(&line));
        snprintf(c->op, sizeof c->op, "%s", word(&line));
    } else if (strcmp(kind, "attr") == 0 && c->num_attrs < MOST_ATTRS) {
        read_attr(c, &line);
    } else if ((strcmp(kind, "in") == 0 || strcmp(kind, "var") == 0) && c->num_in < MOST_INPUTS) {
        c->variable[c->num_in] = kind[0] == 'v';
        c->in[c->num_in++] = read_tensor(&line);
    } else if (strcmp(kind, "out") == 0 && c->num_out < MOST_OUTPUTS) {
        c->out[c->num_out++] = read_tensor(&line);
    } else if (strcmp(kind, "after") == 0 && c->num_after < MOST_INPUTS) {
        c->after[c->num_after++] = read_tensor(&line);
    } else {
        est_test_str(kind, "case, attr, in, var, out or after", EST_HERE("a line of recorded cases"));
    }
}

void op_cases_each(const char *path, void (*fn)(const op_case *c))
{
    static op_case c;
    char *text, *line, *next;
    size_t size;
    if (!EST_CHECK_OK(est__file_read(path, 0, &text, &size)))
        return;
    for (line = text; line != NULL && *line; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (*line && *line != '#') {
            read_line(&c, line);
        } else if (c.op[0]) {
            fn(&c);
            clear(&c);
        }
    }
    clear(&c);
    est__free(text);
}

/* ---- comparing ---- */
typedef struct label {
    char text[192];
} label;

static const char *at(label *l, const char *what, int64_t i)
{
    snprintf(l->text, sizeof l->text, "%.150s[%lld]", what, (long long)i);
    return l->text;
}

static bool strings_equal(const est_tensor *got, const est_tensor *wanted, const char *what)
{
    for (int64_t i = 0; i < est__tensor_elements(wanted); i++) {
        size_t n, m;
        label l;
        const char *a = est_tensor_string(got, i, &n), *b = est_tensor_string(wanted, i, &m);
        if (!est_test_bytes(a, n, b, m, EST_HERE(at(&l, what, i))))
            return false;
    }
    return true;
}

bool op_near(const est_tensor *got, const est_tensor *wanted, double tolerance, const char *what)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (!est_test_str(est_dtype_name(got->dtype), est_dtype_name(wanted->dtype), EST_HERE(what)) ||
        !est_test_str(est__shape_string(a, &got->shape), est__shape_string(b, &wanted->shape),
                      EST_HERE(what)))
        return false;
    if (wanted->dtype == EST_STRING)
        return strings_equal(got, wanted, what);
    for (int64_t i = 0; i < est__tensor_elements(wanted); i++) {
        double x = est__tensor_get(got, i), y = est__tensor_get(wanted, i),
               slack = tolerance * (fabs(y) + 0.1);
        bool whole = wanted->dtype == EST_INT64;
        int64_t n = whole ? ((const int64_t *)got->data)[i] : 0,
                m = whole ? ((const int64_t *)wanted->data)[i] : 0;
        if (whole ? n == m : x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= slack)
            continue;
        label l;
        const char *where = at(&l, what, i);
        return whole ? est_test_int(n, m, EST_HERE(where)) : est_test_near(x, y, slack, EST_HERE(where));
    }
    return true;
}

/* ---- running ---- */
typedef struct built {
    est_graph *g;
    est_node *node;                            /* the operation */
    est_node *kept[MOST_INPUTS + MOST_OUTPUTS + 1];   /* feeds, then outputs, or the handle where there are none */
    size_t num_feeds, num_outputs;
} built;

static const char *variable_name(size_t i)
{
    static const char *const names[] = { "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7" };
    return names[i];
}

static bool build(const op_case *c, built *b)
{
    est_node *input[MOST_INPUTS];
    *b = (built){ 0 };
    if (!EST_CHECK_OK(est_graph_new(&b->g)))
        return false;
    for (size_t i = 0; i < c->num_in; i++) {
        if (c->variable[i]) {
            input[i] = est_op(b->g, "VarHandleOp", variable_name(i), (est_nodes){ 0 },
                              EST_ATTRS(EST_TYPE_ATTR("dtype", c->in[i]->dtype),
                                        EST_SHAPE_ATTR("shape", &c->in[i]->shape)));
        } else {
            input[i] = est_placeholder(b->g, "x", c->in[i]->dtype, c->in[i]->shape);
            b->kept[b->num_feeds++] = input[i];
        }
    }
    b->node =
        est_op(b->g, c->op, "op", (est_nodes){ input, c->num_in }, (est_attrs){ c->attr, c->num_attrs });
    if (!est_test_ok(est_graph_status(b->g), EST_HERE(c->name)))
        return false;
    b->num_outputs = (size_t)b->node->op->num_outputs;
    for (size_t i = 0; i < b->num_outputs; i++)
        b->kept[b->num_feeds + i] = est_node_output(b->node, (int)i);
    if (b->num_outputs == 0)
        b->kept[b->num_feeds] = b->node;
    return est_test_int((int64_t)b->num_outputs, (int64_t)c->num_out, EST_HERE(c->name));
}

static void set_variables(const op_case *c, est__resources *resources)
{
    for (size_t i = 0; i < c->num_in; i++) {
        est__variable *v =
            c->variable[i] ? (est__variable *)est__resources_find(resources, variable_name(i)) : NULL;
        if (v == NULL)
            continue;
        memcpy(v->value->data, c->in[i]->data, est__tensor_bytes(c->in[i]));
        v->initialized = true;
    }
}

static void check_results(const op_case *c, const built *b, const est__run *run,
                          const est__resources *resources, const char *how)
{
    size_t after = 0;
    label l, what;
    for (size_t i = 0; i < b->num_outputs; i++) {
        const est_tensor *got = est__run_fetch(run, i);
        char x[EST__SHAPE_TEXT_SIZE], y[EST__SHAPE_TEXT_SIZE];
        snprintf(what.text, sizeof what.text, "%.90s %.20s, output ", c->name, how);
        op_near(got, c->out[i], 2e-6, at(&l, what.text, (int64_t)i));
        if (!est__shape_compatible(est_node_shape(b->kept[b->num_feeds + i]), &got->shape))
            est_test_str(est__shape_string(x, est_node_shape(b->kept[b->num_feeds + i])),
                         est__shape_string(y, &got->shape),
                         EST_HERE(at(&l, "inferred shape of output ", (int64_t)i)));
    }
    for (size_t i = 0; i < c->num_in; i++)
        if (c->variable[i]) {
            snprintf(what.text, sizeof what.text, "%.90s %.20s, variable ", c->name, how);
            op_near(((const est__variable *)est__resources_find(resources, variable_name(i)))->value,
                    c->after[after++], 2e-6, at(&l, what.text, (int64_t)i));
        }
}

static void run_built(const op_case *c, const built *b, const char *how)
{
    const est_tensor *feeds[MOST_INPUTS];
    size_t n = 0;
    est__resources *resources = NULL;
    est__plan *plan = NULL;
    est__run *run = NULL;
    for (size_t i = 0; i < c->num_in; i++)
        if (!c->variable[i])
            feeds[n++] = c->in[i];
    est__plan_options options = { .feeds = { b->kept, b->num_feeds },
                                  .fetches = { b->kept + b->num_feeds, b->num_outputs },
                                  .targets = { b->kept + b->num_feeds, b->num_outputs == 0 } };
    if (EST_CHECK_OK(est__resources_new(&resources))) {
        options.resources = resources;
        if (est_test_ok(est__plan_new(b->g, &options, &plan), EST_HERE(c->name))) {
            set_variables(c, resources);
            if (est_test_ok(est__run_new(plan, NULL, &run), EST_HERE(c->name)) &&
                est_test_ok(est__run_step(run, feeds, 0), EST_HERE(c->name)))
                check_results(c, b, run, resources, how);
        }
    }
    est__run_free(run);
    est__plan_free(plan);
    est__resources_free(resources);
}

void op_case_run(const op_case *c)
{
    built b;
    if (build(c, &b)) {
        run_built(c, &b, "by kernel");
        if (b.node->op->row->body != NULL) {
            built spelt = b;
            size_t kept = b.num_feeds + b.num_outputs + (b.num_outputs == 0);
            if (est_test_ok(est__graph_expand(b.g, (est_nodes){ b.kept, kept }, false, &spelt.g, spelt.kept),
                            EST_HERE(c->name)))
                run_built(c, &spelt, "by body");
            est_graph_free(spelt.g);
        }
    }
    est_graph_free(b.g);
}

/* ---- gradients ---- */

/* sum(output * weights), with weights that tell the elements apart. */
static est_node *weighted_sum(const op_case *c, const built *b)
{
    size_t i = 0;
    est_tensor *weights;
    while (c->out[i]->dtype != EST_FLOAT)
        i++;
    if (!EST_CHECK_OK(est_tensor_copy(c->out[i], &weights)))
        return NULL;
    for (int64_t j = 0; j < est__tensor_elements(weights); j++)
        est__tensor_set(weights, j, 0.5 + (double)(j * 7 % 5));
    est_node *product = est_op(
        b->g, "Mul", NULL, EST_NODES(b->kept[b->num_feeds + i], est_constant(b->g, weights)), EST_NO_ATTRS);
    est_node *flat =
        est_op(b->g, "Reshape", NULL, EST_NODES(product, est_constant_ints(b->g, EST_INT32, EST_INTS(-1))),
               EST_NO_ATTRS);
    est_tensor_free(weights);
    return est_op(b->g, "Sum", NULL, EST_NODES(flat, est_constant_int(b->g, EST_INT32, 0)), EST_NO_ATTRS);
}

static void compare_differences(const op_case *c, est__run *run, size_t input, const est_tensor *gradient)
{
    const double step = 0.25;   /* the ops checked are linear in their floats */
    const est_tensor *feeds[MOST_INPUTS];
    est_tensor *moved;
    label l;
    memcpy(feeds, c->in, sizeof feeds);
    if (!EST_CHECK_OK(est_tensor_copy(c->in[input], &moved)))
        return;
    feeds[input] = moved;
    for (int64_t j = 0; j < est__tensor_elements(moved); j++) {
        double x = est__tensor_get(moved, j), loss[2] = { 0 };
        for (int up = 0; up < 2; up++) {
            est__tensor_set(moved, j, x + (up ? step : -step));
            EST_CHECK_OK(est__run_step(run, feeds, 0));
            loss[up] = est__tensor_get(est__run_fetch(run, 0), 0);
        }
        est__tensor_set(moved, j, x);
        est_test_near(est__tensor_get(gradient, j), (loss[1] - loss[0]) / (2 * step), 1e-4,
                      EST_HERE(at(&l, c->name, j)));
    }
    est_tensor_free(moved);
}

void op_case_gradient(const op_case *c)
{
    built b;
    est__resources *resources = NULL;
    est__plan *plan = NULL;
    est__run *run = NULL;
    if (!build(c, &b) || !EST_CHECK_OK(est__resources_new(&resources)))
        return;
    est_node *fetch[2] = { weighted_sum(c, &b) };
    for (size_t i = 0; i < c->num_in; i++) {
        est_gradient d;
        est_tensor *gradient = NULL;
        if (c->in[i]->dtype != EST_FLOAT ||
            !EST_CHECK_OK(est_gradients(b.g, fetch[0], EST_NODES(b.kept[i]), &d)))
            continue;
        fetch[1] = d.value;
        est__plan_options options = { .resources = resources,
                                      .feeds = { b.kept, b.num_feeds },
                                      .fetches = { fetch, 2 } };
        if (EST_CHECK_OK(est__plan_new(b.g, &options, &plan)) &&
            EST_CHECK_OK(est__run_new(plan, NULL, &run)) &&
            EST_CHECK_OK(est__run_step(run, (const est_tensor *const *)c->in, 0)) &&
            EST_CHECK_OK(est_tensor_copy(est__run_fetch(run, 1), &gradient)))
            compare_differences(c, run, i, gradient);
        est_tensor_free(gradient);
        est__run_free(run);
        est__plan_free(plan);
        run = NULL;
        plan = NULL;
    }
    est__resources_free(resources);
    est_graph_free(b.g);
}
