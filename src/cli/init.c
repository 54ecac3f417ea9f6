/* estimator init: looks at a CSV file and prints a configuration to start from. */
#include "cli/cli.h"

static int run(cli *c)
{
    char *text;
    cli_output out;
    if (!cli_value(c, "label"))
        return cli_usage(c, "--label COLUMN is missing: which column is to be learnt");
    est_status st = est_experiment_init(c->operands[0], cli_value(c, "label"), &text);
    if (st != EST_OK)
        return cli_fail(st);
    fputs(text, stdout);
    est_text_free(text);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static const cli_option options[] = {
    { "label", "COLUMN", "the column to be learnt; needed", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_init = { "init", "DATA.csv", "looks at the data and prints a configuration to start from", 1, 1, false, options,
                               run };
