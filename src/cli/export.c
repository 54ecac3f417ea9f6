/* estimator export: writes a SavedModel and prints its folder. */
#include <string.h>

#include "cli/cli.h"

static int run(cli *c)
{
    int status;
    char path[4096];
    cli_output out;
    const char *base = cli_value(c, "export-dir"), *receiver = cli_value(c, "receiver"), *format = cli_value(c, "format");
    if (!base)
        return cli_usage(c, "--export-dir BASE is missing");
    if (receiver && strcmp(receiver, "parsing") && strcmp(receiver, "raw") && strcmp(receiver, "both"))
        return cli_usage(c, "--receiver is parsing, raw or both, not '%s'", receiver);
    if (format && strcmp(format, "saved_model"))
        return cli_usage(c, "--format is saved_model, not '%s'", format);
    est_experiment *x = cli_experiment(c, &status);
    if (!x)
        return status;
    status = cli_finish(x, est_experiment_export(x, base, receiver, path, sizeof path));
    if (status != CLI_DONE || !cli_output_open(&out, NULL))
        return status != CLI_DONE ? status : CLI_FAILED;
    if (c->json) {
        fputs("{\"path\": ", stdout);
        json_string(stdout, path, strlen(path));
        puts("}");
    } else {
        puts(path);
    }
    return cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static const cli_option options[] = {
    { "export-dir", "BASE", "the model goes to BASE/<unix seconds>; needed", false },
    { "receiver", "KIND", "parsing (tf.Examples), raw (tensors) or both", false },
    { "format", "FORMAT", "saved_model", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_export = { "export", "CONFIG", "writes the newest checkpoint as a SavedModel and prints its folder", 0, 1, true,
                                 options, run };
