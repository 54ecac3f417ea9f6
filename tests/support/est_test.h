/* What every test uses: checks that print both sides, a folder of its own, paths of recorded data.
 *
 * A test file X.c in tests/ROOM/ ends with its suite and is named in tests/ROOM/Makefile.inc:
 *     EST_SUITE(ROOM_X, EST_TEST(does_this), EST_TEST(refuses_that));
 * `tests/unit` runs all suites, `tests/unit base_map` those whose names begin so. */
#ifndef EST_TEST_H
#define EST_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <estimator/status.h>

typedef struct est_test {
    const char *name;
    void (*run)(void);
} est_test;

#define EST_TEST(function) { #function, function }
#define EST_SUITE(name, ...) \
    extern const est_test est_suite_##name[]; \
    const est_test est_suite_##name[] = { __VA_ARGS__, { NULL, NULL } }

/* Where a check stands. */
typedef struct est_test_place {
    const char *file, *function, *text;
    int line;
} est_test_place;
#define EST_HERE(text) ((est_test_place){ __FILE__, __func__, text, __LINE__ })

/* Each check says whether it held, and goes on. */
#define EST_CHECK(condition) est_test_true((condition), EST_HERE(#condition))
#define EST_CHECK_OK(call) est_test_ok((call), EST_HERE(#call))
#define EST_CHECK_FAILS(call, status, message) est_test_fails((call), (status), (message), EST_HERE(#call))
#define EST_CHECK_INT(got, wanted) est_test_int((int64_t)(got), (int64_t)(wanted), EST_HERE(#got))
#define EST_CHECK_STR(got, wanted) est_test_str((got), (wanted), EST_HERE(#got))
#define EST_CHECK_BYTES(got, n, wanted, m) est_test_bytes((got), (n), (wanted), (m), EST_HERE(#got))
/* |got - wanted| <= tolerance; two NaNs, and equal infinities, are near. */
#define EST_CHECK_NEAR(got, wanted, tolerance) est_test_near((got), (wanted), (tolerance), EST_HERE(#got))
/* Leaves the test when the call fails. */
#define EST_NEED_OK(call)           \
    do {                            \
        if (!EST_CHECK_OK(call))    \
            return;                 \
    } while (0)
#define EST_NEED(condition)         \
    do {                            \
        if (!EST_CHECK(condition))  \
            return;                 \
    } while (0)

bool est_test_true(bool held, est_test_place at);
bool est_test_ok(est_status status, est_test_place at);
bool est_test_fails(est_status got, est_status status, const char *message, est_test_place at);
bool est_test_int(int64_t got, int64_t wanted, est_test_place at);
bool est_test_str(const char *got, const char *wanted, est_test_place at);
bool est_test_bytes(const void *got, size_t n, const void *wanted, size_t m, est_test_place at);
bool est_test_near(double got, double wanted, double tolerance, est_test_place at);

/* A printf whose text lives until the end of the test. */
const char *est_test_text(const char *format, ...) EST_PRINTF(1, 2);

/* An empty folder of this test, removed after it; the second call gives the same one. */
const char *est_test_dir(void);
/* The path of `name` in that folder; and of a new file of that name and content there. Both live until the end of the test. */
const char *est_test_path(const char *name);
const char *est_test_file(const char *name, const void *data, size_t n);
#define EST_TEST_FILE(name, text) est_test_file((name), (text), sizeof(text) - 1)

/* The path of a file of the source tree: EST_TEST_DATA("tests/golden/x.json"). Lives until the end of the test. */
#define EST_TEST_DATA(path) est_test_text("%s/%s", est_test_source_dir(), (path))
const char *est_test_source_dir(void);
const char *est_test_build_dir(void);   /* the command, when it is built, is `estimator` there */

/* The nth allocation of the library from now on fails, and so do all after it; 0: none. Gives the number of allocations since
 * the last call. Off again at the end of the test. */
int64_t est_test_fail_allocation(int64_t nth);

#endif
