/* Damaged model directories: training falls back to the previous checkpoint and says so, or refuses; it never starts from scratch. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "support/est_test.h"
#include "train/small.h"

static const char *const parts[] = { "data-00000-of-00001", "index", "input" };

static char *contents(const char *path, size_t *n)
{
    char *data = NULL;
    EST_CHECK_OK(est__file_read(path, 0, &data, n));
    return data;
}

static void put(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    EST_CHECK(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

static void copy_dir(const char *from, const char *to)
{
    est__names names, old;
    if (est__list_dir(to, &old) == EST_OK) {
        for (size_t i = 0; i < old.count; i++)
            unlink(est_test_text("%s/%s", to, old.name[i]));
        est__names_free(&old);
    }
    EST_CHECK_OK(est__make_dirs(to));
    EST_CHECK_OK(est__list_dir(from, &names));
    for (size_t i = 0; i < names.count; i++) {
        size_t n;
        if (est__is_dir(est_test_text("%s/%s", from, names.name[i])))
            continue;
        char *data = contents(est_test_text("%s/%s", from, names.name[i]), &n);
        put(est_test_text("%s/%s", to, names.name[i]), data, n);
        est__free(data);
    }
    est__names_free(&names);
}

static void same_checkpoint(const char *a, const char *b, int step)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t n, m;
        char *p = contents(est_test_text("%s/model.ckpt-%d.%s", a, step, parts[i]), &n);
        char *q = contents(est_test_text("%s/model.ckpt-%d.%s", b, step, parts[i]), &m);
        EST_CHECK_BYTES(p, n, q, m);
        est__free(p);
        est__free(q);
    }
}

/* Trains d, a copy with a damaged model.ckpt-4, to step 6 as the undamaged one was. */
static void falls_back(const char *what)
{
    const char *d = est_test_path("d");
    log_begin(EST_LOG_WARNING);
    bool done = EST_CHECK_OK(small_train(d, 6));
    const char *said = log_lines(), *end = "; training falls back to d/model.ckpt-2\n";
    log_end();
    size_t n = strlen(said), m = strlen(end);
    bool one_line = n > m && strncmp(said, "d/model.ckpt-4.", 15) == 0 && strcmp(said + n - m, end) == 0 && strchr(said, '\n') == said + n - 1;
    if (!one_line)
        EST_CHECK_STR(said, est_test_text("one line for %s, with %s", what, end));
    if (done)
        same_checkpoint(d, est_test_path("whole"), 6);
}

static bool prepare(void)
{
    return EST_CHECK_OK(small_train(est_test_path("m"), 4)) && EST_CHECK_OK(small_train(est_test_path("whole"), 6));
}

static void damaged_newest(void)
{
    const char *m = est_test_path("m"), *d = est_test_path("d");
    EST_NEED(prepare());
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *path = est_test_text("%s/model.ckpt-4.%s", d, parts[i]);
        size_t n, stride;
        char *data = contents(est_test_text("%s/model.ckpt-4.%s", m, parts[i]), &n);
        stride = n / 9 + 1;
        for (size_t at = 0; at < n; at += stride) {
            copy_dir(m, d);
            put(path, data, at);
            falls_back(est_test_text("%s cut at %zu", parts[i], at));
            copy_dir(m, d);
            data[at] ^= 4;
            put(path, data, n);
            data[at] ^= 4;
            falls_back(est_test_text("%s, byte %zu", parts[i], at));
        }
        est__free(data);
    }
    copy_dir(m, d);
    unlink(est_test_text("%s/model.ckpt-4.%s", d, parts[0]));
    falls_back("no data");
}

/* Every byte, as evaluating reads it; nothing but a whole checkpoint is ever believed. */
static void every_byte(void)
{
    const char *m = est_test_path("m"), *d = est_test_path("d");
    EST_NEED_OK(small_train(m, 4));
    est_estimator *e = small_new(m);
    est_results *wanted = NULL;
    est_evaluate_options o = { .input_fn = small_once, .checkpoint_path = est_test_text("%s/model.ckpt-4", m) };
    EST_CHECK_OK(est_evaluate(e, &o, &wanted));
    o.checkpoint_path = est_test_text("%s/model.ckpt-4", d);
    copy_dir(m, d);
    for (size_t i = 0; i < 2; i++) {
        size_t read = 0;
        const char *path = est_test_text("%s.%s", o.checkpoint_path, parts[i]);
        size_t n;
        char *data = contents(path, &n);
        for (size_t at = 0; at < n; at++) {
            est_results *got = NULL;
            data[at] ^= (char)(1 << at % 8);
            put(path, data, n);
            data[at] ^= (char)(1 << at % 8);
            if (est_evaluate(e, &o, &got) == EST_OK) {   /* a byte of a slot, which evaluating does not read */
                read++;
                for (size_t k = 0; k < got->count; k++)
                    EST_CHECK(got->value[k] == wanted->value[k]);
            } else {
                EST_CHECK(strstr(est_error(), "model.ckpt-4.") != NULL);
            }
            est_results_free(got);
        }
        put(path, data, n);
        est__free(data);
        EST_CHECK(read < (i == 0 ? n : 64));   /* an .index has an empty block, and a footer that is padded */
    }
    est_results_free(wanted);
    est_estimator_free(e);
}

static void wrong_state_file(void)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        { "", "d/checkpoint: names no checkpoint" },
        { "\x89PNG\r\n\x1a\n", "d/checkpoint:1: a line 'name: value' is wanted: the file is damaged" },
        { "model_checkpoint_path: \"model.ckpt-4", "d/checkpoint:1: a string does not end: the file is damaged" },
        { "model_checkpoint_path: \"/nowhere/model.ckpt-7\"\n", "d/checkpoint: /nowhere/model.ckpt-7 is not there" },
    };
    const char *m = est_test_path("m"), *d = est_test_path("d");
    EST_NEED(prepare());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        copy_dir(m, d);
        put(est_test_text("%s/checkpoint", d), cases[i].text, strlen(cases[i].text));
        log_begin(EST_LOG_WARNING);
        EST_CHECK_OK(small_train(d, 6));
        EST_CHECK_STR(log_lines(), est_test_text("%s; d/model.ckpt-4 is taken\n", cases[i].line));
        same_checkpoint(d, est_test_path("whole"), 6);
        copy_dir(m, d);
        put(est_test_text("%s/checkpoint", d), cases[i].text, strlen(cases[i].text));
        for (int step = 0; step <= 4; step += 2)
            unlink(est_test_text("%s/model.ckpt-%d.index", d, step));
        EST_CHECK(small_train(d, 6) == EST_DATA_LOSS);
        const char *text = strstr(est_error(), cases[i].line + 1), *end = ", and there is no other checkpoint: remove that file to train "
                                                                           "from the start";
        EST_CHECK_STR(text, est_test_text("%s%s", cases[i].line + 1, end));
        EST_CHECK(!est__is_file(est_test_text("%s/model.ckpt-0.index", d)));
        log_end();
    }
}

static void all_damaged(void)
{
    const char *m = est_test_path("m");
    est__names before, after;
    EST_NEED_OK(small_train(m, 4));
    for (int step = 0; step <= 4; step += 2)
        put(est_test_text("%s/model.ckpt-%d.%s", m, step, parts[0]), "x", 1);
    EST_NEED_OK(est__list_dir(m, &before));
    log_begin(EST_LOG_WARNING);
    const char *why = ".index: variable 'global_step': 8 bytes at byte 0 are wanted of model.ckpt-%d.data-00000-of-00001, which has 1: a "
                      "file is cut";
    EST_CHECK_FAILS(small_train(m, 6), EST_DATA_LOSS, est_test_text("%s/model.ckpt-0%s", m, est_test_text(why, 0)));
    EST_CHECK_STR(log_lines(), est_test_text("m/model.ckpt-4%s; training falls back to m/model.ckpt-2\n"
                                             "m/model.ckpt-2%s; training falls back to m/model.ckpt-0\n",
                                             est_test_text(why, 4), est_test_text(why, 2)));
    log_end();
    EST_NEED_OK(est__list_dir(m, &after));
    EST_CHECK_INT(after.count, before.count);
    est__names_free(&before);
    est__names_free(&after);
}

static void another_model(void)
{
    const char *m = est_test_path("m");
    EST_NEED_OK(small_train(m, 2));
    est_estimator *e = small_new_of(m, 2, 0.2);
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 4 }), NULL), EST_NOT_FOUND,
                    est_test_text("%s/model.ckpt-2: variable 'linear/linear_model/y/weights' of the model is not in it: was model_dir "
                                  "written by another model?", m));
    est_estimator_free(e);
}

/* What a trainer that was killed in the middle of a rotation leaves is removed; what others wrote is not. */
static void leftovers(void)
{
    const char *m = est_test_path("m");
    static const char *const stale[] = { "model.ckpt-1.data-00000-of-00001", "model.ckpt-1.input", "model.ckpt-1.index",
                                         "model.ckpt-3.data-00000-of-00001", "model.ckpt-9.input", "graph.pbtxt.tmp-12-3" };
    static const char *const kept[] = { "model.ckpt-0.index", "model.ckpt-0.data-00000-of-00001", "notes.data-00000-of-00001",
                                        "model.ckpt-8.index", "model.ckpt-8.input" };
    static const char state[] = "model_checkpoint_path: \"model.ckpt-4\"\nall_model_checkpoint_paths: \"model.ckpt-2\"\n";
    EST_NEED_OK(small_train(m, 4));
    put(est_test_text("%s/checkpoint", m), state, strlen(state));
    unlink(est_test_text("%s/model.ckpt-0.input", m));   /* as if TensorFlow had preserved it */
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        put(est_test_text("%s/%s", m, stale[i]), "x", 1);
    for (size_t i = 2; i < sizeof kept / sizeof *kept; i++)
        put(est_test_text("%s/%s", m, kept[i]), "x", 1);
    EST_CHECK_OK(small_train(m, 4));
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        EST_CHECK(!est__is_file(est_test_text("%s/%s", m, stale[i])));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        EST_CHECK(est__is_file(est_test_text("%s/%s", m, kept[i])));
}

EST_SUITE(train_damage, EST_TEST(damaged_newest), EST_TEST(every_byte), EST_TEST(wrong_state_file), EST_TEST(all_damaged),
          EST_TEST(another_model), EST_TEST(leftovers));
