/* The checks and the folder of a test. */
#include "support/est_test.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <estimator/base.h>

#include "support/internal.h"

enum { MOST_TEXTS = 4096 };

static char *texts[MOST_TEXTS];
static int text_count;
static char folder[512];
static atomic_llong allocations, failing_from;

/* CUnit copies what it is given; what the test compared goes where it has the condition. */
static bool report(bool held, est_test_place at, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    CU_assertImplementation(held, (unsigned)at.line, text, (char *)(uintptr_t)at.file, (char *)(uintptr_t)at.function, CU_FALSE);
    return held;
}

bool est_test_true(bool held, est_test_place at)
{
    return report(held, at, "%s", at.text);
}

bool est_test_ok(est_status status, est_test_place at)
{
    return report(status == EST_OK, at, "%s: %s: %s", at.text, est_status_name(status), est_error());
}

bool est_test_fails(est_status got, est_status status, const char *message, est_test_place at)
{
    const char *text = got == EST_OK ? "" : est_error();
    return report(got == status && strcmp(text, message) == 0, at, "%s\n      got    %s: \"%s\"\n      wanted %s: \"%s\"",
                  at.text, est_status_name(got), text, est_status_name(status), message);
}

bool est_test_int(int64_t got, int64_t wanted, est_test_place at)
{
    return report(got == wanted, at, "%s is %lld, not %lld", at.text, (long long)got, (long long)wanted);
}

bool est_test_str(const char *got, const char *wanted, est_test_place at)
{
    if (!got || !wanted)
        return report(got == wanted, at, "%s is %s, not %s", at.text, got ? got : "NULL", wanted ? wanted : "NULL");
    return report(strcmp(got, wanted) == 0, at, "%s\n      got    \"%s\"\n      wanted \"%s\"", at.text, got, wanted);
}

bool est_test_bytes(const void *got, size_t n, const void *wanted, size_t m, est_test_place at)
{
    const unsigned char *a = got, *b = wanted;
    size_t i = 0;
    while (i < n && i < m && a[i] == b[i])
        i++;
    return report(n == m && i == n, at, "%s: %zu bytes, wanted are %zu; byte %zu is the first to differ (%d, wanted %d)", at.text,
                  n, m, i, i < n ? a[i] : -1, i < m ? b[i] : -1);
}

bool est_test_near(double got, double wanted, double tolerance, est_test_place at)
{
    bool near = got == wanted || (isnan(got) && isnan(wanted)) || fabs(got - wanted) <= tolerance;
    return report(near, at, "%s is %.17g, not %.17g (within %g)", at.text, got, wanted, tolerance);
}

const char *est_test_text(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0 || text_count == MOST_TEXTS) {
        fprintf(stderr, "est_test_text: too many texts in one test\n");
        exit(2);
    }
    return texts[text_count++] = text;
}

const char *est_test_dir(void)
{
    if (!*folder) {
        const char *where = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/est-test-XXXXXX", where && *where ? where : "/tmp");
        if (!mkdtemp(folder)) {
            fprintf(stderr, "%s: %s\n", folder, strerror(errno));
            exit(2);
        }
    }
    return folder;
}

const char *est_test_path(const char *name)
{
    return est_test_text("%s/%s", est_test_dir(), name);
}

const char *est_test_file(const char *name, const void *data, size_t n)
{
    const char *path = est_test_path(name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    return path;
}

const char *est_test_source_dir(void)
{
    return EST_SOURCE_DIR;
}

const char *est_test_build_dir(void)
{
    return EST_BUILD_DIR;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static bool may_allocate(void)
{
    long long from = atomic_load(&failing_from), n = atomic_fetch_add(&allocations, 1) + 1;
    return !from || n < from;
}

static void *test_allocate(size_t size, void *user)
{
    (void)user;
    return may_allocate() ? malloc(size) : NULL;
}

static void *test_reallocate(void *p, size_t size, void *user)
{
    (void)user;
    return may_allocate() ? realloc(p, size) : NULL;
}

static void test_release(void *p, void *user)
{
    (void)user;
    free(p);
}

int64_t est_test_fail_allocation(int64_t nth)
{
    atomic_store(&failing_from, nth);
    return atomic_exchange(&allocations, 0);
}

void est_test_begin(void)
{
    est_set_allocator(&(est_allocator){ test_allocate, test_reallocate, test_release, NULL });
}

void est_test_end(void)
{
    (void)est_test_fail_allocation(0);
    if (*folder)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    *folder = '\0';
    while (text_count > 0)
        free(texts[--text_count]);
}
