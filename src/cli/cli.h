/* What the command's files share: commands with their options, messages, results, stopping. */
#ifndef EST_CLI_CLI_H
#define EST_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <estimator/estimator.h>

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130, CLI_TERMINATED = 143 };

/* ---- commands and options (options.c, main.c) ---- */
typedef struct cli_option {
    const char *name;         /* without the dashes */
    const char *argument;     /* what the help calls it; NULL: takes none */
    const char *doc;
    bool repeats;
} cli_option;

typedef struct cli cli;
typedef struct cli_command {
    const char *name;         /* "train", "saved-model run" */
    const char *operands;     /* "CONFIG"; in brackets what may be left out */
    const char *doc;          /* one line */
    int least, most;          /* operands; most -1: any number */
    bool takes_model;         /* --config, --set, --model-dir */
    const cli_option *options;/* its own; ends with a NULL name */
    int (*run)(cli *c);
} cli_command;

/* A command line that was read. */
struct cli {
    const cli_command *command;
    bool quiet, json, verbose;
    const char **operands;
    size_t operand_count;
    struct cli_given { char name[48]; const char *value; } *given;   /* dashes for underscores */
    size_t given_count;
};
extern const cli_command cli_calibrate, cli_init, cli_train, cli_evaluate, cli_explain, cli_predict, cli_export, cli_inspect, cli_show, cli_run, cli_config, cli_stats, cli_convert, cli_plot, cli_train_and_evaluate, cli_tune;
extern const cli_command *const cli_commands[];

/* Returns an exit status when that is all (--help, --version, wrong usage), else -1. */
int cli_parse(cli *c, int argc, char **argv);
void cli_clear(cli *c);
const char *cli_value(const cli *c, const char *option);          /* NULL: not given; "" for one without an argument */
est_strings cli_values(const cli *c, const char *option, const char **room);   /* room for given_count */
/* A whole number from `least` on; *out stays where the option is not given. False: wrong usage, which was printed. */
bool cli_number(const cli *c, const char *option, int64_t least, int64_t *out);
int cli_usage(const cli *c, const char *format, ...) EST_PRINTF(2, 3);         /* says so, and gives CLI_USAGE */
const char *cli_nearest(const char *name, const char *const *names, size_t count);

/* ---- messages (log.c) ---- */
void cli_log_start(const cli *c);
int cli_fail(est_status status);                                   /* prints est_error(); the exit status */
int cli_say(const char *format, ...) EST_PRINTF(1, 2);             /* "estimator: …" on stderr; gives CLI_FAILED */
void cli_progress(const est_progress *p, void *user);
void cli_progress_end(void);

/* ---- what model commands begin with (experiment.c) ---- */
/* NULL after a failure, which was printed; *exit_status tells. SIGINT and SIGTERM stop the verbs from then on. */
est_experiment *cli_experiment(const cli *c, int *exit_status);
void print_trained(const est_train_result *r, bool as_json);          /* what training has come to (train.c) */
int cli_finish(est_experiment *x, est_status status);              /* the verb's status; frees x; the exit status */

/* ---- results (output.c, json_write.c) ---- */
typedef struct cli_output {
    FILE *file;
    char *path, *temporary;   /* NULL: stdout */
    int error;                /* errno of a write that failed, where somebody looked in time */
} cli_output;
bool cli_output_open(cli_output *o, const char *path);             /* path NULL: stdout; false: a failure that was printed */
bool cli_output_close(cli_output *o, bool keep);                   /* likewise; without `keep` a file is left as it was */
int cli_write_text(const char *path, const char *text);            /* a whole file; the exit status */

void json_string(FILE *f, const char *s, size_t n);
void json_double(FILE *f, double v);                               /* shortest that reads back; NaN, Infinity as bare tokens */
void json_float(FILE *f, float v);
/* One object on a line of stdout; the value of `whole`, NULL none, is printed as an integer. */
void json_results(const est_results *r, const char *whole);
void print_metrics(const est_results *r);                          /* a line each, for people (evaluate.c) */
/* A field of CSV, in quotes where it must be. */
void csv_string(FILE *f, const char *s, size_t n);
/* Element i; strings as json_string. */
void json_element(FILE *f, const est_tensor *t, int64_t i);
/* Row `row` of t, without its first dimension; all of t when its first dimension is not `rows`. */
void json_row(FILE *f, const est_tensor *t, int64_t row, int64_t rows);

/* ---- JSON read (json_read.c): a text becomes nodes; strings are decoded in place ---- */
typedef enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_type;
typedef struct json_node {
    json_type type;
    const char *text;         /* of strings and numbers; "true" or "false" */
    size_t length;
    const char *key;          /* in an object */
    size_t key_length;
    size_t next, first;       /* index of the next sibling, of the first child; 0: none */
    size_t count;             /* children */
} json_node;
typedef struct json {
    json_node *nodes;         /* nodes[0] is the root */
    size_t count, capacity;
    char error[160];
    size_t error_at;          /* byte of the text */
} json;
bool json_parse(json *j, char *text, size_t size);                 /* the text is changed; NUL must follow it */
const json_node *json_member(const json *j, const json_node *object, const char *key);
void json_free(json *j);

#endif
