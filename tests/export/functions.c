/* A SavedModel of TensorFlow with functions, branches and loops (tests/golden/make_functions.py) gives what
 * TensorFlow gave, batch after batch on the same run, and allocates nothing once it has seen them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <estimator/saved_model.h>

#include "ops/cases.h"

enum { MOST = 8, BATCHES = 8 };

/* What one batch of a signature is, and gives. */
typedef struct batch {
    est_tensor *in[MOST], *out[MOST];
    size_t num_in, num_out;
} batch;

static est_shape shape_of(const char *text)
{
    est_shape s = { 0 };
    while (*text >= '0' && *text <= '9') {
        char *end;
        s.dim[s.rank++] = strtoll(text, &end, 10);
        text = end + (*end == 'x');
    }
    return s;
}

static est_tensor *strings(const est_shape *shape, char **line)
{
    static char text[64][64];
    const char *each[64];
    int64_t n = est_shape_elements(shape);
    est_tensor *t = NULL;
    for (int64_t i = 0; i < n && i < 64; i++) {
        const char *hex = strtok_r(NULL, " ", line) + 1;
        size_t length = strlen(hex) / 2;
        for (size_t j = 0; j < length && j < 63; j++) {
            unsigned byte = 0;
            sscanf(hex + 2 * j, "%2x", &byte);
            text[i][j] = (char)byte;
        }
        text[i][length] = '\0';
        each[i] = text[i];
    }
    EST_CHECK_OK(est_tensor_new_strings(shape, each, NULL, &t));
    return t;
}

static est_tensor *tensor(char **line)
{
    est_dtype dtype = est_dtype_of(strtok_r(NULL, " ", line));
    est_shape shape = shape_of(strtok_r(NULL, " ", line));
    est_tensor *t = NULL;
    if (dtype == EST_STRING)
        return strings(&shape, line);
    if (EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        for (int64_t i = 0; i < est_shape_elements(&shape); i++)
            est__tensor_set(t, i, strtod(strtok_r(NULL, " ", line), NULL));
    return t;
}

/* The recorded batches of a signature, in order; inputs and outputs are sorted by key, as a signature's are. */
static size_t read_batches(const char *signature, batch b[BATCHES])
{
    FILE *f = fopen(EST_TEST_DATA("tests/golden/functions/answers.txt"), "r");
    static char text[65536];
    size_t n = 0;
    bool open = false;
    while (EST_CHECK(f != NULL) && fgets(text, sizeof text, f)) {
        text[strcspn(text, "\n")] = '\0';
        char *rest, *name = strtok_r(text, " ", &rest);
        if (strcmp(name, signature) != 0)
            continue;
        bool in = strcmp(strtok_r(NULL, " ", &rest), "in") == 0;
        strtok_r(NULL, " ", &rest);
        if (in && !open)
            memset(&b[n++], 0, sizeof *b);
        open = in;
        batch *to = &b[n - 1];
        if (in)
            to->in[to->num_in++] = tensor(&rest);
        else
            to->out[to->num_out++] = tensor(&rest);
    }
    if (f)
        fclose(f);
    return n;
}

static void ask(est_predictor_call *call, const char *signature, const batch *b)
{
    const est_tensor *got[MOST];
    if (!EST_CHECK_OK(est_predictor_run(call, (const est_tensor *const *)b->in, got)))
        return;
    for (size_t i = 0; i < b->num_out; i++)
        op_near(got[i], b->out[i], 1e-6, est_test_text("%s, output %d", signature, (int)i));
}

static void signature(const char *name)
{
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    est_predictor_call *call = NULL;
    batch b[BATCHES];
    size_t n = read_batches(name, b);
    EST_CHECK_INT(n, 3);
    if (EST_CHECK_OK(est_saved_model_load(EST_TEST_DATA("tests/golden/functions/model"), &m)) &&
        EST_CHECK_OK(est_predictor_new(m, name, &p)) && EST_CHECK_OK(est_predictor_call_new(p, &call))) {
        for (size_t i = 0; i < 2 * n; i++)
            ask(call, name, &b[i % n]);
        est_test_fail_allocation(0);
        for (size_t i = 0; i < n; i++) {
            const est_tensor *got[MOST];
            EST_CHECK_OK(est_predictor_run(call, (const est_tensor *const *)b[i].in, got));
        }
        EST_CHECK_INT(est_test_fail_allocation(0), 0);
    }
    est_predictor_call_free(call);
    est_predictor_free(p);
    est_saved_model_free(m);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < MOST; j++) {
            est_tensor_free(b[i].in[j]);
            est_tensor_free(b[i].out[j]);
        }
}

static void calls(void) { signature("call"); }
static void branches(void) { signature("cond"); }
static void loops(void) { signature("loop"); }
static void loops_within_loops(void) { signature("nested"); }
static void lists_and_growing_variables(void) { signature("grow"); }
static void strings_in_loops(void) { signature("words"); }

EST_SUITE(export_functions, EST_TEST(calls), EST_TEST(branches), EST_TEST(loops), EST_TEST(loops_within_loops),
          EST_TEST(lists_and_growing_variables), EST_TEST(strings_in_loops));
