/* The command line: options anywhere, dashes or underscores in their names, "--" ends them, help from the tables. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const cli_option common[] = {
    { "help", NULL, "show this and exit", false },
    { "version", NULL, "show the version and exit", false },
    { "quiet", NULL, "only warnings and errors on stderr", false },
    { "verbose", NULL, "more on stderr", false },
    { "json", NULL, "results as one JSON object", false },
    { NULL, NULL, NULL, false } };

static const cli_option model[] = {
    { "config", "FILE", "a further configuration, over those before it, key by key", true },
    { "set", "PATH=VALUE", "one key of the configuration; VALUE is YAML", true },
    { "model-dir", "DIR", "over the configuration's model_dir", false },
    { NULL, NULL, NULL, false } };

/* Known, but not built in. */
static const char *const later[] = { "serve", "profile", "launch", "hub" };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance of two short names. */
static size_t distance(const char *a, const char *b)
{
    size_t row[65], n = strlen(a), m = strlen(b);
    if (n > 64 || m > 64)
        return 64;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = smaller(smaller(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

const char *cli_nearest(const char *name, const char *const *names, size_t count)
{
    size_t best = strlen(name) / 3 + 2;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(name, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

int cli_usage(const cli *c, const char *format, ...)
{
    const char *name = c->command ? c->command->name : "";
    const char *space = *name ? " " : "";
    va_list args;
    fprintf(stderr, "estimator%s%s: ", space, name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'estimator%s%s --help'.\n", space, name);
    return CLI_USAGE;
}

static int help_option(const cli_option *o)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    return printf("  %-22s %s\n", left, o->doc);
}

static void help_options(const cli_option *o)
{
    for (; o->name; o++)
        help_option(o);
}

static int help(const cli *c)
{
    if (!c->command) {
        puts("Usage: estimator COMMAND [OPTION]...\n\n"
             "Trains, evaluates, predicts and exports models of tables, as TensorFlow's tf.estimator does.\n\nCommands:");
        for (const cli_command *const *k = cli_commands; *k; k++)
            printf("  %-18s %s\n", (*k)->name, (*k)->doc);
        puts("\nOptions:");
        help_options(common);
        puts("\n'estimator COMMAND --help' tells a command's own options; 'estimator config --explain' every key of a\n"
             "configuration.");
    } else {
        printf("Usage: estimator %s %s [OPTION]...\n\n%c%s.\n\nOptions:\n", c->command->name, c->command->operands,
               toupper((unsigned char)c->command->doc[0]), c->command->doc + 1);
        help_options(c->command->options);
        if (c->command->takes_model)
            help_options(model);
        help_options(common);
    }
    if (fflush(stdout) || ferror(stdout))
        return cli_say("stdout: the help could not be written");
    return CLI_DONE;
}

static const cli_option *find_in(const cli_option *o, const char *name)
{
    for (; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

/* Before the command is known, an option may be any command's. */
static const cli_option *find_anywhere(const char *name)
{
    const cli_option *o = find_in(common, name);
    if (!o)
        o = find_in(model, name);
    for (const cli_command *const *k = cli_commands; !o && *k; k++)
        o = find_in((*k)->options, name);
    return o;
}

static const cli_option *find_of(const cli_command *k, const char *name)
{
    const cli_option *o = find_in(common, name);
    if (!o && k && k->takes_model)
        o = find_in(model, name);
    return o || !k ? o : find_in(k->options, name);
}

static int unknown_option(const cli *c, const char *name)
{
    const char *names[64];
    size_t count = 0;
    const cli_option *sets[3] = { common, c->command && c->command->takes_model ? model : NULL, c->command ? c->command->options : NULL };
    for (size_t s = 0; s < 3; s++)
        for (const cli_option *o = sets[s]; o && o->name && count < 64; o++)
            names[count++] = o->name;
    const char *near = cli_nearest(name, names, count);
    return cli_usage(c, "unknown option '--%s'%s%s%s", name, near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
}

static int unknown_command(const cli *c, const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (!strcmp(name, later[i]))
            return cli_usage(c, "the command '%s' is not built in", name);
    if (!strcmp(name, "saved-model"))
        return cli_usage(c, "'saved-model' is followed by 'show' or 'run'");
    for (const cli_command *const *k = cli_commands; *k; k++)
        names[count++] = (*k)->name;
    const char *near = cli_nearest(name, names, count);
    return cli_usage(c, "unknown command '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void give(cli *c, const char *name, size_t n, const char *value)
{
    struct cli_given *g = &c->given[c->given_count++];
    snprintf(g->name, sizeof g->name, "%.*s", (int)(n < sizeof g->name ? n : sizeof g->name), name);
    for (char *p = g->name; *p; p++)
        if (*p == '_')
            *p = '-';
    g->value = value;
}

/* "--name", "--name=value" at argv[*i], or "--name value". Unknown ones wait until the command is known. */
static int take_option(cli *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '=');
    give(c, word, equals ? (size_t)(equals - word) : strlen(word), equals ? equals + 1 : "");
    struct cli_given *g = &c->given[c->given_count - 1];
    const cli_option *o = find_anywhere(g->name);
    if (o && !o->argument && equals)
        return cli_usage(c, "--%s takes no value", g->name);
    if (!o || !o->argument || equals)
        return -1;
    if (*i + 1 >= argc)
        return cli_usage(c, "--%s needs %s", g->name, o->argument);
    g->value = argv[++*i];
    return -1;
}

static int split(cli *c, int argc, char **argv)
{
    static const char *const short_names[][2] = { { "-h", "help" }, { "-V", "version" }, { "-q", "quiet" }, { "-v", "verbose" } };
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *name = NULL;
        for (size_t k = 0; k < sizeof short_names / sizeof *short_names; k++)
            if (!strcmp(word, short_names[k][0]))
                name = short_names[k][1];
        if (ended || word[0] != '-' || !word[1]) {
            c->operands[c->operand_count++] = word;
        } else if (!strcmp(word, "--")) {
            ended = true;
        } else if (word[1] == '-') {
            int status = take_option(c, argc, argv, &i);
            if (status >= 0)
                return status;
        } else if (name) {
            give(c, name, strlen(name), "");
        } else {
            return cli_usage(c, "unknown option '%s'", word);
        }
    }
    return -1;
}

/* The first operand, or the first two, name the command. */
static void choose_command(cli *c)
{
    char two[64];
    if (!c->operand_count)
        return;
    snprintf(two, sizeof two, "%.30s %.30s", c->operands[0], c->operand_count > 1 ? c->operands[1] : "");
    for (const cli_command *const *k = cli_commands; *k && !c->command; k++) {
        size_t words = strchr((*k)->name, ' ') ? 2 : 1;
        if (strcmp((*k)->name, words == 2 ? two : c->operands[0]))
            continue;
        c->command = *k;
        c->operands += words;
        c->operand_count -= words;
    }
}

static int check_given(const cli *c)
{
    for (size_t i = 0; i < c->given_count; i++) {
        const cli_option *o = find_of(c->command, c->given[i].name);
        if (!o)
            return unknown_option(c, c->given[i].name);
        for (size_t k = 0; !o->repeats && o->argument && k < i; k++)
            if (!strcmp(c->given[k].name, o->name))
                return cli_usage(c, "--%s is given twice", o->name);
    }
    return -1;
}

static int check_operands(const cli *c)
{
    const cli_command *k = c->command;
    if ((int)c->operand_count < k->least)
        return cli_usage(c, "%s is missing", k->operands);
    if (k->most >= 0 && (int)c->operand_count > k->most)
        return cli_usage(c, "what is '%s' for? It takes %s", c->operands[k->most], *k->operands ? k->operands : "options alone");
    return -1;
}

int cli_parse(cli *c, int argc, char **argv)
{
    *c = (cli){ 0 };
    c->operands = calloc((size_t)argc + 1, sizeof *c->operands);
    c->given = calloc((size_t)argc + 1, sizeof *c->given);
    if (!c->operands || !c->given)
        return cli_say("out of memory");
    int status = split(c, argc, argv);
    if (status < 0)
        choose_command(c);
    if (status >= 0)
        return status;
    if (cli_value(c, "version")) {
        printf("estimator (libestimator) %s\n", est_version());
        return fflush(stdout) ? cli_say("stdout: the version could not be written") : CLI_DONE;
    }
    if (!c->command && c->operand_count)
        return unknown_command(c, c->operands[0]);
    status = check_given(c);
    if (status >= 0)
        return status;
    if (cli_value(c, "help"))
        return help(c);
    if (!c->command)
        return cli_usage(c, "a command is missing");
    c->quiet = cli_value(c, "quiet") != NULL;
    c->json = cli_value(c, "json") != NULL;
    c->verbose = cli_value(c, "verbose") != NULL;
    return check_operands(c);
}

void cli_clear(cli *c)
{
    size_t words = c->command ? strchr(c->command->name, ' ') ? 2 : 1 : 0;
    free(c->operands ? c->operands - words : NULL);
    free(c->given);
}

const char *cli_value(const cli *c, const char *option)
{
    for (size_t i = c->given_count; i-- > 0;)
        if (!strcmp(c->given[i].name, option))
            return c->given[i].value;
    return NULL;
}

est_strings cli_values(const cli *c, const char *option, const char **room)
{
    size_t count = 0;
    for (size_t i = 0; i < c->given_count; i++)
        if (!strcmp(c->given[i].name, option))
            room[count++] = c->given[i].value;
    return (est_strings){ room, count };
}

bool cli_number(const cli *c, const char *option, int64_t least, int64_t *out)
{
    const char *text = cli_value(c, option);
    char *end = NULL;
    if (!text)
        return true;
    *out = strtoll(text, &end, 10);
    if (*text && !*end && *out >= least)
        return true;
    cli_usage(c, "--%s is '%s'; it must be a number from %lld on", option, text, (long long)least);
    return false;
}
