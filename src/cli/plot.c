/* estimator plot: what runs have logged, drawn in the terminal, as data or as a page. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <estimator/plot.h>

#include "cli/cli.h"

enum { WIDEST = 120 };

/* ---- the terminal ---- */

/* By the names of the variables alone: in many containers they say UTF-8, and no such locale is installed. */
static bool is_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        const char *charset = strchr(value, '.');
        return charset && (strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
    }
    return false;
}

/* Linux' own console has no braille in its fonts. */
static bool shows_braille(bool terminal)
{
    const char *term = getenv("TERM");
    return is_utf8() && !(terminal && term && strcmp(term, "linux") == 0);
}

static bool shows_colours(bool terminal)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return terminal && !(none && *none) && term && *term && strcmp(term, "dumb") != 0;
}

static int64_t width_of_screen(bool terminal)
{
    struct winsize w;
    if (!terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 24)
        return 0;
    return w.ws_col < WIDEST ? w.ws_col : WIDEST;
}

/* ---- options ---- */

/* "a,b": cut in place at commas outside of brackets. Returns how many. */
static size_t split(char *text, const char **out)
{
    size_t n = 0;
    int depth = 0;
    for (char *c = text, *begin = text;; c++) {
        depth += *c == '{' || *c == '[' || *c == '(';
        depth -= *c == '}' || *c == ']' || *c == ')';
        if (*c && (*c != ',' || depth > 0))
            continue;
        bool last = !*c;
        *c = 0;
        if (*begin)
            out[n++] = begin;
        if (last)
            return n;
        begin = c + 1;
    }
}

static bool find_axis(const cli *c, est_plot_options *o)
{
    static const char *const names[] = { "step", "relative", "time" };
    const char *given = cli_value(c, "x");
    for (int i = 0; given && i < 3; i++)
        if (strcmp(given, names[i]) == 0) {
            o->x = (est_plot_x)i;
            return true;
        }
    if (given)
        cli_usage(c, "--x is '%s'; it must be step, relative or time", given);
    return !given;
}

static bool find_smoothing(const cli *c, est_plot_options *o)
{
    const char *given = cli_value(c, "smoothing");
    char *end = NULL;
    if (!given)
        return true;
    o->smoothing = strtod(given, &end);
    if (*given && !*end && o->smoothing >= 0 && o->smoothing < 1)
        return true;
    cli_usage(c, "--smoothing is '%s'; it must be a number from 0 to below 1", given);
    return false;
}

/* ---- the command ---- */

static int give(const est_plot *p, est_plot_form form, const char *path)
{
    char *text;
    cli_output out;
    est_status st = est_plot_text(p, form, &text);
    if (st != EST_OK)
        return cli_fail(st);
    int status = CLI_DONE;
    if (path) {
        status = cli_write_text(path, text);
    } else {
        fputs(text, stdout);
        status = cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
    }
    est_text_free(text);
    return status;
}

static int draw(const cli *c, const est_plot_options *o)
{
    est_plot *p;
    const char *page = cli_value(c, "html");
    est_status st = est_plot_new((est_strings){ c->operands, c->operand_count }, o, &p);
    if (st != EST_OK)
        return cli_fail(st);
    int status = page ? give(p, EST_PLOT_HTML, page) : CLI_DONE;
    if (status == CLI_DONE && (c->json || !page))
        status = give(p, c->json ? EST_PLOT_JSON : EST_PLOT_PICTURE, NULL);
    est_plot_free(p);
    return status;
}

static int run(cli *c)
{
    bool terminal = isatty(STDOUT_FILENO);
    const char *given = cli_value(c, "tags");
    est_plot_options o = { .log_scale = cli_value(c, "log-scale") != NULL, .width = width_of_screen(terminal),
                           .ascii = cli_value(c, "ascii") || !shows_braille(terminal), .colours = shows_colours(terminal) };
    if (!cli_number(c, "width", 24, &o.width) || !cli_number(c, "height", 3, &o.height) || !find_axis(c, &o) || !find_smoothing(c, &o))
        return CLI_USAGE;
    if (!given)
        return draw(c, &o);
    char *tags = strdup(given);
    const char **list = calloc(strlen(given) + 1, sizeof *list);
    if (tags && list)
        o.tags = (est_strings){ list, split(tags, list) };
    int status = tags && list ? draw(c, &o) : cli_say("out of memory");
    free(list);
    free(tags);
    return status;
}

static const cli_option options[] = {
    { "tags", "TAG,...", "these tags alone: names, or regular expressions found in them; all", false },
    { "x", "AXIS", "step (default), relative (time since the run's start) or time", false },
    { "smoothing", "WEIGHT", "from 0 to below 1: TensorBoard's exponential average; 0", false },
    { "log-scale", NULL, "values on a logarithmic scale", false },
    { "html", "OUT", "a page to look closer, instead of the picture", false },
    { "width", "N", "characters in a line; those of the terminal up to 120, else 80", false },
    { "height", "N", "lines of each plot; 12", false },
    { "ascii", NULL, "draw with ASCII alone; so it is where the locale is not UTF-8", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_plot = { "plot", "MODEL_DIR...", "loss, metrics and learning rate of runs, drawn by step", 1, -1, false, options, run };
