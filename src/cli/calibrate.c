/* estimator calibrate: a configuration that makes a classifier's probabilities come true. */
#include "cli/cli.h"

static int run(cli *c)
{
    int status;
    char *text = NULL;
    const char *output = cli_value(c, "output");
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    status = cli_finish(x, est_experiment_calibrate(x, cli_value(c, "input"), cli_value(c, "method"), cli_value(c, "checkpoint"), &text));
    if (status == CLI_DONE)
        status = cli_write_text(output, text);
    est_text_free(text);
    return status;
}

static const cli_option options[] = {
    { "method", "METHOD", "platt (of two classes, the default), isotonic (likewise) or temperature", false },
    { "input", "FILE", "held-out rows, with labels, instead of task.validation_data", false },
    { "output", "FILE", "instead of stdout", false },
    { "checkpoint", "PREFIX", "a checkpoint, instead of the newest one", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_calibrate = { "calibrate", "CONFIG", "a further configuration that calibrates a classifier's probabilities", 0, 1,
                                    true, options, run };
