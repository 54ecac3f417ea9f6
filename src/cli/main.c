/* The command `estimator`: one subcommand a file, all over the public headers. */
#include <signal.h>

#include "cli/cli.h"

const cli_command *const cli_commands[] = { &cli_stats, &cli_convert, &cli_init, &cli_train, &cli_train_and_evaluate, &cli_evaluate, &cli_calibrate, &cli_tune,
                                            &cli_predict, &cli_explain, &cli_export, &cli_inspect, &cli_plot, &cli_show, &cli_run, &cli_config, NULL };

int main(int argc, char **argv)
{
    cli c;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a failed write, which is reported like any other */
    signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow further */
    int status = cli_parse(&c, argc, argv);
    if (status < 0) {
        cli_log_start(&c);
        status = c.command->run(&c);
    }
    cli_clear(&c);
    return status;
}
