/* The run configuration's table. */
#include <math.h>
#include <stddef.h>

#include <estimator/run_config.h>

static const char *const devices[] = { "auto", "cpu", "cuda", NULL };
static const char *const strategies[] = { "one_device", NULL };

static const char *const protocols[] = { "grpc", "grpc+verbs", NULL };

static const est_field fields[] = {
    EST_FIELD(est_run_config, STRING, model_dir, .def_text = NULL, .doc = "where checkpoints, events and exports lie"),
    EST_FIELD(est_run_config, INT, tf_random_seed, .def = 1, .doc = "of initial values and shuffling"),
    EST_FIELD(est_run_config, INT, save_summary_steps, .def = 100, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "steps between summaries; 0: none"),
    EST_FIELD(est_run_config, INT, save_checkpoints_steps, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "steps between checkpoints; absent: by time"),
    EST_FIELD(est_run_config, INT, save_checkpoints_secs, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "seconds between checkpoints; 600 where neither is given"),
    EST_FIELD(est_run_config, INT, keep_checkpoint_max, .def = 5, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "how many checkpoints stay; 0: all"),
    EST_FIELD(est_run_config, INT, log_step_count_steps, .def = 100, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "steps between log lines; 0: none"),
    EST_FIELD(est_run_config, INT, num_threads, .min = 0, .max = 4096, .doc = "threads for kernels; 0: all cores"),
    EST_FIELD(est_run_config, STRING, device, .def_text = "auto", .choices = devices, .doc = "where kernels run"),
    EST_FIELD(est_run_config, STRING, distribution_strategy, .def_text = "one_device", .choices = strategies,
              .doc = "how many devices train, and how they agree"),
    EST_FIELD(est_run_config, INT, num_replicas, .def = 1, .min = 1, .max = 1, .doc = "replicas on this host"),
    EST_FIELD(est_run_config, FLOAT, keep_checkpoint_every_n_hours, .def = 10000, .min = 0, .max = INFINITY, .above_min = true,
              .doc = "beside the newest ones, one checkpoint in so many hours stays"),
    EST_FIELD_NOT(est_run_config, "checkpoint_save_graph_def", no_checkpoint_graph_def, .doc = "write graph.pbtxt"),
    EST_FIELD(est_run_config, STRING, eval_distribute, .def_text = "one_device", .choices = strategies, .doc = "likewise, of evaluations"),
    EST_FIELD(est_run_config, STRING, protocol, .choices = protocols, .doc = "between tasks of a cluster"),
    EST_FIELD(est_run_config, INT, experimental_max_worker_delay_secs, .def = 60, .min = EST_OFF, .max = 1e18, .zero = EST_OFF,
              .doc = "how long a worker may wait before it begins"),
    EST_FIELD(est_run_config, INT, session_creation_timeout_secs, .def = 7200, .min = 1, .max = 1e18, .doc = "how long a worker waits for the chief"),
    EST_FIELD(est_run_config, INT, max_event_file_bytes, .def = 128 << 20, .min = EST_OFF, .max = 1e15, .zero = EST_OFF,
              .doc = "an event file that reaches it is ended; 0: never"),
    EST_FIELD(est_run_config, INT, max_event_total_bytes, .def = 1 << 30, .min = EST_OFF, .max = 1e15, .zero = EST_OFF,
              .doc = "the oldest event files of a folder go when all hold more; 0: never"),
    { 0 },
};

const est_field *est_run_config_fields(size_t *size)
{
    if (size)
        *size = sizeof(est_run_config);
    return fields;
}
