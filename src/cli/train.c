/* estimator train: trains up to trainer.train_steps. */
#include "cli/cli.h"

static void print_text(const est_train_result *r)
{
    printf("global_step       %lld\n", (long long)r->global_step);
    if (r->steps)
        printf("loss              %.6g\n", r->loss);
    printf("steps             %lld in %.3g s\n", (long long)r->steps, r->seconds);
    if (r->steps)
        printf("steps per second  %.0f\n", r->steps_per_sec);
}

static void print_json(const est_train_result *r)
{
    const struct { const char *name; double value; } numbers[] = {
        { "loss", r->loss }, { "seconds", r->seconds }, { "steps_per_sec", r->steps_per_sec },
        { "examples_per_sec", r->examples_per_sec }, { "start_up_seconds", r->start_up_seconds } };
    printf("{\"global_step\": %lld, \"steps\": %lld", (long long)r->global_step, (long long)r->steps);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf(", \"%s\": ", numbers[i].name);
        if (i == 0 && !r->steps) /* no step, no loss */
            fputs("null", stdout);
        else
            json_double(stdout, numbers[i].value);
    }
    puts("}");
}

void print_trained(const est_train_result *r, bool as_json)
{
    if (as_json)
        print_json(r);
    else
        print_text(r);
}

static int run(cli *c)
{
    int status;
    est_train_result result = { 0 };
    cli_output out;
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    est_status st = est_experiment_train(x, cli_progress, NULL, &result);
    status = cli_finish(x, st);
    if (status == CLI_FAILED || !cli_output_open(&out, NULL))
        return CLI_FAILED;
    if (c->json || !c->quiet)
        print_trained(&result, c->json);
    return cli_output_close(&out, true) ? status : CLI_FAILED;
}

static const cli_option options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_train = { "train", "CONFIG", "trains from the newest checkpoint, or from the start", 0, 1, true, options, run };
