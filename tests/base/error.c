/* Error texts and the log. */
#include <errno.h>

#include <estimator/version.h>

#include "base/base.h"
#include "support/est_test.h"

static void statuses_have_names(void)
{
    EST_CHECK_STR(est_status_name(EST_OK), "OK");
    EST_CHECK_STR(est_status_name(EST_DATA_LOSS), "DATA_LOSS");
    EST_CHECK_STR(est_status_name((est_status)99), "UNKNOWN");
}

static void texts_are_built_up(void)
{
    EST_CHECK_FAILS(est__fail(EST_NOT_FOUND, "no '%s'", "x"), EST_NOT_FOUND, "no 'x'");
    EST_CHECK_FAILS(est__fail_in(EST_NOT_FOUND, "a.csv:%d", 3), EST_NOT_FOUND, "a.csv:3: no 'x'");
    EST_CHECK_FAILS(est__fail(EST_INTERNAL, "again: %s", est_error()), EST_INTERNAL, "again: a.csv:3: no 'x'");
    EST_CHECK_FAILS(est__fail_errno(ENOSPC, "%s", "disk"), EST_RESOURCE_EXHAUSTED, "disk: No space left on device");
    EST_CHECK_FAILS(est__fail_errno(ENOENT, "%s", "f"), EST_NOT_FOUND, "f: No such file or directory");
    char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    (void)est__fail(EST_UNKNOWN, "%s", longest);
    EST_CHECK_INT(strlen(est_error()), 1023);
    (void)est__fail_in(EST_UNKNOWN, "%s", longest);
    EST_CHECK_INT(strlen(est_error()), 1023);
}

static void *fail_there(void *arg)
{
    est__error_take(arg, est__fail(EST_ABORTED, "from the other thread"));
    return NULL;
}

static void texts_belong_to_their_thread(void)
{
    est__error e;
    pthread_t thread;
    (void)est__fail(EST_UNKNOWN, "mine");
    EST_NEED(pthread_create(&thread, NULL, fail_there, &e) == 0);
    pthread_join(thread, NULL);
    EST_CHECK_STR(est_error(), "mine");
    EST_CHECK_FAILS(est__error_give(&e), EST_ABORTED, "from the other thread");
}

static void remember(est_log_level level, const char *text, void *user)
{
    char *last = user;
    snprintf(last, 64, "%d %s", (int)level, text);
    est__log(EST_LOG_ERROR, "a line from inside is dropped");
}

static void log_goes_to_the_callback(void)
{
    char last[64] = "";
    est__log(EST_LOG_INFO, "nobody listens");
    est_set_log(remember, last);
    est__log(EST_LOG_WARNING, "step %d\nsecond line", 7);
    EST_CHECK_STR(last, "2 step 7");
    est_set_log(NULL, NULL);
    est__log(EST_LOG_INFO, "nobody listens any more");
    EST_CHECK_STR(last, "2 step 7");
}

static void version_is_that_of_the_headers(void)
{
    EST_CHECK_STR(est_version(), EST_VERSION);
    EST_CHECK_STR(est_version(), est_test_text("%d.%d.%d", EST_VERSION_MAJOR, EST_VERSION_MINOR, EST_VERSION_PATCH));
}

static void clocks_go_forward(void)
{
    double a = est__clock(), b = est__clock();
    EST_CHECK(b >= a);
    EST_CHECK(est__wall_time() > 1.6e9);
}

EST_SUITE(base_error, EST_TEST(statuses_have_names), EST_TEST(texts_are_built_up), EST_TEST(texts_belong_to_their_thread),
          EST_TEST(log_goes_to_the_callback), EST_TEST(version_is_that_of_the_headers), EST_TEST(clocks_go_forward));
