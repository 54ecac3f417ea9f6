/* Optimizers: ten steps against Keras' numbers, dense and sparse with ids that repeat; names of variables; what is refused. */
#include "nn/optimizers/optimizer.h"
#include "nn/session.h"

typedef struct optimizer_case {
    const char *golden, *name;
    const void *options;
    size_t size;
    const char *hypers, *slots;       /* separated by spaces */
} optimizer_case;

#define WITH(type, ...) &(const type){ __VA_ARGS__ }, sizeof(type)
#define FTRL_HYPERS "learning_rate decay beta l1_regularization_strength l2_regularization_strength learning_rate_power"

#define ADAMW_HYPERS "learning_rate decay beta_1 beta_2 weight_decay"
static const char *const only_w[] = { "^model/w" };
static const est_schedule exponential = { .type = "ExponentialDecay", .initial_learning_rate = 0.3, .decay_steps = 3,
                                          .decay_rate = 0.5 };

static const optimizer_case cases[] = {
    { "ftrl_default", "Ftrl", NULL, 0, FTRL_HYPERS, "accumulator linear" },
    { "ftrl_l1", "Ftrl", WITH(est_ftrl_options, .learning_rate = 0.2, .l1_regularization_strength = 0.3,
                              .l2_regularization_strength = 0.02, .beta = 0.5), FTRL_HYPERS, "accumulator linear" },
    { "ftrl_all", "Ftrl", WITH(est_ftrl_options, .learning_rate = 0.2, .learning_rate_power = -0.6,
                               .initial_accumulator_value = 0.3, .l1_regularization_strength = 0.01,
                               .l2_regularization_strength = 0.02, .l2_shrinkage_regularization_strength = 0.003, .beta = 0.5,
                               .decay = 0.1), FTRL_HYPERS, "accumulator linear" },
    { "ftrl_fixed", "Ftrl", WITH(est_ftrl_options, .learning_rate = 0.2, .learning_rate_power = EST_FTRL_FIXED_RATE,
                                 .initial_accumulator_value = EST_OFF), FTRL_HYPERS, "accumulator linear" },
    { "sgd_default", "SGD", NULL, 0, "learning_rate decay momentum", "" },
    { "sgd_momentum", "SGD", WITH(est_sgd_options, .learning_rate = 0.1, .momentum = 0.9), "learning_rate decay momentum",
      "momentum" },
    { "sgd_nesterov", "SGD", WITH(est_sgd_options, .learning_rate = 0.1, .momentum = 0.8, .nesterov = true, .decay = 0.1),
      "learning_rate decay momentum", "momentum" },
    { "adagrad_default", "Adagrad", NULL, 0, "learning_rate decay", "accumulator" },
    { "adagrad_all", "Adagrad", WITH(est_adagrad_options, .learning_rate = 0.3, .initial_accumulator_value = EST_OFF,
                                     .epsilon = 1e-3, .decay = 0.05), "learning_rate decay", "accumulator" },
    { "adam_default", "Adam", NULL, 0, "learning_rate decay beta_1 beta_2", "m v" },
    { "adam_all", "Adam", WITH(est_adam_options, .learning_rate = 0.1, .beta_1 = 0.8, .beta_2 = 0.95, .epsilon = 1e-4,
                               .decay = 0.1), "learning_rate decay beta_1 beta_2", "m v" },
    { "adam_amsgrad", "Adam", WITH(est_adam_options, .learning_rate = 0.1, .amsgrad = true),
      "learning_rate decay beta_1 beta_2", "m v vhat" },
    { "adamax_default", "Adamax", NULL, 0, "learning_rate decay beta_1 beta_2", "m v" },
    { "adamax_all", "Adamax", WITH(est_adamax_options, .learning_rate = 0.1, .beta_1 = 0.8, .beta_2 = 0.95, .epsilon = 1e-4,
                                   .decay = 0.1), "learning_rate decay beta_1 beta_2", "m v" },
    { "nadam_default", "Nadam", NULL, 0, "learning_rate decay beta_1 beta_2 momentum_cache", "m v" },
    { "nadam_all", "Nadam", WITH(est_nadam_options, .learning_rate = 0.1, .beta_1 = 0.8, .beta_2 = 0.95, .epsilon = 1e-4,
                                 .schedule_decay = 0.1), "learning_rate decay beta_1 beta_2 momentum_cache", "m v" },
    { "rmsprop_default", "RMSprop", NULL, 0, "learning_rate decay rho momentum", "rms" },
    { "rmsprop_centered", "RMSprop", WITH(est_rmsprop_options, .learning_rate = 0.1, .rho = 0.8, .epsilon = 1e-3,
                                          .centered = true, .decay = 0.1), "learning_rate decay rho momentum", "rms mg" },
    { "rmsprop_momentum", "RMSprop", WITH(est_rmsprop_options, .learning_rate = 0.1, .rho = 0.8, .momentum = 0.7,
                                          .epsilon = 1e-3), "learning_rate decay rho momentum", "rms momentum" },
    { "rmsprop_all", "RMSprop", WITH(est_rmsprop_options, .learning_rate = 0.1, .rho = 0.8, .momentum = 0.7, .epsilon = 1e-3,
                                     .centered = true, .decay = 0.1), "learning_rate decay rho momentum", "rms momentum mg" },
    { "sgd_clipvalue", "SGD", WITH(est_sgd_options, .learning_rate = 0.1, .clipvalue = 0.5), "learning_rate decay momentum", "" },
    { "adam_clipnorm", "Adam", WITH(est_adam_options, .learning_rate = 0.1, .clipnorm = 0.7),
      "learning_rate decay beta_1 beta_2", "m v" },
    { "ftrl_global_clipnorm", "Ftrl", WITH(est_ftrl_options, .learning_rate = 0.2, .global_clipnorm = 0.9), FTRL_HYPERS,
      "accumulator linear" },
    { "nadam_clips", "Nadam", WITH(est_nadam_options, .learning_rate = 0.1, .clipvalue = 0.6, .clipnorm = 1.5),
      "learning_rate decay beta_1 beta_2 momentum_cache", "m v" },
    { "rmsprop_loose", "RMSprop", WITH(est_rmsprop_options, .learning_rate = 0.1, .global_clipnorm = 100),
      "learning_rate decay rho momentum", "rms" },
    { "adagrad_schedule", "Adagrad", WITH(est_adagrad_options, .decay = 0.1, .learning_rate_schedule = &exponential), "decay",
      "accumulator" },
    { "adadelta_default", "Adadelta", NULL, 0, "learning_rate decay rho", "accum_grad accum_var" },
    { "adadelta_all", "Adadelta", WITH(est_adadelta_options, .learning_rate = 0.5, .rho = 0.9, .epsilon = 1e-4, .decay = 0.1),
      "learning_rate decay rho", "accum_grad accum_var" },
};

/* Keras' newer ones, and TensorFlow 1's. */
static const optimizer_case others[] = {
    { "adamw_default", "AdamW", NULL, 0, ADAMW_HYPERS, "m v" },
    { "adamw_all", "AdamW", WITH(est_adamw_options, .learning_rate = 0.1, .weight_decay = 0.2, .beta_1 = 0.8, .beta_2 = 0.95,
                                 .epsilon = 1e-4, .global_clipnorm = 2, .exclude_from_weight_decay = { only_w, 1 }), ADAMW_HYPERS, "m v" },
    { "adamw_amsgrad", "AdamW", WITH(est_adamw_options, .learning_rate = 0.1, .weight_decay = 0.05, .beta_2 = 0.95, .amsgrad = true), ADAMW_HYPERS,
      "m v vhat" },
    { "lamb_default", "LAMB", NULL, 0, ADAMW_HYPERS, "m v" },
    { "lamb_all", "LAMB", WITH(est_lamb_options, .learning_rate = 0.1, .weight_decay = 0.2, .beta_1 = 0.8, .beta_2 = 0.95,
                               .epsilon = 1e-4), ADAMW_HYPERS, "m v" },
    { "lamb_excluded", "LAMB", WITH(est_lamb_options, .learning_rate = 0.1, .weight_decay = 0.2,
                                    .exclude_from_weight_decay = { only_w, 1 }), ADAMW_HYPERS, "m v" },
    { "proximal_descent", "ProximalGradientDescent", WITH(est_proximal_gradient_descent_options, .learning_rate = 0.1), "", "" },
    { "proximal_descent_l1", "ProximalGradientDescent",
      WITH(est_proximal_gradient_descent_options, .learning_rate = 0.1, .l1_regularization_strength = 0.2,
           .l2_regularization_strength = 0.1), "", "" },
    { "proximal_adagrad", "ProximalAdagrad", WITH(est_proximal_adagrad_options, .learning_rate = 0.3,
                                                  .l2_regularization_strength = 0.1), "", "accumulator" },
    { "proximal_adagrad_l1", "ProximalAdagrad",
      WITH(est_proximal_adagrad_options, .learning_rate = 0.3, .initial_accumulator_value = 0.5, .l1_regularization_strength = 0.2),
      "", "accumulator" },
};

enum { STEPS = 10, IDS = 5 };

static est_node *variable(est_graph *g, const char *name, const char *key, est_shape shape)
{
    est_tensor *first = golden_tensor(key, EST_FLOAT, shape, 0);
    est_node *value = est_constant(g, first);
    est_tensor_free(first);
    return est_variable(g, name, &(est_variable_options){ .shape = shape, .initial_value = value });
}

/* sum(w * dense) + sum(emb[ids] * rows): the gradients are what is fed. */
static est_node *loss_of(session *s)
{
    est_graph *g = s->g;
    est_node *w = variable(g, "model/w", "optimizer/w0", EST_SHAPE(3, 2));
    est_node *emb = variable(g, "model/emb", "optimizer/emb0", EST_SHAPE(6, 3));
    est_node *dense = session_feed(s, "dense", EST_FLOAT, EST_SHAPE(3, 2));
    est_node *rows = session_feed(s, "rows", EST_FLOAT, EST_SHAPE(-1, 3));
    est_node *ids = session_feed(s, "ids", EST_INT64, EST_SHAPE(-1));
    est_node *gathered = est_op(g, "ResourceGather", NULL, EST_NODES(emb, ids), EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    return est_add(g, est_reduce_sum(g, est_mul(g, est_read(g, w), dense), EST_INTS(0, 1), false),
                   est_reduce_sum(g, est_mul(g, gathered, rows), EST_INTS(0, 1), false));
}

static est_node *global_step_of(est_graph *g)
{
    return est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .shape = EST_SCALAR,
                                                                   .not_trainable = true });
}

static bool take_steps(session *s, est_node *train)
{
    for (int t = 0; t < STEPS; t++) {
        est_tensor *dense = golden_tensor("optimizer/dense", EST_FLOAT, EST_SHAPE(3, 2), 3 * t);
        est_tensor *rows = golden_tensor("optimizer/rows", EST_FLOAT, EST_SHAPE(IDS, 3), IDS * t);
        est_tensor *ids = golden_tensor("optimizer/ids", EST_INT64, EST_SHAPE(IDS), IDS * t);
        int n = session_run(s, (const est_tensor *const[]){ dense, rows, ids }, train, NULL, NULL, 0);
        est_tensor_free(dense);
        est_tensor_free(rows);
        est_tensor_free(ids);
        if (n < 0)
            return false;
    }
    return true;
}

static void check_variable(const session *s, const char *name, const char *key)
{
    const est_tensor *t = session_variable(s, name);
    if (EST_CHECK(t != NULL))
        golden_near(key, t->data, (int)est_shape_elements(&t->shape));
}

/* For each word of `words`. */
#define EACH_WORD(word, words)                                                                                     \
    for (const char *at_ = (words), *word; *at_ && (word = est_test_text("%.*s", (int)strcspn(at_, " "), at_)); \
         at_ += strcspn(at_, " "), at_ += *at_ == ' ')

/* That of Keras, or of TensorFlow 1, where a second one would be …_1. */
static const char *slot_name(const optimizer_case *c, const char *variable, const char *slot)
{
    if (strncmp(c->name, "Proximal", 8) == 0)
        return est_test_text("%s/%s", variable, c->name);
    return est_test_text("training/%s/%s/%s", c->name, variable, slot);
}

static void check_numbers(const session *s, const optimizer_case *c)
{
    static const char *const variables[] = { "w", "emb" };
    for (int i = 0; i < 2; i++) {
        const char *key = est_test_text("%s/%s", c->golden, variables[i]), *name = est_test_text("model/%s", variables[i]);
        check_variable(s, name, key);
        EACH_WORD(slot, c->slots)
            check_variable(s, slot_name(c, name, slot), est_test_text("%s/%s", key, slot));
    }
    const est_tensor *step = session_variable(s, "global_step");
    if (EST_CHECK(step != NULL))
        EST_CHECK_INT(*(const int64_t *)step->data, STEPS);
}

static const char *names_of(const est_graph *g)
{
    const char *all = "";
    for (size_t i = 0; i < g->num_variables; i++) {
        const est__graph_variable *v = &g->variable[i];
        all = est_test_text("%s%s%s ", all, v->name, v->hyper ? "*" : v->trainable ? "+" : "");
    }
    return all;
}

static const char *wanted_names(const optimizer_case *c)
{
    const char *all = "model/w+ model/emb+ global_step ";
    EACH_WORD(hyper, c->hypers)
        all = est_test_text("%straining/%s/%s%s ", all, c->name, hyper, strcmp(hyper, "momentum_cache") == 0 ? "" : "*");
    EACH_WORD(slot, c->slots)
        all = est_test_text("%s%s ", all, slot_name(c, "model/w", slot));
    EACH_WORD(slot, c->slots)
        all = est_test_text("%s%s ", all, slot_name(c, "model/emb", slot));
    return all;
}

static void run_case(const optimizer_case *c)
{
    session s;
    est_optimizer *o;
    EST_NEED_OK(est_optimizer_new(c->name, c->options, c->size, &o));
    EST_CHECK_STR(est_optimizer_name(o), c->name);
    if (session_begin(&s)) {
        est_node *loss = loss_of(&s);
        est_node *train = est_optimizer_minimize(o, s.g, loss, global_step_of(s.g));
        EST_CHECK_STR(names_of(s.g), wanted_names(c));
        if (session_initialize(&s) && take_steps(&s, train))
            check_numbers(&s, c);
    }
    session_end(&s);
    est_optimizer_free(o);
}

static void ten_steps_are_kerass(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i]);
}

static void ten_steps_of_the_others(void)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        run_case(&others[i]);
}

static void hyper_parameters_are_read_from_their_variables(void)
{
    session s;
    est_optimizer *o;
    float before[6];
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &o));
    EST_NEED(session_begin(&s));
    est_node *train = est_optimizer_minimize(o, s.g, loss_of(&s), global_step_of(s.g));
    if (session_initialize(&s)) {
        const est_tensor *w = session_variable(&s, "model/w"), *rate = session_variable(&s, "training/SGD/learning_rate");
        memcpy(before, w->data, sizeof before);
        *(float *)rate->data = 0;
        EST_CHECK(take_steps(&s, train));
        EST_CHECK_BYTES(w->data, sizeof before, before, sizeof before);
    }
    session_end(&s);
    est_optimizer_free(o);
}

static void a_second_one_has_a_number(void)
{
    session s;
    est_optimizer *o;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &o));
    EST_NEED(session_begin(&s));
    est_node *loss = loss_of(&s), *step = global_step_of(s.g);
    est_optimizer_minimize(o, s.g, loss, step);
    est_node *second = est_optimizer_minimize(est_optimizer_retain(o), s.g, loss, step);
    EST_CHECK_STR(names_of(s.g), "model/w+ model/emb+ global_step training/SGD/learning_rate* training/SGD/decay* "
                  "training/SGD/momentum* training/SGD_1/learning_rate* training/SGD_1/decay* training/SGD_1/momentum* ");
    EST_CHECK_STR(est_node_name(second), "training/SGD_1/updates");
    EST_CHECK_OK(est_graph_status(s.g));
    est_optimizer_free(o);
    est_optimizer_free(o);
    session_end(&s);
}

static void a_variable_without_a_gradient_is_left_alone(void)
{
    session s;
    est_optimizer *o;
    EST_NEED_OK(est_adam_optimizer_new(NULL, &o));
    EST_NEED(session_begin(&s));
    est_node *loss = loss_of(&s), *step = global_step_of(s.g);
    est_variable(s.g, "unused", &(est_variable_options){ .shape = EST_SHAPE(2) });
    est_optimizer_minimize(o, s.g, loss, step);
    EST_CHECK(!est_graph_variable(s.g, "training/Adam/unused/m"));
    EST_CHECK(est_graph_variable(s.g, "training/Adam/model/w/m") != NULL);
    est_node *free_loss = est_reduce_sum(s.g, s.feed[0], EST_INTS(0, 1), false);
    est_optimizer_minimize(o, s.g, free_loss, step);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "optimizer 'Adam': the loss depends on no trainable variable (of 3)");
    session_end(&s);
    est_optimizer_free(o);
}

static void bad_options_are_refused(void)
{
    est_optimizer *o;
    EST_CHECK_FAILS(est_optimizer_new("Ftlr", NULL, 0, &o), EST_NOT_FOUND,
                    "unknown optimizer 'Ftlr'; did you mean 'Ftrl'?");
    EST_CHECK(o == NULL);
    EST_CHECK_FAILS(est_optimizer_new("Lion-2", NULL, 0, &o), EST_NOT_FOUND,
                    "unknown optimizer 'Lion-2'; there are Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, LAMB, LinearSDCA, Nadam, "
                    "ProximalAdagrad, ProximalGradientDescent, RMSprop and SGD");
    EST_CHECK_FAILS(est_adamw_optimizer_new((&(est_adamw_options){ .exclude_from_weight_decay = EST_STRINGS("bias", "(x") }), &o),
                    EST_INVALID_ARGUMENT, "optimizer 'AdamW': exclude_from_weight_decay[1] '(x' is no regular expression: "
                    "Unmatched ( or \\(");
    EST_CHECK_FAILS(est_ftrl_optimizer_new((&(est_ftrl_options){ .learning_rate_power = 1 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'Ftrl': learning_rate_power is 1; it must be at most 0");
    EST_CHECK_FAILS(est_ftrl_optimizer_new((&(est_ftrl_options){ .beta = -1 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'Ftrl': beta is -1; it must be at least 0");
    EST_CHECK_FAILS(est_sgd_optimizer_new((&(est_sgd_options){ .momentum = 1.5 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'SGD': momentum is 1.5; it must be at most 1");
    EST_CHECK_FAILS(est_sgd_optimizer_new((&(est_sgd_options){ .clipvalue = -1 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'SGD': clipvalue is -1; it must be above 0");
    EST_CHECK_FAILS(est_sgd_optimizer_new((&(est_sgd_options){ .clipnorm = 1, .global_clipnorm = 2 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'SGD': clipnorm and global_clipnorm are both given; it takes one of them");
    EST_CHECK_FAILS(est_sgd_optimizer_new((&(est_sgd_options){ .learning_rate = 1, .learning_rate_schedule = &exponential }), &o),
                    EST_INVALID_ARGUMENT,
                    "optimizer 'SGD': learning_rate and learning_rate_schedule are both given; it takes one of them");
    EST_CHECK_FAILS(est_sgd_optimizer_new((&(est_sgd_options){ .learning_rate_schedule = &(est_schedule){ .type = "CosineDekay" } }), &o),
                    EST_INVALID_ARGUMENT, "optimizer 'SGD': unknown schedule 'CosineDekay'; did you mean 'CosineDecay'?");
    EST_CHECK_FAILS(est_adam_optimizer_new((&(est_adam_options){ .learning_rate = -2 }), &o), EST_INVALID_ARGUMENT,
                    "optimizer 'Adam': learning_rate is -2; it must be at least 0");
}

/* A whole training graph and a metric, however little memory there is: an error or a graph, never a crash. */
static est_status build_everything(void)
{
    est_graph *g = NULL;
    est_optimizer *o = NULL;
    est_status st = est_graph_new(&g);
    if (st == EST_OK)
        st = est_ftrl_optimizer_new(NULL, &o);
    if (st == EST_OK) {
        est_node *x = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, 3));
        est_node *y = est_placeholder(g, "y", EST_FLOAT, EST_SHAPE(-1, 1));
        est_node *logits = est_dense(g, x, 1, NULL);
        est_node *loss = est_loss_reduce(g, est_sigmoid_cross_entropy(g, y, logits), NULL, NULL);
        est_optimizer_minimize(o, g, loss, global_step_of(g));
        est_metric_auc(g, "auc", y, est_sigmoid(g, logits), NULL, "PR");
        st = est_graph_status(g);
    }
    est_optimizer_free(o);
    est_graph_free(g);
    return st;
}

static void memory_may_end_anywhere(void)
{
    EST_NEED_OK(build_everything());
    est_test_fail_allocation(0);
    EST_NEED_OK(build_everything());
    int64_t all = est_test_fail_allocation(0);
    EST_CHECK(all > 50);
    for (int64_t n = 1; n <= all; n++) {
        est_test_fail_allocation(n);
        est_status st = build_everything();
        est_test_fail_allocation(0);
        if (!EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED))
            break;
    }
}

static void shorthands_are_the_same(void)
{
    est_optimizer *o[8] = { NULL };
    EST_CHECK_OK(est_adadelta_optimizer_new(NULL, &o[0]));
    EST_CHECK_OK(est_adamax_optimizer_new(&(est_adamax_options){ .beta_1 = 0.5 }, &o[1]));
    EST_CHECK_OK(est_nadam_optimizer_new(&(est_nadam_options){ .schedule_decay = EST_OFF }, &o[2]));
    EST_CHECK_OK(est_rmsprop_optimizer_new(&(est_rmsprop_options){ .centered = true }, &o[3]));
    EST_CHECK_OK(est_adamw_optimizer_new(&(est_adamw_options){ .weight_decay = EST_OFF }, &o[4]));
    EST_CHECK_OK(est_lamb_optimizer_new(NULL, &o[5]));
    EST_CHECK_OK(est_proximal_adagrad_optimizer_new(NULL, &o[6]));
    EST_CHECK_OK(est_proximal_gradient_descent_optimizer_new(NULL, &o[7]));
    static const char *const name[] = { "Adadelta", "Adamax", "Nadam", "RMSprop", "AdamW", "LAMB", "ProximalAdagrad",
                                        "ProximalGradientDescent" };
    for (int i = 0; i < 8; i++)
        EST_CHECK_STR(est_optimizer_name(o[i]), name[i]);
    EST_CHECK_NEAR(((const est_adamax_options *)est_optimizer_options(o[1]))->beta_1, 0.5, 0);
    EST_CHECK_NEAR(((const est_nadam_options *)est_optimizer_options(o[2]))->schedule_decay, 0, 0);
    EST_CHECK_NEAR(((const est_rmsprop_options *)est_optimizer_options(o[3]))->rho, 0.9, 0);
    EST_CHECK_NEAR(((const est_adamw_options *)est_optimizer_options(o[4]))->weight_decay, 0, 0);
    for (int i = 0; i < 8; i++)
        est_optimizer_free(o[i]);
}

static void names_have_fields(void)
{
    size_t size, count = 0;
    for (const char *const *name = est_optimizer_names(); *name; name++, count++) {
        const est_field *f = est_optimizer_fields(*name, &size);
        if (EST_CHECK(f != NULL))
            EST_CHECK_STR(f->name, strcmp(*name, "LinearSDCA") == 0 ? "example_id_column" : "learning_rate");
    }
    EST_CHECK_INT(count, 13);
    EST_CHECK(est_optimizer_fields("Ftrl", &size) != NULL);
    EST_CHECK_INT(size, sizeof(est_ftrl_options));
    EST_CHECK(est_optimizer_fields("ftrl", &size) == NULL);
    EST_CHECK(est_optimizer_fields("RMSProp", NULL) == est_optimizer_fields("RMSprop", NULL));
}

EST_SUITE(nn_optimizers, EST_TEST(ten_steps_are_kerass), EST_TEST(ten_steps_of_the_others), EST_TEST(hyper_parameters_are_read_from_their_variables),
          EST_TEST(a_second_one_has_a_number), EST_TEST(a_variable_without_a_gradient_is_left_alone),
          EST_TEST(bad_options_are_refused), EST_TEST(shorthands_are_the_same), EST_TEST(names_have_fields),
          EST_TEST(memory_may_end_anywhere));
