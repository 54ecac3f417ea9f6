/* estimator saved-model show, estimator saved-model run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"

static void put_shape(const est_shape *s)
{
    if (s->rank < 0) {
        fputs("unknown", stdout);
        return;
    }
    putchar('[');
    for (int i = 0; i < s->rank; i++)
        printf("%s%lld", i ? ", " : "", (long long)s->dim[i]);
    putchar(']');
}

static void put_tensors(const char *title, const est_tensor_info *t, size_t count)
{
    printf("  %s\n", title);
    for (size_t i = 0; i < count; i++) {
        printf("    %-24s %-8s ", t[i].key, est_dtype_name(t[i].dtype));
        put_shape(&t[i].shape);
        printf("  %s\n", t[i].name);
    }
}

static void json_tensors(const char *title, const est_tensor_info *t, size_t count)
{
    printf(", \"%s\": {", title);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(stdout, t[i].key, strlen(t[i].key));
        fputs(": {\"name\": ", stdout);
        json_string(stdout, t[i].name, strlen(t[i].name));
        printf(", \"dtype\": \"%s\", \"shape\": ", est_dtype_name(t[i].dtype));
        if (t[i].shape.rank < 0)
            fputs("null", stdout);
        else
            put_shape(&t[i].shape);
        putchar('}');
    }
    putchar('}');
}

static void show_json(const est_saved_model *m)
{
    est_strings tags = est_saved_model_tags(m);
    const est_signature *s;
    fputs("{\"tags\": [", stdout);
    for (size_t i = 0; i < tags.count; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(stdout, tags.data[i], strlen(tags.data[i]));
    }
    fputs("], \"signatures\": {", stdout);
    for (size_t i = 0; (s = est_saved_model_signature(m, i)); i++) {
        fputs(i ? ", " : "", stdout);
        json_string(stdout, s->key, strlen(s->key));
        fputs(": {\"method\": ", stdout);
        json_string(stdout, s->method_name, strlen(s->method_name));
        json_tensors("inputs", s->inputs, s->num_inputs);
        json_tensors("outputs", s->outputs, s->num_outputs);
        putchar('}');
    }
    puts("}}");
}

static void show_text(const est_saved_model *m)
{
    est_strings tags = est_saved_model_tags(m);
    const est_signature *s;
    fputs("tags:", stdout);
    for (size_t i = 0; i < tags.count; i++)
        printf(" %s", tags.data[i]);
    putchar('\n');
    for (size_t i = 0; (s = est_saved_model_signature(m, i)); i++) {
        printf("\nsignature %s: %s\n", s->key, s->method_name);
        put_tensors("inputs", s->inputs, s->num_inputs);
        put_tensors("outputs", s->outputs, s->num_outputs);
    }
}

static int show(cli *c)
{
    est_saved_model *m;
    cli_output out;
    est_status st = est_saved_model_load(c->operands[0], &m);
    if (st != EST_OK)
        return cli_fail(st);
    if (c->json)
        show_json(m);
    else
        show_text(m);
    est_saved_model_free(m);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static void put_rows(FILE *f, const est_signature *s, const est_tensor *const *outputs, int64_t count)
{
    for (int64_t row = 0; row < count; row++) {
        for (size_t k = 0; k < s->num_outputs; k++) {
            fputs(k ? ", " : "{", f);
            json_string(f, s->outputs[k].key, strlen(s->outputs[k].key));
            fputs(": ", f);
            json_row(f, outputs[k], row, count);
        }
        fputs(s->num_outputs ? "}\n" : "{}\n", f);
    }
}

static int run_rows(rows *r, est_predictor_call *call, const est_signature *s, cli_output *out)
{
    const est_tensor **outputs = calloc(s->num_outputs + 1, sizeof *outputs);
    int64_t count = 0;
    int status = outputs ? CLI_DONE : cli_say("out of memory");
    while (status == CLI_DONE && (count = rows_next(r)) > 0) {
        est_status st = est_predictor_run(call, r->inputs, outputs);
        if (st != EST_OK)
            status = cli_fail(st);
        else
            put_rows(out->file, s, outputs, count);
        if (ferror(out->file)) {
            out->error = errno;
            break;
        }
    }
    free(outputs);
    return count < 0 ? CLI_FAILED : status;
}

static int run_predictor(const cli *c, const est_predictor *p)
{
    est_predictor_call *call = NULL;
    cli_output out;
    const est_signature *s = est_predictor_signature(p);
    est_status st = est_predictor_call_new(p, &call);
    if (st != EST_OK)
        return cli_fail(st);
    rows *r = rows_open(cli_value(c, "input"), s);
    int status = CLI_FAILED;
    if (r && cli_output_open(&out, cli_value(c, "output"))) {
        status = run_rows(r, call, s, &out);
        if (!cli_output_close(&out, status == CLI_DONE))
            status = CLI_FAILED;
    }
    rows_close(r);
    est_predictor_call_free(call);
    return status;
}

static int run(cli *c)
{
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    if (!cli_value(c, "input"))
        return cli_usage(c, "--input FILE is missing");
    est_status st = est_saved_model_load(c->operands[0], &m);
    if (st == EST_OK)
        st = est_predictor_new(m, cli_value(c, "signature"), &p);
    int status = st == EST_OK ? run_predictor(c, p) : cli_fail(st);
    est_predictor_free(p);
    est_saved_model_free(m);
    return status;
}

static const cli_option show_options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_show = { "saved-model show", "DIR", "tags, signatures, dtypes and shapes of a SavedModel", 1, 1, false,
                               show_options, show };

static const cli_option run_options[] = {
    { "input", "FILE", "rows as JSON lines, .csv, or .tfrecord of tf.Examples; needed", false },
    { "signature", "NAME", "default: serving_default, or the only one", false },
    { "output", "FILE", "instead of stdout", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_run = { "saved-model run", "DIR", "runs a signature on rows and prints a JSON object a line", 1, 1, false,
                              run_options, run };
