/* Graphs at work for the tests of this room. */
#include <stdlib.h>

#include "nn/session.h"

bool session_begin(session *s)
{
    *s = (session){ 0 };
    return EST_CHECK_OK(est_graph_new(&s->g)) && EST_CHECK_OK(est__resources_new(&s->resources));
}

void session_end(session *s)
{
    est__resources_free(s->resources);
    est_graph_free(s->g);
}

est_node *session_feed(session *s, const char *name, est_dtype dtype, est_shape shape)
{
    return s->feed[s->num_feeds++] = est_placeholder(s->g, name, dtype, shape);
}

bool session_initialize(session *s)
{
    est_node *all = est_op(s->g, "NoOp", "initialize", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (size_t i = 0; i < s->g->num_variables; i++)
        est_node_after(all, est_op(s->g, "AssignVariableOp", NULL,
                                   EST_NODES(s->g->variable[i].handle, s->g->variable[i].initial_value), EST_NO_ATTRS));
    session without_feeds = *s;
    without_feeds.num_feeds = 0;
    return EST_CHECK_OK(est_graph_status(s->g)) && session_run(&without_feeds, NULL, all, NULL, NULL, 0) >= 0;
}

int session_run(session *s, const est_tensor *const *feeds, est_node *target, est_node *fetch, float *out, int room)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    est__plan_options options = { .resources = s->resources, .feeds = { s->feed, s->num_feeds }, .seed = 1,
                                  .fetches = { &fetch, fetch != NULL }, .targets = { &target, target != NULL } };
    int n = 0;
    if (!EST_CHECK_OK(est_graph_status(s->g)) || !EST_CHECK_OK(est__plan_new(s->g, &options, &plan)) ||
        !EST_CHECK_OK(est__run_new(plan, NULL, &run)) || !EST_CHECK_OK(est__run_step(run, feeds, 0))) {
        n = -1;
    } else if (fetch) {
        const est_tensor *t = est__run_fetch(run, 0);
        n = (int)est_shape_elements(&t->shape);
        if (EST_CHECK_INT(t->dtype, EST_FLOAT) && EST_CHECK(n <= room))
            memcpy(out, t->data, (size_t)n * sizeof *out);
        else
            n = -1;
    }
    est__run_free(run);
    est__plan_free(plan);
    return n;
}

const est_tensor *session_variable(const session *s, const char *name)
{
    const est__resource *r = est__resources_find(s->resources, name);
    return r && r->kind == &est__variable_kind ? ((const est__variable *)r)->value : NULL;
}

const float *golden(const char *key, int *count)
{
    static float numbers[256];
    char *text;
    size_t size, n = strlen(key);
    if (!EST_CHECK_OK(est__file_read(EST_TEST_DATA("tests/golden/nn.txt"), 0, &text, &size)))
        return NULL;
    *count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, key, n) != 0 || line[n] != ':')
            continue;
        char *at = line + n + 1, *end;
        for (float v = strtof(at, &end); end != at && *count < 256; v = strtof(at = end, &end))
            numbers[(*count)++] = v;
    }
    est__free(text);
    return EST_CHECK(*count > 0) ? numbers : NULL;
}

bool golden_near(const char *key, const float *got, int count)
{
    int wanted;
    const float *v = golden(key, &wanted);
    bool near = v != NULL && EST_CHECK_INT(count, wanted);
    for (int i = 0; near && i < count; i++)
        near = est_test_near(got[i], v[i], 1e-6 + 1e-5 * (v[i] < 0 ? -v[i] : v[i]), EST_HERE(est_test_text("%s[%d]", key, i)));
    return near;
}

est_tensor *golden_tensor(const char *key, est_dtype dtype, est_shape shape, int begin)
{
    int count;
    const float *v = golden(key, &count);
    est_tensor *t;
    if (!v || !EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        return NULL;
    int64_t n = est_shape_elements(&shape), first = begin * (shape.rank ? n / shape.dim[0] : 1);
    EST_CHECK(first + n <= count);
    for (int64_t i = 0; i < n && first + i < count; i++)
        if (dtype == EST_INT64)
            ((int64_t *)t->data)[i] = (int64_t)v[first + i];
        else
            ((float *)t->data)[i] = v[first + i];
    return t;
}
