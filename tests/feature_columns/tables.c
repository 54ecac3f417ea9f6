/* Tables of embeddings: what they start from (checkpoints, in one piece and in parts), and what a step costs.
 */
#include <estimator/ops.h>

#include "feature_columns/columns.h"
#include "formats/bundle.h"
#include "runtime/frame.h"
#include "trial.h"
#include "support/est_test.h"

static est_tensor view(const float *data, int64_t rows)
{
    return trial_floats(data, EST_SHAPE(rows, 2));
}

/* The table of an embedding_column over 5 ids that starts from `tensor` of the checkpoint. */
static est_status start_from(trial *s, const char *checkpoint, const char *tensor, est_tensor **out)
{
    est_columns *c = est_columns_new();
    est_column *id =
        est_categorical_column_with_identity(c, "id", (&(est_identity_options){ .num_buckets = 5 }));
    est_column *e = est_embedding_column(c, (&(est_embedding_options){ .categorical_column = id,
                                                                       .dimension = 2,
                                                                       .ckpt_to_load_from = checkpoint,
                                                                       .tensor_name_in_ckpt = tensor }));
    est_feature_nodes f = { .name = "id", .value = est_placeholder(s->g, "id", EST_INT64, EST_SHAPE(-1)) };
    est_input_layer(s->g, &(est_features){ &f, 1 }, EST_COLUMNS(e), NULL);
    est_columns_free(c);
    EST_TRY(trial_start(s));
    est_node *table = est_graph_variable(s->g, "input_layer/id_embedding/embedding_weights");
    return trial_step(s, (est_nodes){ 0 }, NULL, EST_NODES(est_read(s->g, table)), (est_nodes){ 0 }, out);
}

static const float rows[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static const char *write_checkpoint(void)
{
    est__bundle_writer *w;
    const char *prefix = est_test_path("model.ckpt-7");
    const est_shape whole = EST_SHAPE(5, 2);
    est_tensor all = view(rows, 5), three = view(rows, 3), two = view(rows + 6, 2);
    EST_TEST_FILE("checkpoint", "model_checkpoint_path: \"model.ckpt-7\"\n");
    EST_CHECK_OK(est__bundle_writer_new(prefix, &w));
    EST_CHECK_OK(est__bundle_add(w, "plain", &all));
    EST_CHECK_OK(est__bundle_add_slice(w, "sliced", &whole, (const int64_t[]){ 0, 0 }, &three));
    EST_CHECK_OK(est__bundle_add_slice(w, "sliced", &whole, (const int64_t[]){ 3, 0 }, &two));
    EST_CHECK_OK(est__bundle_add(w, "parts/part_0", &three));
    EST_CHECK_OK(est__bundle_add(w, "parts/part_1", &two));
    EST_CHECK_OK(est__bundle_add(w, "short", &three));
    EST_CHECK_OK(est__bundle_add(w, "odd/part_0", &three));
    est_tensor flat = trial_floats(rows, EST_SHAPE(4));
    EST_CHECK_OK(est__bundle_add(w, "odd/part_1", &flat));
    est_tensor ints = trial_ints((const int64_t[]){ 1, 2 }, EST_SHAPE(1, 2));
    EST_CHECK_OK(est__bundle_add(w, "ints", &ints));
    EST_CHECK_OK(est__bundle_finish_data(w, NULL));
    EST_CHECK_OK(est__bundle_finish_index(w));
    est__bundle_writer_free(w);
    return prefix;
}

static void tables_start_from_checkpoints(void)
{
    const char *prefix = write_checkpoint();
    static const char *const names[] = { "plain", "sliced", "parts" };
    for (int i = 0; i < 6; i++) { /* by its prefix, and as the newest of its folder */
        trial s;
        est_tensor *table = NULL;
        EST_NEED_OK(trial_open(&s));
        if (EST_CHECK_OK(start_from(&s, i < 3 ? prefix : est_test_dir(), names[i % 3], &table)))
            for (int j = 0; j < 10; j++)
                EST_CHECK_NEAR(((const float *)table->data)[j], rows[j], 0);
        est_tensor_free(table);
        trial_close(&s);
    }
}

static void checkpoints_that_do_not_fit(void)
{
    const char *prefix = write_checkpoint();
    const struct {
        const char *name;
        est_status status;
        const char *message;
    } cases[] = {
        { "none", EST_NOT_FOUND, "there is no 'none' in it" },
        { "ints", EST_INVALID_ARGUMENT, "'ints' is int64, not float" },
        { "odd", EST_INVALID_ARGUMENT, "'odd/part_1' does not continue the parts before it" },
        { "short", EST_INVALID_ARGUMENT, "[3,2]" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial s;
        est_tensor *table = NULL;
        EST_NEED_OK(trial_open(&s));
        EST_CHECK_INT(start_from(&s, prefix, cases[i].name, &table), cases[i].status);
        EST_CHECK(strstr(est_error(), cases[i].message) != NULL);
        trial_close(&s);
    }
}

/* All that a run has of its own, once the sizes are known. */
static size_t bytes_of_run(const est__plan *plan, const est__run *run)
{
    size_t bytes = 0;
    for (size_t v = 0; v < plan->num_values; v++)
        bytes += run->frame.place[v].capacity;
    for (size_t i = 0; i < run->frame.scratch.count; i++)
        bytes += run->frame.scratch.size[i];
    return bytes;
}

static void train_step(int64_t ids, size_t *bytes, int64_t *largest)
{
    trial s;
    est__plan *plan = NULL;
    est__run *run = NULL;
    est_optimizer *o = NULL;
    est_columns *c = est_columns_new();
    est_column *id =
        est_categorical_column_with_identity(c, "id", (&(est_identity_options){ .num_buckets = ids }));
    est_column *e = est_embedding_column(
        c, (&(est_embedding_options){ .categorical_column = id, .dimension = 1, .max_norm = 2 }));
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f = { .name = "id", .value = est_placeholder(s.g, "id", EST_INT64, EST_SHAPE(-1)) };
    est_node *loss = est_reduce_sum(s.g, est_input_layer(s.g, &(est_features){ &f, 1 }, EST_COLUMNS(e), NULL),
                                    EST_ALL_AXES, false);
    est_node *step = est_variable(s.g, "global_step",
                                  &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    EST_CHECK_OK(est_optimizer_new("Adagrad", NULL, 0, &o));
    est_node *update = est_optimizer_minimize(o, s.g, loss, step);
    est_tensor three = trial_ints((const int64_t[]){ 3, 5, 3 }, EST_SHAPE(3));
    const est_tensor *feed = &three;
    *bytes = 0;
    *largest = 0;
    est__plan_options options = { .resources = s.resources,
                                  .feeds = EST_NODES(f.value),
                                  .targets = EST_NODES(update) };
    if (EST_CHECK_OK(est__plan_new(s.g, &options, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        for (size_t i = 0; i < est__resources_count(s.resources); i++) /* zeros will do */
            ((est__variable *)est__resources_at(s.resources, i))->initialized = true;
        for (int i = 0; i < 3; i++)
            EST_CHECK_OK(est__run_step(run, &feed, i));
        *bytes = bytes_of_run(plan, run);
        for (size_t v = 0; v < plan->num_values; v++) {
            int64_t n = est__tensor_elements(&run->frame.tensor[v]);
            *largest = n > *largest ? n : *largest;
        }
    }
    est__run_free(run);
    est__plan_free(plan);
    est_optimizer_free(o);
    trial_close(&s);
    est_columns_free(c);
}

/* A step's memory, and its largest value, are those of its batch, however large the table. */
static void a_step_costs_its_rows(void)
{
    size_t small, large;
    int64_t few, many;
    train_step(10, &small, &few);
    train_step(10 * 1000 * 1000, &large, &many);
    EST_CHECK_INT(large, small);
    EST_CHECK_INT(many, few);
    EST_CHECK(small > 0 && many < 100);
}

EST_SUITE(feature_columns_tables, EST_TEST(tables_start_from_checkpoints),
          EST_TEST(checkpoints_that_do_not_fit), EST_TEST(a_step_costs_its_rows));
