/* estimator evaluate: the metrics of a checkpoint on task.validation_data. */
#include <string.h>

#include "cli/cli.h"

void print_metrics(const est_results *r)
{
    for (size_t i = 0; i < r->count; i++) {
        printf("%-24s ", r->name[i]);
        if (!strcmp(r->name[i], "global_step"))
            printf("%lld", (long long)r->value[i]);
        else
            json_float(stdout, (float)r->value[i]);
        putchar('\n');
    }
}

static int run(cli *c)
{
    int status;
    est_results *results = NULL;
    char *page = NULL;
    cli_output out;
    est_experiment *x = cli_experiment(c, &status);
    const char *checkpoint = cli_value(c, "checkpoint"), *report = cli_value(c, "report");
    if (!x)
        return status;
    status = cli_finish(x, report ? est_experiment_report(x, checkpoint, &results, &page)
                                  : est_experiment_evaluate(x, checkpoint, &results));
    if (status == CLI_DONE && report)
        status = cli_write_text(report, page);
    if (status == CLI_DONE && cli_output_open(&out, NULL)) {
        if (c->json)
            json_results(results, "global_step");
        else
            print_metrics(results);
        status = cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    }
    est_text_free(page);
    est_results_free(results);
    return status;
}

static const cli_option options[] = {
    { "checkpoint", "PREFIX", "a checkpoint, instead of the newest one", false },
    { "report", "OUT", "a page of HTML too: curves, calibration, confusion, importances", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_evaluate = { "evaluate", "CONFIG", "metrics of the newest checkpoint on task.validation_data", 0, 1, true, options,
                                   run };
