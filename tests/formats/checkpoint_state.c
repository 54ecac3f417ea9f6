/* The file `checkpoint`: TensorFlow's, other spellings of it, damage. */
#include "formats/checkpoint_state.h"

#include "support/est_test.h"

static est_status parse(const char *text, est__checkpoint_state *s)
{
    return est__checkpoint_state_parse("dir", text, strlen(text), "checkpoint", s);
}

static void reads_tensorflows(void)
{
    est__checkpoint_state s;
    EST_NEED_OK(est__checkpoint_state_read(EST_TEST_DATA("tests/golden/formats"), &s));
    EST_CHECK_STR(s.model_checkpoint_path, EST_TEST_DATA("tests/golden/formats/model.ckpt-7"));
    EST_NEED(EST_CHECK_INT(s.count, 3));
    EST_CHECK_STR(est__base_name(s.all_model_checkpoint_paths[0]), "model.ckpt-0");
    EST_CHECK_STR(est__base_name(s.all_model_checkpoint_paths[1]), "it's \"odd\"\n");
    EST_CHECK_INT(s.timestamp_count, 0);
    est__checkpoint_state_free(&s);
}

static void writes_tensorflows(void)
{
    char *ours, *theirs, *paths[] = { "model.ckpt-0", "it's \"odd\"\n", "model.ckpt-7" };
    size_t n, m;
    est__checkpoint_state s = { .model_checkpoint_path = "model.ckpt-7",
                                .all_model_checkpoint_paths = paths,
                                .count = 3 };
    EST_NEED_OK(est__checkpoint_state_write(est_test_dir(), &s));
    EST_NEED_OK(est__file_read(est_test_path("checkpoint"), 0, &ours, &n));
    EST_NEED_OK(est__file_read(EST_TEST_DATA("tests/golden/formats/checkpoint"), 0, &theirs, &m));
    EST_CHECK_BYTES(ours, n, theirs, m);
    est__free(ours);
    est__free(theirs);
}

static void keeps_timestamps(void)
{
    char *paths[] = { "/abs/model.ckpt-1" };
    double times[] = { 1700000000.25 };
    est__checkpoint_state got, s = { .model_checkpoint_path = paths[0],
                                     .all_model_checkpoint_paths = paths,
                                     .count = 1,
                                     .all_model_checkpoint_timestamps = times,
                                     .timestamp_count = 1,
                                     .last_preserved_timestamp = 1700000000 };
    char *text;
    size_t n;
    EST_NEED_OK(est__checkpoint_state_write(est_test_dir(), &s));
    EST_NEED_OK(est__file_read(est_test_path("checkpoint"), 0, &text, &n));
    EST_CHECK_STR(
        text,
        "model_checkpoint_path: \"/abs/model.ckpt-1\"\nall_model_checkpoint_paths: \"/abs/model.ckpt-1\"\n"
        "all_model_checkpoint_timestamps: 1700000000.25\nlast_preserved_timestamp: 1700000000.0\n");
    est__free(text);
    EST_NEED_OK(est__checkpoint_state_read(est_test_dir(), &got));
    EST_CHECK_STR(got.model_checkpoint_path, "/abs/model.ckpt-1");
    EST_NEED(EST_CHECK_INT(got.timestamp_count, 1));
    EST_CHECK_NEAR(got.all_model_checkpoint_timestamps[0], 1700000000.25, 0);
    EST_CHECK_NEAR(got.last_preserved_timestamp, 1700000000, 0);
    est__checkpoint_state_free(&got);
}

static void takes_other_spellings(void)
{
    est__checkpoint_state s;
    EST_CHECK_OK(parse("# a comment\nmodel_checkpoint_path :'a' \"\\x62\\143\" ; later_field: SOMETHING\n"
                       "all_model_checkpoint_paths: \"\\303\\251\\?\", last_preserved_timestamp: 1e3", &s));
    EST_CHECK_STR(s.model_checkpoint_path, "dir/abc");
    EST_CHECK(s.count == 1 && strcmp(s.all_model_checkpoint_paths[0], "dir/\303\251?") == 0);
    EST_CHECK_NEAR(s.last_preserved_timestamp, 1000, 0);
    est__checkpoint_state_free(&s);
    EST_CHECK_OK(parse("", &s));
    EST_CHECK(!s.model_checkpoint_path && s.count == 0);
    est__checkpoint_state_free(&s);
}

static void names_the_line(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "\nmodel_checkpoint_path: \"a", "checkpoint:2: a string does not end: the file is damaged" },
        { "model_checkpoint_path: \"a\n\"", "checkpoint:1: a string does not end: the file is damaged" },
        { "model_checkpoint_path: \"a\\", "checkpoint:1: a string does not end: the file is damaged" },
        { "model_checkpoint_path: \"\\q\"",
          "checkpoint:1: a string has an unknown escape: the file is damaged" },
        { "model_checkpoint_path: \"\\777\"",
          "checkpoint:1: a string has an unknown escape: the file is damaged" },
        { "model_checkpoint_path: \"\"", "checkpoint:1: a path is empty or has a NUL: the file is damaged" },
        { "model_checkpoint_path: \"a\\0b\"",
          "checkpoint:1: a path is empty or has a NUL: the file is damaged" },
        { "model_checkpoint_path: 7", "checkpoint:1: a path is no string: the file is damaged" },
        { "last_preserved_timestamp: x", "checkpoint:1: a timestamp is no number: the file is damaged" },
        { "last_preserved_timestamp:", "checkpoint:1: a value is missing: the file is damaged" },
        { "\n\n\001\002", "checkpoint:3: a line 'name: value' is wanted: the file is damaged" },
        { "more { x: 1 }", "checkpoint:1: a line 'name: value' is wanted: the file is damaged" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est__checkpoint_state s;
        EST_CHECK_FAILS(parse(cases[i].text, &s), EST_DATA_LOSS, cases[i].message);
        est__checkpoint_state_free(&s);
    }
    est__checkpoint_state s;
    EST_CHECK_FAILS(
        est__checkpoint_state_read(est_test_dir(), &s), EST_NOT_FOUND,
        est_test_text("%s/checkpoint: cannot be opened: No such file or directory", est_test_dir()));
}

EST_SUITE(formats_checkpoint_state, EST_TEST(reads_tensorflows), EST_TEST(writes_tensorflows),
          EST_TEST(keeps_timestamps), EST_TEST(takes_other_spellings), EST_TEST(names_the_line));
