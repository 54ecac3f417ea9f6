/* Plots of what runs have logged: loss, metrics, learning rate by step, out of event files, for a terminal or as a page. */
#ifndef ESTIMATOR_PLOT_H
#define ESTIMATOR_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <estimator/base.h>
#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The curves that were read. It does not change any more once it was given: thread-safe. */
typedef struct est_plot est_plot;

/** What lies along the horizontal axis. */
typedef enum est_plot_x {
    EST_PLOT_STEP,           /* global steps */
    EST_PLOT_RELATIVE,       /* seconds since the run's first point */
    EST_PLOT_TIME            /* the time of day, in the local zone */
} est_plot_x;

typedef struct est_plot_options {
    /* Tags that are shown: each is a tag, or a POSIX extended regular expression that is looked for within tags. Empty: all. */
    est_strings tags;
    est_plot_x x;
    double smoothing;        /* from 0 to below 1: TensorBoard's debiased exponential average */
    bool log_scale;          /* of values; those that are not above 0 are left out */
    /* A picture's characters in a line, its axis among them, and lines of each field. */
    int64_t width;           /* 80; 24 to 1000 */
    int64_t height;          /* 12; 3 to 500 */
    bool ascii;              /* a picture of ASCII alone, instead of braille */
    bool colours;            /* a picture with escape sequences of a terminal */
} est_plot_options;

/** The points of one tag that one phase of one run has logged. */
typedef struct est_plot_series {
    const char *tag;
    const char *run;         /* its path, as it was given; with the folders below it that hold several runs */
    const char *phase;       /* "training", "evaluation", "evaluation NAME" of a folder eval_NAME, "validation" */
    size_t count;
    const int64_t *step;     /* rises: what a run that was begun anew wrote again replaces what it had written */
    const double *wall_time; /* seconds since 1970 */
    const double *value;     /* NaN and infinities among them */
    const double *smoothed;  /* as est_plot_options.smoothing wants them */
} est_plot_series;

/** Reads the event files of model directories: their own (training) and those in folders below them: eval, eval_NAME, train and validation
 *  (of Keras, and of the training loop's statistics), others as runs of their own. An event file by itself will do.
 *  In: `paths`, one at least. Out: the caller's, est_plot_free. What is damaged, and a path without scalars beside others, is told by the log.
 *  Errors: NOT_FOUND: a path, no scalars in any of them, no tag as wanted; INVALID_ARGUMENT: an option, a file of another kind; the file
 *  system's. Thread-safe. Since 0.1. */
EST_API est_status est_plot_new_sized(est_strings paths, const est_plot_options *options, size_t size, est_plot **out);
static inline est_status est_plot_new(est_strings paths, const est_plot_options *options, est_plot **out)
{
    return est_plot_new_sized(paths, options, sizeof *options, out);
}
/** Frees it; NULL does nothing. One thread at a time per plot. Since 0.1. */
EST_API void est_plot_free(est_plot *p);

/** How many series there are. Thread-safe. Since 0.1. */
EST_API size_t est_plot_count(const est_plot *p);
/** Series `index`; those of a tag follow each other, loss first. NULL: there is none. Lent by `p`. Thread-safe. Since 0.1. */
EST_API const est_plot_series *est_plot_at(const est_plot *p, size_t index);

/** How plots are written. */
typedef enum est_plot_form {
    EST_PLOT_PICTURE,        /* lines of text, a field for each tag */
    EST_PLOT_JSON,           /* one object: the series and all their points */
    EST_PLOT_HTML            /* a page that needs nothing else: values under the pointer, runs to be hidden, smoothing */
} est_plot_form;
/** Writes all of it. Out: `*text`, UTF-8 as far as tags and paths are; the caller's, est_text_free; NULL after a failure. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_plot_text(const est_plot *p, est_plot_form form, char **text);

#ifdef __cplusplus
}
#endif
#endif
