/* Object-based checkpoints (tf.train.Checkpoint): the values of a graph of named objects, found again by the names of its edges and not
 * by those of variables. TensorFlow reads them, and they TensorFlow's, where the objects are named alike. */
#ifndef ESTIMATOR_OBJECT_CHECKPOINT_H
#define ESTIMATOR_OBJECT_CHECKPOINT_H

#include <estimator/checkpoint.h>
#include <estimator/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the objects ---- */

/** A graph of objects, and what it takes to save and restore it (tf.train.Checkpoint). One thread at a time per checkpoint and its
 *  session. */
typedef struct est_object_checkpoint est_object_checkpoint;
/** One object: a variable, a layer, an optimizer, or whatever holds such (tf.Module). Lent by its checkpoint. The functions that add
 *  objects stick: the first error is kept, and told by whatever saves or restores. They never return NULL. */
typedef struct est_trackable est_trackable;

/** A checkpoint of objects whose variables `session` holds, which lives longer; NULL: there are tensors alone.
 *  Out: the caller's, est_object_checkpoint_free. Since 0.1. */
EST_API est_status est_object_checkpoint_new(est_session *session, est_object_checkpoint **out);
/** Frees it with its objects; NULL does nothing. Since 0.1. */
EST_API void est_object_checkpoint_free(est_object_checkpoint *c);
/** The first error of a function that adds objects (its text becomes est_error()), or EST_OK. Since 0.1. */
EST_API est_status est_object_checkpoint_status(const est_object_checkpoint *c);
/** The object that the names of the others begin at: tf.train.Checkpoint(step=…, net=…) has the children "step" and "net". Since 0.1. */
EST_API est_trackable *est_object_checkpoint_root(est_object_checkpoint *c);

/** The child `name` of `parent`: an object without a value of its own, made where it is not there yet. Since 0.1. */
EST_API est_trackable *est_trackable_child(est_trackable *parent, const char *name);
/** A variable of the session's graph (its handle) as child `name` of `parent`. A variable may be the child of several objects, and is saved
 *  once. Errors, sticking: INVALID_ARGUMENT: it is no variable; ALREADY_EXISTS: `parent` has another child of that name. Since 0.1. */
EST_API est_trackable *est_trackable_variable(est_trackable *parent, const char *name, est_node *variable);
/** The same of a tensor of the caller's, which is written to by a restore, and lives as long as the checkpoint. Errors, sticking: as
 *  est_trackable_variable; INVALID_ARGUMENT: a tensor of strings. Since 0.1. */
EST_API est_trackable *est_trackable_tensor(est_trackable *parent, const char *name, est_tensor *value);
/** A layer as child `name` of `parent`: every variable "<scope>/a/b" that the session's graph has by now is "b" of "a" of it (est_dense
 *  named "l1" has the scope "l1"; Keras' Dense has the same "kernel" and "bias"). A later call adds what came since.
 *  Errors, sticking: NOT_FOUND: there is no variable in that scope. Since 0.1. */
EST_API est_trackable *est_trackable_layer(est_trackable *parent, const char *name, const char *scope);
/** An optimizer as child `name` of `parent`: "<scope>/x" is its variable "x", "<scope>/<variable>/m" the slot "m" of a variable that is
 *  tracked, before or after. The scope of est_optimizer_minimize is "training/<Name>" (tf.keras.optimizers.legacy). Where it counts in a
 *  global step, that is to be made its variable "iter".
 *  Errors, sticking: NOT_FOUND: there is no variable in that scope. Since 0.1. */
EST_API est_trackable *est_trackable_optimizer(est_trackable *parent, const char *name, const char *scope);
/** A further name for an object: an edge from `parent` to `child`, which may lead back. Errors, sticking: ALREADY_EXISTS: `parent` has
 *  another child of that name; INVALID_ARGUMENT: an object of another checkpoint. Since 0.1. */
EST_API void est_trackable_edge(est_trackable *parent, const char *name, est_trackable *child);
/** A slot of one's own: `slot`, a variable's handle, is slot `name` of `variable` under `optimizer`. Errors, sticking: INVALID_ARGUMENT: no
 *  variables. Since 0.1. */
EST_API void est_trackable_slot(est_trackable *optimizer, est_trackable *variable, const char *name, est_node *slot);

/* ---- saving ---- */

/** Adds 1 to the child "save_counter" of the root, which is there from the first save or restore on, writes
 *  <file_prefix>-<save_counter>.index and .data-00000-of-00001, and names it in the folder's file `checkpoint`, for
 *  est_latest_checkpoint (tf.train.Checkpoint.save). Folders are made.
 *  Out: `path`, NULL or the prefix that was written, at most `capacity` bytes.
 *  Errors: what sticks; the session's; the file system's; RESOURCE_EXHAUSTED: capacity is too small. Since 0.1. */
EST_API est_status est_object_checkpoint_save(est_object_checkpoint *c, const char *file_prefix, char *path, size_t capacity);
/** Writes <path>.index and .data-00000-of-00001 alone (tf.train.Checkpoint.write). Since 0.1. */
EST_API est_status est_object_checkpoint_write(est_object_checkpoint *c, const char *path);

/* ---- restoring ---- */

/** Restores the checkpoint of prefix `path` (tf.train.Checkpoint.restore): objects are matched from the root on, by the names of edges. What
 *  only one side has is left alone; est_object_checkpoint_assert_consumed tells of it. Objects that are added later get their values then
 *  (deferred restoration), until another restore.
 *  Errors: what sticks; NOT_FOUND; DATA_LOSS; FAILED_PRECONDITION: it is no object-based checkpoint; INVALID_ARGUMENT: a value of another
 *  dtype or shape than its variable: names the object and both. No value changes before all are known to fit. Since 0.1. */
EST_API est_status est_object_checkpoint_restore(est_object_checkpoint *c, const char *path);
/** EST_OK when, at the last restore and since, every variable here got a value and every value of the checkpoint its variable
 *  (CheckpointLoadStatus.assert_consumed). Errors: FAILED_PRECONDITION: names those that did not; nothing was restored. Since 0.1. */
EST_API est_status est_object_checkpoint_assert_consumed(est_object_checkpoint *c);
/** The same of the variables here alone (assert_existing_objects_matched). Since 0.1. */
EST_API est_status est_object_checkpoint_assert_existing_objects_matched(est_object_checkpoint *c);
/** EST_OK when any value was matched (assert_nontrivial_match). Since 0.1. */
EST_API est_status est_object_checkpoint_assert_nontrivial_match(est_object_checkpoint *c);
/** A report of the last restore: keys of the checkpoint that no object has taken, "net/l2/bias/.ATTRIBUTES/VARIABLE_VALUE"; and variables
 *  here that got no value, by their own keys. Lent until the next call on `c`. Errors: FAILED_PRECONDITION: nothing was restored. Since 0.1. */
EST_API est_status est_object_checkpoint_unused_keys(est_object_checkpoint *c, est_strings *keys);
EST_API est_status est_object_checkpoint_missing_keys(est_object_checkpoint *c, est_strings *keys);

/* ---- several of them ---- */

/** Saves a checkpoint over and over, and keeps the newest ones (tf.train.CheckpointManager). One thread at a time per manager and its
 *  checkpoint. */
typedef struct est_checkpoint_manager est_checkpoint_manager;
typedef struct est_checkpoint_manager_options {
    const char *checkpoint_name;                /* "ckpt": files are <directory>/ckpt-<save_counter> */
    double keep_checkpoint_every_n_hours;       /* 0: none; one in so many hours stays for ever */
} est_checkpoint_manager_options;
/** A manager of `directory`, which is made by the first save; the checkpoints that its file `checkpoint` lists are managed on.
 *  In: `c`, which lives longer; `max_to_keep`, EST_OFF: all. Errors: INVALID_ARGUMENT: max_to_keep 0; DATA_LOSS: the file. Out: the
 *  caller's, est_checkpoint_manager_free. Since 0.1. */
EST_API est_status est_checkpoint_manager_new_sized(est_object_checkpoint *c, const char *directory, int64_t max_to_keep,
                                                    const est_checkpoint_manager_options *options, size_t size,
                                                    est_checkpoint_manager **out);
static inline est_status est_checkpoint_manager_new(est_object_checkpoint *c, const char *directory, int64_t max_to_keep,
                                                    const est_checkpoint_manager_options *options, est_checkpoint_manager **out)
{
    return est_checkpoint_manager_new_sized(c, directory, max_to_keep, options, options ? sizeof *options : 0, out);
}
/** Frees it; its files stay. NULL does nothing. Since 0.1. */
EST_API void est_checkpoint_manager_free(est_checkpoint_manager *m);
/** Saves the next one, and removes those that are too many. Errors: as est_object_checkpoint_save. Since 0.1. */
EST_API est_status est_checkpoint_manager_save(est_checkpoint_manager *m);
/** The prefix of the newest; NULL: none. Lent until the next save. Since 0.1. */
EST_API const char *est_checkpoint_manager_latest_checkpoint(const est_checkpoint_manager *m);
/** The prefixes of those that are kept, oldest first. Lent until the next save. Since 0.1. */
EST_API est_strings est_checkpoint_manager_checkpoints(const est_checkpoint_manager *m);
/** Restores the newest, where there is one; `restored` may be NULL (tf.train.CheckpointManager.restore_or_initialize). Errors: as
 *  est_object_checkpoint_restore. Since 0.1. */
EST_API est_status est_checkpoint_manager_restore_or_initialize(est_checkpoint_manager *m, bool *restored);

/* ---- looking into one ---- */

/** The name that the variable under key `name` had in the program that saved it, "net/dense/kernel" of
 *  "net/l1/kernel/.ATTRIBUTES/VARIABLE_VALUE"; NULL: none is known. est_checkpoint_read takes such a name too, where one variable alone has
 *  it. Lent by `c`. Thread-safe. Since 0.1. */
EST_API const char *est_checkpoint_full_name(const est_checkpoint *c, const char *name);

#ifdef __cplusplus
}
#endif
#endif
