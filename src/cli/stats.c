/* estimator stats: what the columns of files hold, as a table, as JSON or as a page. */
#include <stdlib.h>
#include <string.h>

#include <estimator/stats.h>

#include "cli/cli.h"

static int write_page(const est_stats *s, const char *path)
{
    char *text;
    est_status st = est_stats_text(s, EST_STATS_HTML, &text);
    if (st != EST_OK)
        return cli_fail(st);
    int status = cli_write_text(path, text);
    est_text_free(text);
    return status;
}

static int print(const est_stats *s, est_stats_form form)
{
    char *text;
    cli_output out;
    est_status st = est_stats_text(s, form, &text);
    if (st != EST_OK)
        return cli_fail(st);
    fputs(text, stdout);
    est_text_free(text);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static int run(cli *c)
{
    est_stats *s;
    const char *delimiter = cli_value(c, "field-delim"), *rows = cli_value(c, "max-rows"),
               *page = cli_value(c, "html");
    char *end = NULL;
    est_stats_options o = { .na_value = cli_value(c, "na-value"),
                            .skip_errors = cli_value(c, "skip-errors") != NULL };
    if (delimiter && strlen(delimiter) != 1)
        return cli_usage(c, "--field-delim is '%s'; it must be one character", delimiter);
    if (delimiter)
        o.field_delim = *delimiter;
    if (rows)
        o.max_rows = strtoll(rows, &end, 10);
    if (rows && (*end || o.max_rows < 1))
        return cli_usage(c, "--max-rows is '%s'; it must be a number above 0", rows);
    est_status st = est_stats_of_files((est_strings){ c->operands, c->operand_count }, &o, &s);
    if (st != EST_OK)
        return cli_fail(st);
    int status = page ? write_page(s, page) : CLI_DONE;
    if (status == CLI_DONE && (c->json || !page))
        status = print(s, c->json ? EST_STATS_JSON : EST_STATS_TABLE);
    est_stats_free(s);
    return status;
}

static const cli_option options[] = {
    { "html", "OUT", "a page with histograms, instead of the table", false },
    { "na-value", "TEXT", "what stands for a missing value; without it, found out", false },
    { "field-delim", "C", "what separates the fields of CSV; a comma", false },
    { "max-rows", "N", "look at the first N rows alone", false },
    { "skip-errors", NULL, "leave out rows that are wrong, and say so", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_stats = { "stats", "FILE...", "what the columns of CSV or TFRecord files hold", 1, -1, false,
                                options, run };
