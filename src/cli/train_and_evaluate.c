/* estimator train-and-evaluate: trains, and evaluates checkpoints as they are saved; or does the part of its task in TF_CONFIG. */
#include <string.h>

#include "cli/cli.h"

/* One that leaves evaluation to another process, which tells what that has found. */
static bool trains_alone(const est_cluster *c)
{
    return c->num_jobs > 0 && strcmp(c->task_type, "master") != 0;
}

static void print(const cli *c, const est_results *results, const est_train_result *trained)
{
    if (!results)
        print_trained(trained, c->json);
    else if (c->json)
        json_results(results, "global_step");
    else
        print_metrics(results);
}

static int run(cli *c)
{
    int status;
    est_results *results = NULL;
    est_train_result trained = { 0 };
    cli_output out;
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    bool alone = trains_alone(est_estimator_cluster(est_experiment_estimator(x)));
    status = cli_finish(x, est_experiment_train_and_evaluate(x, cli_progress, NULL, &trained, &results));
    bool shows = results || (alone && (c->json || !c->quiet));
    if (status == CLI_DONE && shows && cli_output_open(&out, NULL)) {
        print(c, results, &trained);
        status = cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    }
    est_results_free(results);
    return status;
}

static const cli_option options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_train_and_evaluate = { "train-and-evaluate", "CONFIG", "trains, and evaluates and exports checkpoints as they are saved",
                                             0, 1, true, options, run };
