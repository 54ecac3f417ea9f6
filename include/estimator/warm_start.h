/* Warm start: a new model begins with the variables of one that was trained before (tf.estimator.WarmStartSettings). */
#ifndef ESTIMATOR_WARM_START_H
#define ESTIMATOR_WARM_START_H

#include <estimator/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A matrix whose rows or columns stand for words: which words it had, and which it has now
 *  (tf.estimator.VocabInfo). A word that both have takes its old values along. */
typedef struct est_vocab_info {
    const char *variable;               /* needed: its name in the new model, of a float32 matrix */
    const char *new_vocab, *old_vocab;  /* needed: text files, a word a line */
    int64_t new_vocab_size;             /* needed: words of new_vocab that count */
    int64_t num_oov_buckets;            /* 0: rows or columns after the words, which start anew */
    int64_t old_vocab_size;             /* words of old_vocab that count; 0: all */
    est_initializer backup_initializer; /* of what is new; type NULL: zeros */
    int64_t axis;                       /* 0: rows are words; 1: columns are */
} est_vocab_info;
/** Infos of several variables: EST_VOCAB_INFOS({ .variable = …, … }, …). */
typedef struct est_vocab_infos {
    const est_vocab_info *data;
    size_t count;
} est_vocab_infos;

/** A variable of the new model that had another name before. */
typedef struct est_prev_var_name {
    const char *name, *prev_name;
} est_prev_var_name;
/** Several of them: EST_PREV_VAR_NAMES({ "linear/linear_model/age/weights", "age/w" }, …). */
typedef struct est_prev_var_names {
    const est_prev_var_name *data;
    size_t count;
} est_prev_var_names;
#ifndef __cplusplus
#define EST_VOCAB_INFOS(...) \
    ((est_vocab_infos){ (const est_vocab_info[]){ __VA_ARGS__ }, sizeof((est_vocab_info[]){ __VA_ARGS__ }) / sizeof(est_vocab_info) })
#define EST_PREV_VAR_NAMES(...)                                    \
    ((est_prev_var_names){ (const est_prev_var_name[]){ __VA_ARGS__ }, \
                           sizeof((est_prev_var_name[]){ __VA_ARGS__ }) / sizeof(est_prev_var_name) })
#endif

/** Where variables come from when the model directory holds no checkpoint (tf.estimator.WarmStartSettings). Regular
 *  expressions are POSIX extended ones, and are matched from the beginning of a variable's name on, as re.match does. */
typedef struct est_warm_start_settings {
    /* needed: a checkpoint's prefix, a folder with checkpoints (the newest is taken), or a SavedModel's folder */
    const char *ckpt_to_initialize_from;
    /* ".*": which of the trained variables; "": none but those of var_name_to_vocab_info */
    const char *vars_to_warm_start;
    /* instead: which of all variables, optimizers' slots and moving averages too; one expression must match */
    est_strings all_vars_to_warm_start;
    est_vocab_infos var_name_to_vocab_info;
    est_prev_var_names var_name_to_prev_var_name;
} est_warm_start_settings;

/** The fields of est_warm_start_settings, without its last three, and of est_vocab_info; `size` (may be NULL) gets the
 *  struct's. Constant. Thread-safe. Since 0.1. */
EST_API const est_field *est_warm_start_settings_fields(size_t *size);
EST_API const est_field *est_vocab_info_fields(size_t *size);

#ifdef __cplusplus
}
#endif
#endif
