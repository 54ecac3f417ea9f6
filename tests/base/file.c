/* Files: whole reads, replacing under faults, folders and names. */
#include <errno.h>
#include <unistd.h>

#include "base/base.h"
#include "support/est_test.h"

/* The fault that est__file_fault injects: at the nth call of that moment. */
static const char *fault_moment;
static int fault_after, fault_error;
static char moments[256];

static int fault(const char *moment, const char *path)
{
    snprintf(moments + strlen(moments), sizeof moments - strlen(moments), "%s %s\n", moment, est__base_name(path));
    return fault_moment && strcmp(moment, fault_moment) == 0 && fault_after-- == 0 ? fault_error : 0;
}

static est_status put_with_fault(const char *path, const char *text, const char *moment, int after, int error)
{
    fault_moment = moment;
    fault_after = after;
    fault_error = error;
    *moments = '\0';
    est__file_fault = fault;
    est_status st = est__file_put(path, text, strlen(text));
    est__file_fault = NULL;
    return st;
}

static const char *content(const char *path)
{
    char *data;
    size_t size;
    if (!EST_CHECK_OK(est__file_read(path, 0, &data, &size)))
        return "";
    EST_CHECK_INT(strlen(data), size);
    const char *text = est_test_text("%s", data);
    est__free(data);
    return text;
}

static size_t files_there(void)
{
    est__names names;
    if (!EST_CHECK_OK(est__list_dir(est_test_dir(), &names)))
        return 0;
    size_t n = names.count;
    est__names_free(&names);
    return n;
}

static void reads_whole_files(void)
{
    char *data, big[10000];
    size_t size;
    memset(big, 'x', sizeof big);
    const char *path = est_test_file("big", big, sizeof big);
    EST_NEED_OK(est__file_read(path, 0, &data, &size));
    EST_CHECK_BYTES(data, size, big, sizeof big);
    est__free(data);
    EST_CHECK_OK(est__file_read(path, sizeof big, &data, &size));
    est__free(data);
    EST_CHECK_FAILS(est__file_read(path, sizeof big - 1, &data, &size), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: is larger than the 9999 bytes that such a file may have", path));
    EST_CHECK(!data);
    EST_CHECK_STR(content(EST_TEST_FILE("empty", "")), "");
    EST_CHECK_OK(est__file_read("/proc/self/status", 0, &data, &size)); /* says of itself that it has 0 bytes */
    EST_CHECK(size > 100);
    est__free(data);
}

static void refuses_what_is_no_file(void)
{
    char *data;
    size_t size;
    const char *path = est_test_path("absent");
    EST_CHECK_FAILS(est__file_read(path, 0, &data, &size), EST_NOT_FOUND,
                    est_test_text("%s: cannot be opened: No such file or directory", path));
    EST_CHECK_FAILS(est__file_read(est_test_dir(), 0, &data, &size), EST_FAILED_PRECONDITION,
                    est_test_text("%s: is a folder, a file is wanted", est_test_dir()));
}

static void replaces_as_a_whole(void)
{
    const char *path = EST_TEST_FILE("f", "old");
    EST_CHECK_OK(put_with_fault(path, "new", NULL, 0, 0));
    EST_CHECK_STR(content(path), "new");
    EST_CHECK_STR(moments, est_test_text("write f\nfsync f\nrename f\nfsync %s\n", est__base_name(est_test_dir())));
    EST_CHECK_INT(files_there(), 1);
}

static void faults_leave_the_old_file(void)
{
    const char *path = EST_TEST_FILE("f", "old"), *dir = est_test_dir();
    EST_CHECK_FAILS(put_with_fault(path, "new", "write", 0, ENOSPC), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: cannot be written: No space left on device", path));
    EST_CHECK_FAILS(put_with_fault(path, "new", "fsync", 0, EIO), EST_UNKNOWN,
                    est_test_text("%s: cannot be written: Input/output error", path));
    EST_CHECK_FAILS(put_with_fault(path, "new", "rename", 0, EROFS), EST_PERMISSION_DENIED,
                    est_test_text("%s: cannot be replaced: Read-only file system", path));
    EST_CHECK_STR(content(path), "old");
    EST_CHECK_INT(files_there(), 1);
    /* The new file is in its place by then, only not surely for good. */
    EST_CHECK_FAILS(put_with_fault(path, "new", "fsync", 1, EIO), EST_UNKNOWN,
                    est_test_text("%s: cannot be made durable: Input/output error", dir));
    EST_CHECK_STR(content(path), "new");
    EST_CHECK_INT(files_there(), 1);
}

static void writes_in_pieces(void)
{
    enum { PIECE = 7001, PIECES = 30 };
    static char wanted[PIECE * PIECES];
    const char *path = est_test_path("pieces");
    est__file *f;
    EST_NEED_OK(est__file_replace(path, &f));
    for (int i = 0; i < PIECES; i++) {
        memset(wanted + i * PIECE, 'a' + i % 26, PIECE);
        EST_CHECK_OK(est__file_write(f, wanted + i * PIECE, PIECE));
    }
    EST_CHECK_OK(est__file_write(f, wanted, sizeof wanted));
    EST_CHECK(!est__is_file(path));
    EST_NEED_OK(est__file_commit(f));
    char *data;
    size_t size;
    EST_NEED_OK(est__file_read(path, 0, &data, &size));
    EST_CHECK_INT(size, 2 * sizeof wanted);
    EST_CHECK_BYTES(data, sizeof wanted, wanted, sizeof wanted);
    EST_CHECK_BYTES(data + sizeof wanted, sizeof wanted, wanted, sizeof wanted);
    est__free(data);
}

static void abandons_without_a_trace(void)
{
    est__file *f;
    EST_NEED_OK(est__file_replace(est_test_path("f"), &f));
    EST_CHECK_OK(est__file_write(f, "x", 1));
    est__names names;
    EST_NEED_OK(est__list_dir(est_test_dir(), &names));
    EST_CHECK_INT(names.count, 1);
    EST_CHECK(est__is_temporary(names.name[0]));
    est__names_free(&names);
    est__file_abandon(f);
    est__file_abandon(NULL);
    EST_CHECK_INT(files_there(), 0);
    const char *path = est_test_path("absent/f");
    EST_CHECK_FAILS(est__file_replace(path, &f), EST_NOT_FOUND,
                    est_test_text("%s: cannot be written: No such file or directory", path));
    EST_CHECK(!f);
}

static void knows_temporary_names(void)
{
    EST_CHECK(est__is_temporary("model.ckpt-5.index.tmp-123-0"));
    EST_CHECK(est__is_temporary("a/b.tmp-1-22"));
    EST_CHECK(est__is_temporary("b.tmp-x.tmp-1-22"));
    EST_CHECK(!est__is_temporary("model.ckpt-5.index"));
    EST_CHECK(!est__is_temporary("a.tmp-1-2/b"));
    EST_CHECK(!est__is_temporary("x.tmp-1-"));
    EST_CHECK(!est__is_temporary("x.tmp--1"));
    EST_CHECK(!est__is_temporary("x.tmp-1"));
    EST_CHECK(!est__is_temporary("x.tmp-1-2.index"));
}

static void makes_and_lists_folders(void)
{
    const char *deep = est_test_path("a/b/c/");
    est__names names;
    EST_NEED_OK(est__make_dirs(deep));
    EST_CHECK_OK(est__make_dirs(deep));
    EST_CHECK(est__is_dir(deep) && !est__is_file(deep));
    const char *file = EST_TEST_FILE("a/z.csv", "");
    (void)EST_TEST_FILE("a/B.csv", "");
    EST_CHECK(est__is_file(file) && !est__is_dir(file));
    EST_CHECK_FAILS(est__make_dirs(file), EST_ALREADY_EXISTS, est_test_text("%s: is a file, a folder is wanted", file));
    EST_NEED_OK(est__list_dir(est_test_path("a"), &names));
    EST_NEED(names.count == 3);
    EST_CHECK_STR(names.name[0], "B.csv");
    EST_CHECK_STR(names.name[1], "b");
    EST_CHECK_STR(names.name[2], "z.csv");
    est__names_free(&names);
    EST_NEED_OK(est__glob(est_test_path("a/*.csv"), &names));
    EST_NEED(names.count == 2);
    EST_CHECK_STR(names.name[1], file);
    est__names_free(&names);
    const char *none = est_test_path("a/*.txt");
    EST_CHECK_FAILS(est__glob(none, &names), EST_NOT_FOUND, est_test_text("%s: no such file", none));
    EST_CHECK_FAILS(est__list_dir(none, &names), EST_NOT_FOUND,
                    est_test_text("%s: cannot be listed: No such file or directory", none));
    EST_CHECK(!names.name);
}

static void check_join(const char *dir, const char *name, const char *wanted)
{
    char *path = est__path_join(dir, name);
    EST_CHECK_STR(path, wanted);
    est__free(path);
}

static void joins_paths(void)
{
    check_join("a", "b", "a/b");
    check_join("a/", "b", "a/b");
    check_join("", "b", "b");
    check_join("/", "b", "/b");
    check_join("a", "/b", "/b");
    EST_CHECK_STR(est__base_name("a/b/c.csv"), "c.csv");
    EST_CHECK_STR(est__base_name("c.csv"), "c.csv");
    EST_CHECK_STR(est__base_name("a/"), "");
}

EST_SUITE(base_file, EST_TEST(reads_whole_files), EST_TEST(refuses_what_is_no_file), EST_TEST(replaces_as_a_whole),
          EST_TEST(faults_leave_the_old_file), EST_TEST(writes_in_pieces), EST_TEST(abandons_without_a_trace),
          EST_TEST(knows_temporary_names), EST_TEST(makes_and_lists_folders), EST_TEST(joins_paths));
