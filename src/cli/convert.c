/* estimator convert: a CSV file into a TFRecord file of tf.Examples, and back. */
#include <string.h>

#include "cli/cli.h"

static int run(cli *c)
{
    int64_t rows;
    cli_output out;
    const char *delimiter = cli_value(c, "field-delim");
    est_convert_options o = { .config = cli_value(c, "config"), .na_value = cli_value(c, "na-value"),
                              .multivalent_delim = cli_value(c, "multivalent-delim"),
                              .skip_errors = cli_value(c, "skip-errors") != NULL };
    if (delimiter && strlen(delimiter) != 1)
        return cli_usage(c, "--field-delim is '%s'; it must be one character", delimiter);
    if (delimiter)
        o.field_delim = *delimiter;
    est_status st = est_convert_file(c->operands[0], c->operands[1], &o, &rows);
    if (st != EST_OK)
        return cli_fail(st);
    if (c->json)
        printf("{\"rows\": %lld}\n", (long long)rows);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static const cli_option options[] = {
    { "config", "FILE", "convert what this configuration reads, in its types; without it, as values look", false },
    { "na-value", "TEXT", "of CSV: what stands for an absent value, beside the empty field", false },
    { "field-delim", "C", "of CSV: what separates the fields; a comma", false },
    { "multivalent-delim", "C", "of CSV: what separates the values of a field; without it, a field is one", false },
    { "skip-errors", NULL, "leave out rows of CSV that are wrong, and say so", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_convert = { "convert", "IN OUT", "a CSV file to a TFRecord file, or back; .gz by the ending", 2, 2,
                                  false, options, run };
