/* Field tables: one table describes an options struct, and fills its defaults, checks its ranges, reads its
 * YAML and prints its help. */
#ifndef ESTIMATOR_FIELDS_H
#define ESTIMATOR_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <estimator/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a field holds, in C and in YAML. */
typedef enum est_field_type {
    EST_FIELD_END,          /* ends a table */
    EST_FIELD_BOOL,         /* bool; YAML true or false */
    EST_FIELD_INT,          /* int64_t */
    EST_FIELD_FLOAT,        /* double */
    EST_FIELD_STRING,       /* const char *; with `choices`, one of them */
    EST_FIELD_INTS,         /* est_ints; a single number will do */
    EST_FIELD_FLOATS,       /* est_floats; likewise */
    EST_FIELD_STRINGS,      /* est_strings; likewise */
    EST_FIELD_VALUES,       /* est_values: a list of strings or of integers (a vocabulary) */
    EST_FIELD_NORMALIZER,   /* est_normalizer: {mean, std}, {min, max} or log1p */
    EST_FIELD_COLUMN,       /* est_column * */
    EST_FIELD_COLUMNS,      /* est_column_list */
    EST_FIELD_OPTIMIZER,    /* est_optimizer *: NAME, or {type: NAME, …} */
    EST_FIELD_HEAD,         /* est_head * */
    EST_FIELD_HEADS,        /* est_head_list */
    EST_FIELD_CROSS_KEYS,   /* est_cross_keys: a list of names and columns */
    EST_FIELD_INITIALIZER,  /* est_initializer: NAME, or {type: NAME, …} */
    EST_FIELD_SCHEDULE,     /* const est_schedule *: {type: NAME, …} */
    EST_FIELD_WARM_START,   /* const est_warm_start_settings *: a path, or {ckpt_to_initialize_from: PATH, …} */
    EST_FIELD_MAP,          /* const void *: a map from names to values, as the configuration has it */
    EST_FIELD_PARTITIONER   /* est_partitioner: NAME, or {type: NAME, …} */
} est_field_type;

/** A vocabulary: strings, or integers when `strings` is empty. */
typedef struct est_values {
    est_strings strings;
    est_ints ints;
} est_values;

struct est_column;
/** One key of a cross: the name of a feature, or a column. */
typedef struct est_cross_key {
    const char *name;
    struct est_column *column;
} est_cross_key;
/** Keys of a cross: EST_CROSS_KEYS({ .name = "education" }, { .column = age }). */
typedef struct est_cross_keys {
    const est_cross_key *data;
    size_t count;
} est_cross_keys;
#ifndef __cplusplus
#define EST_CROSS_KEYS(...) \
    ((est_cross_keys){ (const est_cross_key[]){ __VA_ARGS__ }, sizeof((est_cross_key[]){ __VA_ARGS__ }) / sizeof(est_cross_key) })
#endif

/** An initializer by name, with the parameters of tf.keras.initializers. A name may also be written in small
 *  letters: "truncated_normal". */
typedef struct est_initializer {
    const char *type;          /* NULL: what the taker has by default */
    double value;              /* Constant */
    double mean, stddev;       /* RandomNormal, TruncatedNormal; stddev 0.05 */
    double minval, maxval;     /* RandomUniform; both 0: -0.05 and 0.05 */
    double scale;              /* VarianceScaling; 1 */
    const char *mode;          /* VarianceScaling: "fan_in" (default), "fan_out", "fan_avg" */
    const char *distribution;  /* VarianceScaling: "truncated_normal" (default), "untruncated_normal", "uniform" */
    double gain;               /* Identity, Orthogonal; 1 */
    int64_t seed;              /* of random ones: TensorFlow's own numbers for that seed of a tf.keras.initializers object, in
                                * whichever variable; 0: the run's seed and the variable's name */
} est_initializer;

/** A learning rate that changes from step to step, by its name in tf.keras.optimizers.schedules, with that one's
 *  parameters; or "LinearWarmup", which rises in a line to where another one, or a number, goes on. EST_OFF
 *  stands for a 0 that is meant, where 0 is not the default. */
typedef struct est_schedule {
    const char *type;
    double initial_learning_rate;   /* of all but PiecewiseConstantDecay and LinearWarmup: needed */
    double decay_steps;             /* Exponential-, InverseTime-, Polynomial-, CosineDecay: needed */
    double decay_rate;              /* ExponentialDecay, InverseTimeDecay: needed */
    bool staircase;                 /* ExponentialDecay, InverseTimeDecay: at whole multiples of decay_steps */
    est_ints boundaries;            /* PiecewiseConstantDecay: values[i] up to and with step boundaries[i] */
    est_floats values;              /* … one more than boundaries */
    double end_learning_rate;       /* PolynomialDecay; 0.0001 */
    double power;                   /* PolynomialDecay; 1 */
    bool cycle;                     /* PolynomialDecay: up again after decay_steps */
    double alpha;                   /* CosineDecay, CosineDecayRestarts: the least, as a share; 0 */
    double warmup_target;           /* CosineDecay: where its warm-up ends; 0: it has none */
    double warmup_steps;            /* CosineDecay: 0; LinearWarmup: needed */
    double first_decay_steps;       /* CosineDecayRestarts: needed */
    double t_mul, m_mul;            /* CosineDecayRestarts: how much longer, higher each time is; 2, 1 */
    double warmup_learning_rate;    /* LinearWarmup: at step 0; 0 */
    double learning_rate;           /* LinearWarmup: what follows, a number or a schedule, is needed */
    const struct est_schedule *learning_rate_schedule;
} est_schedule;
/** One member of an options struct. Tables are constant and end with EST_FIELD_END; any thread may read them.
 *  Since 0.1. */
typedef struct est_field {
    const char *name;                 /* of the member, and the YAML key; a key that may be a number or a map has a
                                         row for each, one after the other, and the map's is the second */
    est_field_type type;
    size_t offset;                    /* of the member, in bytes */
    bool needed;                      /* has no default */
    double def;                       /* default of a number */
    const char *def_text;             /* default of a string, or what the help says where no number tells it */
    double min, max;                  /* bounds of numbers; both 0: none; max 0 with min set: no upper bound;
                                         min -INFINITY: no lower bound, and a max of 0 holds */
    bool above_min;                   /* the bound itself is out: (min, … */
    double zero;                      /* what a written YAML 0 becomes in the struct, where 0 there means "default"; e.g. EST_OFF.
                                         NAN, of a list: its numbers may be NaN */
    bool negated;                     /* BOOL: the member is true where the key is false: EST_FIELD_NOT */
    const char *const *choices;       /* NULL-terminated */
    const char *doc;                  /* meaning, in a few words */
} est_field;

/* A row of a table: EST_FIELD(est_sgd_options, FLOAT, learning_rate, .def = 0.01, .doc = "step size"). C
 * alone. */
#define EST_FIELD(struct_type, field_type, member, ...) \
    { .name = #member, .type = EST_FIELD_##field_type, .offset = offsetof(struct_type, member), __VA_ARGS__ }

/* A bool that is true by default, for a member that says the contrary: EST_FIELD_NOT(est_embedding_options,
 * "trainable", not_trainable). C alone. */
#define EST_FIELD_NOT(struct_type, key, member, ...) \
    { .name = (key), .type = EST_FIELD_BOOL, .offset = offsetof(struct_type, member), .def = 1, .negated = true, __VA_ARGS__ }

#ifdef __cplusplus
}
#endif
#endif
