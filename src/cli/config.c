/* estimator config: the resolved configuration, or what its keys mean. */
#include "cli/cli.h"

static void print_line(const char *line, void *user)
{
    (void)user;
    puts(line);
}

static int explain(const cli *c)
{
    cli_output out;
    est_status st = est_experiment_explain(c->operand_count ? c->operands[0] : NULL, print_line, NULL);
    if (st != EST_OK)
        return cli_fail(st);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static int run(cli *c)
{
    int status;
    cli_output out;
    if (cli_value(c, "explain"))
        return explain(c);
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    fputs(est_experiment_config(x), stdout);
    status = cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    est_experiment_free(x);
    return status;
}

static const cli_option options[] = {
    { "explain", NULL, "list the keys (or KEY and those below it): type, default, meaning", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_config = { "config", "[CONFIG | --explain [KEY]]", "prints the configuration with every default filled in", 0, 1,
                                 true, options, run };
