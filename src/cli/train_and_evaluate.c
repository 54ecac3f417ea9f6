/* estimator train-and-evaluate: trains, and evaluates checkpoints as they are saved. */
#include "cli/cli.h"

static int run(cli *c)
{
    int status;
    est_results *results = NULL;
    cli_output out;
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    status = cli_finish(x, est_experiment_train_and_evaluate(x, cli_progress, NULL, NULL, &results));
    if (status == CLI_DONE && results && cli_output_open(&out, NULL)) {
        if (c->json)
            json_results(results, "global_step");
        else
            print_metrics(results);
        status = cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    }
    est_results_free(results);
    return status;
}

static const cli_option options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_train_and_evaluate = { "train-and-evaluate", "CONFIG", "trains, and evaluates and exports checkpoints as they are saved",
                                             0, 1, true, options, run };
