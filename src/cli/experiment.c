/* What train, evaluate, predict, export and config begin and end with: the experiment of the command line, and signals. */
#include <signal.h>
#include <stdlib.h>

#include "cli/cli.h"

static est_estimator *volatile running;
static volatile sig_atomic_t got_signal;

/* The first one asks the verb to stop, after a last checkpoint; the second one kills. */
static void on_signal(int number)
{
    if (got_signal) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    got_signal = number;
    if (running)
        est_request_stop(running);
}

static void catch_signals(est_estimator *e)
{
    struct sigaction a = { .sa_handler = on_signal };
    running = e;
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

est_experiment *cli_experiment(const cli *c, int *exit_status)
{
    est_experiment *x = NULL;
    const char **room = calloc(2 * c->given_count + 2, sizeof *room);
    if (!room) {
        *exit_status = cli_say("out of memory");
        return NULL;
    }
    est_experiment_options o = { .model_dir = cli_value(c, "model-dir"), .set = cli_values(c, "set", room) };
    const char **configs = room + c->given_count;
    size_t operands = c->operand_count ? 1 : 0;
    est_strings more = cli_values(c, "config", configs + operands);
    if (operands)
        configs[0] = c->operands[0];
    o.config = (est_strings){ configs, more.count + operands };
    if (!o.config.count) {
        *exit_status = cli_usage(c, "CONFIG is missing");
    } else if (est_experiment_new(&o, &x) != EST_OK) {
        *exit_status = cli_fail(EST_INVALID_ARGUMENT);
    } else {
        catch_signals(est_experiment_estimator(x));
    }
    free(room);
    return x;
}

int cli_finish(est_experiment *x, est_status status)
{
    int result = CLI_DONE;
    cli_progress_end();
    if (status != EST_OK)
        result = cli_fail(status);
    if (status == EST_CANCELLED && got_signal)
        result = 128 + got_signal;
    running = NULL;
    est_experiment_free(x);
    return result;
}
