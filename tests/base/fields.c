/* Field tables: defaults, bounds, choices, what is needed, copies. */
#include <math.h>

#include "base/fields.h"
#include "support/est_test.h"

typedef struct options {
    int64_t n_classes;
    double power, rate;
    const char *reduction, *name;
    est_ints hidden_units;
    est_floats dropout;
    est_strings labels;
    est_values vocabulary;
    void *optimizer;
    bool flag;
} options;

static const char *const reductions[] = { "sum", "mean", "sum_over_batch_size", NULL };

static const est_field fields[] = {
    EST_FIELD(options, INT, n_classes, .def = 2, .min = 2),
    EST_FIELD(options, FLOAT, power, .def = -0.5, .min = -INFINITY, .zero = -1e-300),
    EST_FIELD(options, FLOAT, rate, .def = 0.1, .max = 1, .above_min = true, .zero = EST_OFF),
    EST_FIELD(options, STRING, reduction, .def_text = "sum", .choices = reductions),
    EST_FIELD(options, STRING, name, .doc = "a name"),
    EST_FIELD(options, INTS, hidden_units, .min = 1),
    EST_FIELD(options, FLOATS, dropout, .max = 0.5),
    EST_FIELD(options, STRINGS, labels, .doc = "words"),
    EST_FIELD(options, VALUES, vocabulary, .doc = "words or numbers"),
    EST_FIELD(options, OPTIMIZER, optimizer, .doc = "an optimizer"),
    EST_FIELD(options, BOOL, flag, .doc = "a switch"),
    { 0 }
};

static est_status apply(const options *given, options *out)
{
    return est__fields_apply(fields, "Model", given, sizeof *given, out, sizeof *out);
}

static void zero_is_the_default(void)
{
    options o;
    EST_CHECK_OK(est__fields_apply(fields, "Model", NULL, 0, &o, sizeof o));
    EST_CHECK_INT(o.n_classes, 2);
    EST_CHECK_NEAR(o.power, -0.5, 0);
    EST_CHECK_NEAR(o.rate, 0.1, 0);
    EST_CHECK_STR(o.reduction, "sum");
    EST_CHECK(o.name == NULL && o.hidden_units.count == 0 && !o.flag);
}

static void what_is_given_stays(void)
{
    options o;
    int optimizer;
    EST_CHECK_OK(apply(&(options){ .n_classes = 3, .power = -1e-300, .rate = EST_OFF, .reduction = "mean", .name = "x",
                                   .hidden_units = EST_INTS(64, 32), .optimizer = &optimizer, .flag = true }, &o));
    EST_CHECK_INT(o.n_classes, 3);
    EST_CHECK(o.power < 0 && o.power > -1e-200);
    EST_CHECK_NEAR(o.rate, EST_OFF, 0);
    EST_CHECK_STR(o.reduction, "mean");
    EST_CHECK_STR(o.name, "x");
    EST_CHECK_INT(o.hidden_units.data[1], 32);
    EST_CHECK(o.optimizer == &optimizer && o.flag);
}

static void shorter_structs_are_extended(void)
{
    options o, given = { .n_classes = 5, .power = -1 };
    struct { options known; int64_t later; } newer = { .known = { .n_classes = 5 } };
    EST_CHECK_OK(est__fields_apply(fields, "Model", &given, offsetof(options, power), &o, sizeof o));
    EST_CHECK_INT(o.n_classes, 5);
    EST_CHECK_NEAR(o.power, -0.5, 0);
    EST_CHECK_OK(est__fields_apply(fields, "Model", &newer, sizeof newer, &o, sizeof o));
    EST_CHECK_INT(o.n_classes, 5);
    newer.later = 1;
    EST_CHECK_FAILS(est__fields_apply(fields, "Model", &newer, sizeof newer, &o, sizeof o), EST_INVALID_ARGUMENT,
                    "Model: an option is set that this library does not know; it must be as new as its headers");
}

static void bounds_hold(void)
{
    options o;
    EST_CHECK_FAILS(apply(&(options){ .n_classes = 1 }, &o), EST_INVALID_ARGUMENT,
                    "Model: n_classes is 1; it must be at least 2");
    EST_CHECK_FAILS(apply(&(options){ .power = 1 }, &o), EST_INVALID_ARGUMENT, "Model: power is 1; it must be at most 0");
    EST_CHECK_OK(apply(&(options){ .power = -1e9 }, &o));
    EST_CHECK_FAILS(apply(&(options){ .rate = -0.25 }, &o), EST_INVALID_ARGUMENT, "Model: rate is -0.25; it must be above 0");
    EST_CHECK_FAILS(apply(&(options){ .rate = 1.5 }, &o), EST_INVALID_ARGUMENT, "Model: rate is 1.5; it must be at most 1");
    EST_CHECK_FAILS(apply(&(options){ .rate = (double)NAN }, &o), EST_INVALID_ARGUMENT,
                    "Model: rate is nan; it must be a number");
    EST_CHECK_FAILS(apply(&(options){ .hidden_units = EST_INTS(8, 0) }, &o), EST_INVALID_ARGUMENT,
                    "Model: hidden_units[1] is 0; it must be at least 1");
    EST_CHECK_FAILS(apply(&(options){ .dropout = EST_FLOATS(0.9) }, &o), EST_INVALID_ARGUMENT,
                    "Model: dropout[0] is 0.9; it must be at most 0.5");
}

static void choices_are_named(void)
{
    options o;
    EST_CHECK_FAILS(apply(&(options){ .reduction = "mode" }, &o), EST_INVALID_ARGUMENT,
                    "Model: reduction is 'mode'; it must be 'sum', 'mean' or 'sum_over_batch_size'");
    EST_CHECK_FAILS(apply(&(options){ .reduction = "meen" }, &o), EST_INVALID_ARGUMENT,
                    "Model: reduction is 'meen'; it must be 'sum', 'mean' or 'sum_over_batch_size'; did you mean 'mean'?");
}

static void broken_lists_are_refused(void)
{
    options o;
    EST_CHECK_FAILS(apply(&(options){ .hidden_units = { NULL, 3 } }, &o), EST_INVALID_ARGUMENT,
                    "Model: hidden_units has a count of 3, and no data");
    EST_CHECK_FAILS(apply(&(options){ .labels = EST_STRINGS("a", NULL) }, &o), EST_INVALID_ARGUMENT,
                    "Model: labels[1] is NULL; it must be a string");
    EST_CHECK_FAILS(apply(&(options){ .vocabulary = { EST_STRINGS("a"), EST_INTS(1) } }, &o), EST_INVALID_ARGUMENT,
                    "Model: vocabulary has strings and integers; it must have one kind");
}

static void needed_ones_are_missed(void)
{
    static const est_field needed[] = {
        EST_FIELD(options, INTS, hidden_units, .needed = true, .min = 1, .doc = "units of each hidden layer"),
        EST_FIELD(options, OPTIMIZER, optimizer, .needed = true),
        { 0 }
    };
    options o;
    EST_CHECK_FAILS(est__fields_apply(needed, "DNNClassifier", NULL, 0, &o, sizeof o), EST_INVALID_ARGUMENT,
                    "DNNClassifier: hidden_units is missing: units of each hidden layer");
    options given = { .hidden_units = EST_INTS(1) };
    EST_CHECK_FAILS(est__fields_apply(needed, "DNNClassifier", &given, sizeof given, &o, sizeof o), EST_INVALID_ARGUMENT,
                    "DNNClassifier: optimizer is missing");
}

static void copies_are_deep(void)
{
    char name[] = "first", label[] = "yes", word[] = "word";
    int64_t units[] = { 1, 2, 3 };
    const char *labels[] = { label, "no" }, *words[] = { word };
    est__arena arena = { 0 };
    options o = { .name = name, .hidden_units = { units, 3 }, .labels = { labels, 2 }, .vocabulary.strings = { words, 1 } };
    EST_CHECK_OK(est__fields_copy(fields, &o, &arena));
    name[0] = label[0] = word[0] = '?';
    labels[1] = NULL;
    units[2] = 0;
    EST_CHECK_STR(o.name, "first");
    EST_CHECK_STR(o.labels.data[0], "yes");
    EST_CHECK_STR(o.labels.data[1], "no");
    EST_CHECK_STR(o.vocabulary.strings.data[0], "word");
    EST_CHECK_INT(o.hidden_units.data[2], 3);
    EST_CHECK(o.dropout.data == NULL && o.reduction == NULL);
    est_test_fail_allocation(1);
    est__arena none = { 0 };
    EST_CHECK_INT(est__fields_copy(fields, &o, &none), EST_RESOURCE_EXHAUSTED);
    est_test_fail_allocation(0);
    est__arena_free(&none);
    est__arena_free(&arena);
}

EST_SUITE(base_fields, EST_TEST(zero_is_the_default), EST_TEST(what_is_given_stays), EST_TEST(shorter_structs_are_extended),
          EST_TEST(bounds_hold), EST_TEST(choices_are_named), EST_TEST(broken_lists_are_refused),
          EST_TEST(needed_ones_are_missed), EST_TEST(copies_are_deep));
