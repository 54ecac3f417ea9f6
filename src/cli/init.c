/* estimator init: looks at a CSV file and prints a configuration to start from. */
#include <string.h>

#include "cli/cli.h"

static int run(cli *c)
{
    char *text;
    cli_output out;
    const char *bins = cli_value(c, "boundaries"), *delimiter = cli_value(c, "field-delim");
    est_init_options o = { .label = cli_value(c, "label"),
                           .boundaries = bins,
                           .na_value = cli_value(c, "na-value"),
                           .no_crosses = cli_value(c, "no-crosses") != NULL,
                           .validation_path = cli_value(c, "validation") };
    if (!o.label)
        return cli_usage(c, "--label COLUMN is missing: which column is to be learnt");
    if (bins && strcmp(bins, "auto") && strcmp(bins, "quantiles") && strcmp(bins, "none"))
        return cli_usage(c, "--boundaries is auto, quantiles or none, not '%s'", bins);
    if (delimiter && strlen(delimiter) != 1)
        return cli_usage(c, "--field-delim is '%s'; it must be one character", delimiter);
    if (delimiter)
        o.field_delim = *delimiter;
    est_status st = est_experiment_init(c->operands[0], &o, &text);
    if (st != EST_OK)
        return cli_fail(st);
    fputs(text, stdout);
    est_text_free(text);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static const cli_option options[] = {
    { "label", "COLUMN", "the column to be learnt; needed", false },
    { "boundaries", "HOW", "numbers cut at quantiles: auto (default), quantiles (all) or none", false },
    { "no-crosses", NULL, "no pairs of columns; without it, those that pay are crossed", false },
    { "validation", "FILE", "held-out rows; without it x_eval.csv and the like beside x_train.csv", false },
    { "na-value", "TEXT", "what stands for a missing value; without it, found out", false },
    { "field-delim", "C", "what separates the fields; a comma", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_init = { "init", "DATA.csv", "looks at the data and prints a configuration to start from", 1, 1,
                               false, options, run };
