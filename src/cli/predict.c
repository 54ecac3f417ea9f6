/* estimator predict: one object a line for each row of a file, under tf.estimator's prediction keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef struct writer {
    cli_output out;
    bool csv, header;
} writer;

static void json_lines(FILE *f, const est_predictions *p)
{
    for (int64_t row = 0; row < p->rows; row++) {
        for (size_t k = 0; k < p->count; k++) {
            fputs(k ? ", " : "{", f);
            json_string(f, p->key[k], strlen(p->key[k]));
            fputs(": ", f);
            json_row(f, p->value[k], row, p->rows);
        }
        fputs(p->count ? "}\n" : "{}\n", f);
    }
}

static int64_t elements_of_row(const est_tensor *t, int64_t rows)
{
    return rows ? est_shape_elements(&t->shape) / rows : 0;
}

/* A key of several elements has a column for each: probabilities_0, probabilities_1. */
static void csv_header(FILE *f, const est_predictions *p)
{
    bool first = true;
    for (size_t k = 0; k < p->count; k++) {
        int64_t n = elements_of_row(p->value[k], p->rows);
        for (int64_t i = 0; i < n; i++) {
            fputs(first ? "" : ",", f);
            csv_string(f, p->key[k], strlen(p->key[k]));
            if (n > 1)
                fprintf(f, "_%lld", (long long)i);
            first = false;
        }
    }
    fputs("\n", f);
}

static void csv_lines(FILE *f, const est_predictions *p)
{
    for (int64_t row = 0; row < p->rows; row++) {
        bool first = true;
        for (size_t k = 0; k < p->count; k++) {
            int64_t n = elements_of_row(p->value[k], p->rows);
            for (int64_t i = 0; i < n; i++) {
                fputs(first ? "" : ",", f);
                first = false;
                if (p->value[k]->dtype == EST_STRING) {
                    size_t length;
                    const char *s = est_tensor_string(p->value[k], row * n + i, &length);
                    csv_string(f, s, length);
                } else {
                    json_element(f, p->value[k], row * n + i);
                }
            }
        }
        fputs("\n", f);
    }
}

static est_status each(const est_predictions *p, void *user)
{
    writer *w = user;
    if (w->csv && !w->header && p->rows)
        csv_header(w->out.file, p);
    w->header = w->header || p->rows;
    if (w->csv)
        csv_lines(w->out.file, p);
    else
        json_lines(w->out.file, p);
    if (ferror(w->out.file)) /* closing the output tells of it */
        w->out.error = errno;
    return ferror(w->out.file) ? EST_CANCELLED : EST_OK;
}

/* "a,b" cut in place; *list points into `text`. */
static size_t cut_keys(char *text, const char **list)
{
    size_t count = 0;
    for (char *save, *key = strtok_r(text, ",", &save); key; key = strtok_r(NULL, ",", &save))
        list[count++] = key;
    return count;
}

static int predict(cli *c, est_experiment *x, est_strings keys, writer *w)
{
    est_status st = est_experiment_predict(x, cli_value(c, "input"), keys, cli_value(c, "checkpoint"), each, w);
    if (st == EST_CANCELLED && ferror(w->out.file)) {
        est_experiment_free(x);
        cli_output_close(&w->out, true);
        return CLI_FAILED;
    }
    int status = cli_finish(x, st);
    return cli_output_close(&w->out, status == CLI_DONE) ? status : CLI_FAILED;
}

static int run(cli *c)
{
    int status;
    const char *format = cli_value(c, "format"), *wanted = cli_value(c, "keys");
    writer w = { .csv = format && !strcmp(format, "csv") };
    if (!cli_value(c, "input"))
        return cli_usage(c, "--input FILE is missing");
    if (format && !w.csv && strcmp(format, "jsonl"))
        return cli_usage(c, "--format is jsonl or csv, not '%s'", format);
    if (wanted && !wanted[strspn(wanted, ",")])
        return cli_usage(c, "--keys is empty");
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    char *text = strdup(wanted ? wanted : "");
    const char **list = text ? calloc(strlen(text) + 1, sizeof *list) : NULL;
    if (!list || !cli_output_open(&w.out, cli_value(c, "output"))) {
        status = list ? CLI_FAILED : cli_say("out of memory");
        est_experiment_free(x);
    } else {
        status = predict(c, x, (est_strings){ list, cut_keys(text, list) }, &w);
    }
    free(list);
    free(text);
    return status;
}

static const cli_option options[] = {
    { "input", "FILE", "rows to predict, with the keys of task.validation_data; needed", false },
    { "output", "FILE", "instead of stdout", false },
    { "format", "FORMAT", "jsonl (default) or csv", false },
    { "keys", "KEY,...", "these predictions alone", false },
    { "checkpoint", "PREFIX", "a checkpoint, instead of the newest one", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_predict = { "predict", "CONFIG", "predictions for the rows of a file, a JSON object a line", 0, 1, true, options,
                                  run };
