/* estimator explain: what a model's features have gained it. */
#include "cli/cli.h"

static void print(const est_results *r)
{
    double total = 0;
    for (size_t i = 0; i < r->count; i++)
        total += r->value[i];
    for (size_t i = 0; i < r->count; i++) {
        printf("%-40s %5.1f %%  ", r->name[i], total > 0 ? 100 * r->value[i] / total : 0);
        json_float(stdout, (float)r->value[i]);
        putchar('\n');
    }
}

static int run(cli *c)
{
    int status;
    est_results *gains = NULL;
    cli_output out;
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    status = cli_finish(x, est_feature_importances(est_experiment_estimator(x), false, &gains));
    if (status == CLI_DONE && cli_output_open(&out, NULL)) {
        if (c->json)
            json_results(gains, NULL);
        else
            print(gains);
        status = cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    }
    est_results_free(gains);
    return status;
}

static const cli_option options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_explain = { "explain", "CONFIG", "what each feature has gained a model of boosted trees", 0, 1, true, options, run };
