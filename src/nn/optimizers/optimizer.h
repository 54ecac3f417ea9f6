/* Optimizers from inside: a kind is a const struct of functions, a file each; optimizer.c makes the variables and drives it. */
#ifndef EST_NN_OPTIMIZER_H
#define EST_NN_OPTIMIZER_H

#include <estimator/variables.h>

#include "graph/graph.h"
#include "nn/schedules.h"

enum { EST__MAX_SLOTS = 3, EST__MAX_HYPERS = 4, EST__MAX_DERIVED = 8 };

/* A variable beside each trained one, of its shape: training/<Name>/<variable>/<slot>. */
typedef struct est__slot {
    const char *name;
    double initial;
} est__slot;

/* What the updates of all variables share. All nodes are float32 scalars. */
typedef struct est__updates {
    est_graph *g;
    const char *name;                      /* of its variables: "training/<name>/…" */
    const char *variable;                  /* the name of the one that is updated now */
    const void *options;                   /* a field's stand-in for 0 (est_field.zero) is 0 here */
    est_node *iteration;                   /* steps taken before this one */
    est_node *learning_rate;               /* of this step, decayed */
    est_node *hyper[EST__MAX_HYPERS];      /* in the order of the kind's `hypers` */
    est_node *derived[EST__MAX_DERIVED];   /* what the kind's `prepare` makes of them */
    est_node *also;                        /* an update that is no variable's; NULL: none */
} est__updates;

typedef struct est__optimizer_kind {
    const char *name;                      /* Keras' */
    const est_field *fields;
    size_t options_size;
    const char *const *hypers;             /* the fields that are variables, beside learning_rate (unless it has a schedule) and
                                            * decay; ends with NULL */
    bool is_v1;                            /* of TensorFlow 1: slots are <variable>/<Name>, …_1; hyper-parameters are constants, and
                                            * there is no decay */
    const char *decays;                    /* the field behind the variable `decay`; NULL: `decay`, of the learning rate */
    int (*slots)(const void *options, est__slot out[EST__MAX_SLOTS]);   /* returns how many */
    void (*prepare)(est__updates *u);      /* NULL: nothing to derive */
    /* NULL: it says how an estimator trains as a whole; it has fields alone */
    est_node *(*dense)(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient);
    /* `rows` of the slices `ids`, which may repeat. */
    est_node *(*sparse)(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids);
} est__optimizer_kind;

/* The fields that all kinds have; 0 is written as EST_OFF where it is not the default. */
#define EST__LEARNING_RATE_FIELD(type, value)                                                                         \
    EST_FIELD(type, FLOAT, learning_rate, .def = (value), .max = INFINITY, .zero = EST_OFF, .doc = "step size")
#define EST__DECAY_FIELD(type)                                                                                        \
    EST_FIELD(type, FLOAT, decay, .max = INFINITY, .doc = "the learning rate is divided by 1 + decay * step")
#define EST__CLIP_FIELDS(type)                                                                                        \
    EST_FIELD(type, FLOAT, clipnorm, .above_min = true, .max = INFINITY, .doc = "highest norm of each gradient"),      \
    EST_FIELD(type, FLOAT, clipvalue, .above_min = true, .max = INFINITY, .doc = "highest size of each element"),      \
    EST_FIELD(type, FLOAT, global_clipnorm, .above_min = true, .max = INFINITY, .doc = "highest norm of all gradients together")

#define EST__BETA_FIELDS(type)                                                                                        \
    EST_FIELD(type, FLOAT, beta_1, .def = 0.9, .max = 1, .zero = EST_OFF, .doc = "decay of the mean of gradients"),    \
    EST_FIELD(type, FLOAT, beta_2, .def = 0.999, .max = 1, .zero = EST_OFF, .doc = "decay of the mean of squared gradients")
#define EST__EXCLUDE_FIELD(type, member, text)                                                                        \
    EST_FIELD(type, STRINGS, member, .doc = "regular expressions: a variable whose name holds a match " text)

/* What the options say of clipping; 0: not asked for. */
typedef struct est__clipping {
    double value, norm, global_norm;
} est__clipping;
/* Replaces the values of `gradients`; a NULL value stays. All are float32. */
void est__clip_gradients(est_graph *g, const est__clipping *c, est_gradient *gradients, size_t count);

/* Rows of equal ids become one row, their sum, as Keras does before it applies them. */
void est__sum_duplicate_ids(est_graph *g, est_node **rows, est_node **ids);

/* Slots m and v, for kinds that keep two moments. */
int est__moment_slots(const void *options, est__slot out[EST__MAX_SLOTS]);
/* INVALID_ARGUMENT where one of `patterns` is no regular expression; whether one of them is found in `name`. */
est_status est__patterns_check(const char *where, const char *field, est_strings patterns);
bool est__is_matched(est_strings patterns, const char *name);
/* Rows at `ids`, which may repeat, as a gradient of all of the variable. */
est_node *est__spread(est_graph *g, est_node *variable, est_node *rows, est_node *ids);

/* training/<name>/<variable>, a float32 scalar beside the hyper-parameters: its handle. */
est_node *est__optimizer_variable(const est__updates *u, const char *variable, double initial);

/* ---- for kinds that are composed (moments.c); all float32 ---- */
est_node *est__assign(est_graph *g, est_node *variable, est_node *value);
est_node *est__assign_sub(est_graph *g, est_node *variable, est_node *value);
est_node *est__scatter_sub(est_graph *g, est_node *variable, est_node *ids, est_node *rows);
est_node *est__scatter_update(est_graph *g, est_node *variable, est_node *ids, est_node *rows);
est_node *est__rows_of(est_graph *g, est_node *variable, est_node *ids);
/* decay * slot + one_minus_decay * value */
est_node *est__decayed(const est__updates *u, est_node *slot, est_node *decay, est_node *one_minus_decay, est_node *value);
/* The same where `value` is rows at `ids`, each once, and zero elsewhere: the new rows, and the update of the slot. */
typedef struct est__decayed_rows {
    est_node *rows, *update;
} est__decayed_rows;
est__decayed_rows est__decay_rows(const est__updates *u, est_node *slot, est_node *ids, est_node *decay, est_node *one_minus_decay,
                                  est_node *value);

/* The variable's constraint, applied to what `update` has made of it. */
est_node *est__constrain_after(est_graph *g, const est__graph_variable *v, est_node *update);

extern const est__optimizer_kind est__optimizer_adadelta, est__optimizer_adagrad, est__optimizer_adam, est__optimizer_adamax,
    est__optimizer_adamw, est__optimizer_ftrl, est__optimizer_lamb, est__optimizer_linear_sdca, est__optimizer_nadam, est__optimizer_proximal_adagrad,
    est__optimizer_proximal_gradient_descent, est__optimizer_rmsprop, est__optimizer_sgd;

#endif
