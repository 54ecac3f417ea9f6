/* estimator explain: what a model's features are worth to it, or what they contribute to the predictions for a file. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* ---- of the model ---- */
static void print(const est_results *r)
{
    double total = 0;
    for (size_t i = 0; i < r->count; i++)
        total += fabs(r->value[i]);
    for (size_t i = 0; i < r->count; i++) {
        printf("%-40s %5.1f %%  ", r->name[i], total > 0 ? 100 * fabs(r->value[i]) / total : 0);
        json_float(stdout, (float)r->value[i]);
        putchar('\n');
    }
}

static bool print_results(const cli *c, const est_results *r)
{
    cli_output out;
    if (!cli_output_open(&out, NULL))
        return false;
    if (c->json)
        json_results(r, NULL);
    else
        print(r);
    return cli_output_close(&out, true);
}

/* The mean size of each feature's contributions. */
typedef struct means {
    char **name;
    double *value;
    size_t count;
    double rows;
} means;

static void means_free(means *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->name[i]);
    free(m->name);
    free(m->value);
}

static est_status add_means(const est_contributions *b, void *user)
{
    means *m = user;
    if (m->name == NULL) {
        m->name = calloc(b->feature.count + 1, sizeof *m->name);
        m->value = calloc(b->feature.count + 1, sizeof *m->value);
        for (; m->name && m->value && m->count < b->feature.count; m->count++)
            if ((m->name[m->count] = strdup(b->feature.data[m->count])) == NULL)
                return EST_RESOURCE_EXHAUSTED;
    }
    if (m->name == NULL || m->value == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < b->rows * b->outputs; i++)
        for (size_t f = 0; f < m->count; f++)
            m->value[f] += fabs(b->contribution[(size_t)i * m->count + f]);
    m->rows += (double)b->rows;
    return EST_OK;
}

/* The greatest first. */
static void sort_means(means *m)
{
    for (size_t i = 1; i < m->count; i++)
        for (size_t k = i; k > 0 && m->value[k - 1] < m->value[k]; k--) {
            double value = m->value[k];
            char *name = m->name[k];
            m->value[k] = m->value[k - 1];
            m->name[k] = m->name[k - 1];
            m->value[k - 1] = value;
            m->name[k - 1] = name;
        }
}

static int explain_means(cli *c, est_experiment *x, int64_t steps)
{
    means m = { 0 };
    est_explain_options o = { .steps = steps, .checkpoint_path = cli_value(c, "checkpoint"), .each = add_means, .each_user = &m };
    int status = cli_finish(x, est_experiment_contributions(x, NULL, &o));
    for (size_t i = 0; i < m.count && m.rows > 0; i++)
        m.value[i] /= m.rows;
    sort_means(&m);
    est_results r = { .count = m.count, .name = (const char *const *)m.name, .value = m.value };
    if (status == CLI_DONE && !print_results(c, &r))
        status = CLI_FAILED;
    means_free(&m);
    return status;
}

/* Gains and weights where there are such, else what the features contribute on average. */
static int explain_model(cli *c, est_experiment *x, int64_t steps)
{
    est_results *r = NULL;
    est_status st = est_feature_importances(est_experiment_estimator(x), false, &r);
    if (st == EST_UNIMPLEMENTED || (st == EST_OK && cli_value(c, "checkpoint"))) {
        est_results_free(r);
        return explain_means(c, x, steps);
    }
    int status = cli_finish(x, st);
    if (status == CLI_DONE && !print_results(c, r))
        status = CLI_FAILED;
    est_results_free(r);
    return status;
}

/* ---- of a file's predictions ---- */
typedef enum format { TEXT, JSON_LINES, CSV } format;

typedef struct writer {
    cli_output out;
    format format;
    int64_t top;                  /* features of an example; TEXT */
    int64_t example;              /* that came last, from 1 on */
    size_t *order;
} writer;

static void put_list(FILE *f, const char *key, const double *v, int64_t n, size_t stride)
{
    json_string(f, key, strlen(key));
    fputs(": [", f);
    for (int64_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", f);
        json_float(f, (float)v[(size_t)i * stride]);
    }
    putc(']', f);
}

static void put_json(FILE *f, const est_contributions *b, int64_t row)
{
    size_t n = b->feature.count;
    putc('{', f);
    put_list(f, "logits", b->logits + row * b->outputs, b->outputs, 1);
    fputs(", ", f);
    put_list(f, "bias", b->bias + row * b->outputs, b->outputs, 1);
    fputs(", \"contributions\": {", f);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", f);
        put_list(f, b->feature.data[i], b->contribution + (size_t)(row * b->outputs) * n + i, b->outputs, n);
    }
    fputs("}}\n", f);
}

static void put_name(FILE *f, const char *name, const est_contributions *b, bool first)
{
    for (int64_t k = 0; k < b->outputs; k++) {
        fputs(first && k == 0 ? "" : ",", f);
        csv_string(f, name, strlen(name));
        if (b->outputs > 1)
            fprintf(f, "_%lld", (long long)k);
    }
}

static void put_csv_header(FILE *f, const est_contributions *b)
{
    put_name(f, "logits", b, true);
    put_name(f, "bias", b, false);
    for (size_t i = 0; i < b->feature.count; i++)
        put_name(f, b->feature.data[i], b, false);
    putc('\n', f);
}

static void put_csv(FILE *f, const est_contributions *b, int64_t row)
{
    size_t n = b->feature.count;
    for (int64_t k = 0; k < b->outputs; k++) {
        fputs(k ? "," : "", f);
        json_float(f, (float)b->logits[row * b->outputs + k]);
    }
    for (int64_t k = 0; k < b->outputs; k++) {
        putc(',', f);
        json_float(f, (float)b->bias[row * b->outputs + k]);
    }
    for (size_t i = 0; i < n; i++)
        for (int64_t k = 0; k < b->outputs; k++) {
            putc(',', f);
            json_float(f, (float)b->contribution[(size_t)(row * b->outputs + k) * n + i]);
        }
    putc('\n', f);
}

static const est_tensor *find(const est_predictions *p, const char *key)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->key[i], key) == 0 && est_shape_elements(&p->value[i]->shape) == p->rows)
            return p->value[i];
    return NULL;
}

/* The features of one logit, those that count most first. */
static void sort_features(writer *w, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = i;
        for (; k > 0 && fabs(v[w->order[k - 1]]) < fabs(v[i]); k--)
            w->order[k] = w->order[k - 1];
        w->order[k] = i;
    }
}

static void put_output(writer *w, const est_contributions *b, int64_t row, int64_t output)
{
    FILE *f = w->out.file;
    size_t n = b->feature.count, shown = (size_t)w->top < n ? (size_t)w->top : n;
    const est_tensor *classes = find(b->predictions, "classes");
    const double *v = b->contribution + (size_t)(row * b->outputs + output) * n;
    double others = 0;
    fprintf(f, "example %lld", (long long)w->example);
    if (classes && classes->dtype == EST_STRING) {
        size_t length;
        const char *name = est_tensor_string(classes, row, &length);
        fprintf(f, ", class %.*s", (int)length, name);
    } else if (b->outputs > 1) {
        fprintf(f, ", output %lld", (long long)output);
    }
    fprintf(f, ": logit %.6g, of which baseline %.6g\n", b->logits[row * b->outputs + output], b->bias[row * b->outputs + output]);
    sort_features(w, v, n);
    for (size_t i = 0; i < shown; i++)
        fprintf(f, "  %-40s %+.6g\n", b->feature.data[w->order[i]], v[w->order[i]]);
    for (size_t i = shown; i < n; i++)
        others += v[w->order[i]];
    if (n > shown) {
        char left[48];
        snprintf(left, sizeof left, "(%zu others)", n - shown);
        fprintf(f, "  %-40s %+.6g\n", left, others);
    }
}

/* Of several classes the predicted one; of several other outputs each. */
static void put_text(writer *w, const est_contributions *b, int64_t row)
{
    const est_tensor *ids = b->outputs > 1 ? find(b->predictions, "class_ids") : NULL;
    if (ids && ids->dtype == EST_INT64)
        put_output(w, b, row, ((const int64_t *)ids->data)[row]);
    else
        for (int64_t k = 0; k < b->outputs; k++)
            put_output(w, b, row, k);
}

static est_status each(const est_contributions *b, void *user)
{
    writer *w = user;
    if (w->order == NULL && (w->order = calloc(b->feature.count + 1, sizeof *w->order)) == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (w->format == CSV && w->example == 0 && b->rows)
        put_csv_header(w->out.file, b);
    for (int64_t row = 0; row < b->rows; row++) {
        w->example++;
        if (w->format == CSV)
            put_csv(w->out.file, b, row);
        else if (w->format == JSON_LINES)
            put_json(w->out.file, b, row);
        else
            put_text(w, b, row);
    }
    if (ferror(w->out.file)) /* closing the output tells of it */
        w->out.error = errno;
    return ferror(w->out.file) ? EST_CANCELLED : EST_OK;
}

static int explain_file(cli *c, est_experiment *x, writer *w, int64_t steps)
{
    est_explain_options o = { .steps = steps, .checkpoint_path = cli_value(c, "checkpoint"), .each = each, .each_user = w };
    if (!cli_output_open(&w->out, cli_value(c, "output"))) {
        est_experiment_free(x);
        return CLI_FAILED;
    }
    est_status st = est_experiment_contributions(x, cli_value(c, "input"), &o);
    int status = CLI_FAILED;
    if (st == EST_CANCELLED && ferror(w->out.file)) {
        est_experiment_free(x);
        cli_output_close(&w->out, true);
    } else {
        status = cli_finish(x, st);
        status = cli_output_close(&w->out, status == CLI_DONE) ? status : CLI_FAILED;
    }
    free(w->order);
    return status;
}

static int run(cli *c)
{
    static const char *const with_input[] = { "output", "format", "top" };
    int status;
    int64_t steps = 0;
    const char *wanted = cli_value(c, "format");
    writer w = { .format = c->json ? JSON_LINES : TEXT, .top = 10 };
    if (!cli_number(c, "steps", 1, &steps) || !cli_number(c, "top", 1, &w.top))
        return CLI_USAGE;
    if (wanted && strcmp(wanted, "csv") && strcmp(wanted, "jsonl") && strcmp(wanted, "text"))
        return cli_usage(c, "--format is text, jsonl or csv, not '%s'", wanted);
    if (wanted)
        w.format = strcmp(wanted, "csv") == 0 ? CSV : strcmp(wanted, "jsonl") == 0 ? JSON_LINES : TEXT;
    for (size_t i = 0; i < sizeof with_input / sizeof *with_input; i++)
        if (!cli_value(c, "input") && cli_value(c, with_input[i]))
            return cli_usage(c, "--%s goes with --input FILE", with_input[i]);
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    return cli_value(c, "input") ? explain_file(c, x, &w, steps) : explain_model(c, x, steps);
}

static const cli_option options[] = {
    { "input", "FILE", "what the features contribute to the prediction for each row", false },
    { "output", "FILE", "instead of stdout", false },
    { "format", "FORMAT", "text (default), jsonl or csv", false },
    { "top", "N", "features of an example in a text; 10", false },
    { "steps", "N", "points of the integrated gradients of networks; 50", false },
    { "checkpoint", "PREFIX", "a checkpoint, instead of the newest one", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_explain = { "explain", "CONFIG", "what features are worth to a model, or to each of its predictions", 0, 1, true,
                                  options, run };
