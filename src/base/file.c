/* Files: whole reads, and writes that replace a file as a whole, so that a reader never sees half of one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define TEMPORARY_MARK ".tmp-"

enum { BUFFER_SIZE = 64 * 1024, FIRST_READ = 4096 };

int (*est__file_fault)(const char *moment, const char *path);

struct est__file {
    int fd;
    char *path, *temporary;
    size_t buffered;
    char buffer[BUFFER_SIZE];
};

static int fault(const char *moment, const char *path)
{
    return est__file_fault ? est__file_fault(moment, path) : 0;
}

/* ---- reading ---- */

static est_status read_all(int fd, const char *path, size_t expected, size_t limit, char **data, size_t *size)
{
    size_t capacity = 0, n = 0;
    char *p = NULL;
    est_status st = est__grow(&p, &capacity, expected + 1, 1);
    while (st == EST_OK) {
        ssize_t got = read(fd, p + n, capacity - n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            st = est__fail_errno(errno, "%s: cannot be read", path);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > limit)
            st = est__fail(EST_RESOURCE_EXHAUSTED, "%s: is larger than the %zu bytes that such a file may have", path, limit);
        else if (capacity - n < 2)
            st = est__grow(&p, &capacity, n + FIRST_READ, 1);
    }
    if (st != EST_OK) {
        est__free(p);
        return st;
    }
    p[n] = '\0';
    *data = p;
    *size = n;
    return EST_OK;
}

est_status est__file_read(const char *path, size_t limit, char **data, size_t *size)
{
    struct stat info;
    est_status st;
    *data = NULL;
    *size = 0;
    if (!limit)
        limit = SIZE_MAX / 4;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", path);
    if (fstat(fd, &info) != 0)
        st = est__fail_errno(errno, "%s: cannot be read", path);
    else if (S_ISDIR(info.st_mode))
        st = est__fail(EST_FAILED_PRECONDITION, "%s: is a folder, a file is wanted", path);
    else if (info.st_size > 0 && (uintmax_t)info.st_size > limit)
        st = est__fail(EST_RESOURCE_EXHAUSTED, "%s: is larger than the %zu bytes that such a file may have", path, limit);
    else
        st = read_all(fd, path, info.st_size > 0 ? (size_t)info.st_size + 1 : FIRST_READ, limit, data, size);
    close(fd);
    return st;
}

/* ---- replacing ---- */

static est_status open_temporary(est__file *f)
{
    static atomic_uint counter;
    size_t size = strlen(f->path) + 64;
    f->temporary = est__malloc(size);
    if (!f->temporary)
        return est__fail_memory(size);
    do { /* a process of the same number may have left its temporaries */
        snprintf(f->temporary, size, "%s" TEMPORARY_MARK "%ld-%u", f->path, (long)getpid(), atomic_fetch_add(&counter, 1u));
        f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (f->fd < 0 && errno == EEXIST);
    if (f->fd >= 0)
        return EST_OK;
    int error = errno;
    est__free(f->temporary); /* nothing to remove */
    f->temporary = NULL;
    return est__fail_errno(error, "%s: cannot be written", f->path);
}

est_status est__file_replace(const char *path, est__file **out)
{
    *out = NULL;
    est__file *f = est__malloc(sizeof *f);
    if (!f)
        return est__fail_memory(sizeof *f);
    f->fd = -1;
    f->buffered = 0;
    f->temporary = NULL;
    f->path = est__strdup(path);
    est_status st = f->path ? open_temporary(f) : est__fail_memory(strlen(path) + 1);
    if (st != EST_OK) {
        est__file_abandon(f);
        return st;
    }
    *out = f;
    return EST_OK;
}

static est_status write_out(est__file *f, const char *p, size_t n)
{
    while (n > 0) {
        int error = fault("write", f->path);
        ssize_t done = error ? -1 : write(f->fd, p, n);
        if (done < 0 && !error && errno == EINTR)
            continue;
        if (done < 0)
            return est__fail_errno(error ? error : errno, "%s: cannot be written", f->path);
        p += done;
        n -= (size_t)done;
    }
    return EST_OK;
}

static est_status flush(est__file *f)
{
    size_t n = f->buffered;
    f->buffered = 0;
    return write_out(f, f->buffer, n);
}

est_status est__file_write(est__file *f, const void *p, size_t n)
{
    if (n > BUFFER_SIZE - f->buffered)
        EST_TRY(flush(f));
    if (n > BUFFER_SIZE)
        return write_out(f, p, n);
    if (n)
        memcpy(f->buffer + f->buffered, p, n);
    f->buffered += n;
    return EST_OK;
}

/* A rename is durable once its folder is. */
static est_status sync_folder_of(const char *path)
{
    const char *name = est__base_name(path);
    size_t length = name - path > 1 ? (size_t)(name - path) - 1 : 1; /* without the slash, unless it is the root */
    char *folder = name == path ? est__strdup(".") : est__strndup(path, length);
    if (!folder)
        return est__fail_memory(strlen(path) + 1);
    est_status st = EST_OK;
    int error = fault("fsync", folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a file system that has no such thing */
    if (error || fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        st = est__fail_errno(error ? error : errno, "%s: cannot be made durable", folder);
    if (fd >= 0)
        close(fd);
    est__free(folder);
    return st;
}

static est_status sync_and_rename(est__file *f)
{
    int error = fault("fsync", f->path);
    if (error || fsync(f->fd) != 0)
        return est__fail_errno(error ? error : errno, "%s: cannot be written", f->path);
    int fd = f->fd;
    f->fd = -1;
    if (close(fd) != 0)
        return est__fail_errno(errno, "%s: cannot be written", f->path);
    error = fault("rename", f->path);
    if (error || rename(f->temporary, f->path) != 0)
        return est__fail_errno(error ? error : errno, "%s: cannot be replaced", f->path);
    est__free(f->temporary);
    f->temporary = NULL;
    return sync_folder_of(f->path);
}

est_status est__file_commit(est__file *f)
{
    est_status st = flush(f);
    if (st == EST_OK)
        st = sync_and_rename(f);
    est__file_abandon(f);
    return st;
}

void est__file_abandon(est__file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary)
        unlink(f->temporary);
    est__free(f->temporary);
    est__free(f->path);
    est__free(f);
}

est_status est__file_put(const char *path, const void *data, size_t n)
{
    est__file *f;
    EST_TRY(est__file_replace(path, &f));
    est_status st = est__file_write(f, data, n);
    if (st == EST_OK)
        return est__file_commit(f);
    est__file_abandon(f);
    return st;
}

static est_status copy_all(int fd, const char *from, est__file *f)
{
    char part[4096];
    for (;;) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return est__fail_errno(errno, "%s: cannot be read", from);
        if (got == 0)
            return EST_OK;
        EST_TRY(est__file_write(f, part, (size_t)got));
    }
}

est_status est__file_copy(const char *from, const char *to)
{
    est__file *f;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", from);
    est_status st = est__file_replace(to, &f);
    if (st == EST_OK) {
        st = copy_all(fd, from, f);
        if (st == EST_OK)
            st = est__file_commit(f);
        else
            est__file_abandon(f);
    }
    close(fd);
    return st;
}

est_status est__rename(const char *from, const char *to)
{
    int error = fault("rename", to);
    if (error || rename(from, to) != 0)
        return est__fail_errno(error ? error : errno, "%s: cannot be made", to);
    return sync_folder_of(to);
}

void est__file_remove(const char *path)
{
    if (fault("unlink", path) == 0)
        unlink(path);
}

bool est__is_temporary(const char *name)
{
    const char *digits = "0123456789", *mark = NULL;
    for (const char *s = est__base_name(name); (s = strstr(s, TEMPORARY_MARK)); s++)
        mark = s;
    if (!mark)
        return false;
    const char *pid = mark + strlen(TEMPORARY_MARK), *dash = pid + strspn(pid, digits);
    const char *count = dash + 1;
    return dash > pid && *dash == '-' && *count && !count[strspn(count, digits)];
}

/* ---- folders and names ---- */

static est_status make_dir(const char *path)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && est__is_dir(path)))
        return EST_OK;
    if (errno == EEXIST)
        return est__fail(EST_ALREADY_EXISTS, "%s: is a file, a folder is wanted", path);
    return est__fail_errno(errno, "%s: cannot make the folder", path);
}

est_status est__make_dirs(const char *path)
{
    if (est__is_dir(path))
        return EST_OK;
    char *copy = est__strdup(path);
    if (!copy)
        return est__fail_memory(strlen(path) + 1);
    est_status st = EST_OK;
    for (char *s = copy + 1; *copy && *s && st == EST_OK; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        st = make_dir(copy);
        *s = '/';
    }
    if (st == EST_OK)
        st = make_dir(copy);
    est__free(copy);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static est_status add_name(est__names *names, size_t *capacity, const char *name)
{
    EST_TRY(est__grow(&names->name, capacity, names->count + 1, sizeof *names->name));
    char *copy = est__strdup(name);
    if (!copy)
        return est__fail_memory(strlen(name) + 1);
    names->name[names->count++] = copy;
    return EST_OK;
}

static est_status finish_names(est__names *names, est_status st)
{
    if (st != EST_OK)
        est__names_free(names);
    else if (names->count > 1)
        qsort(names->name, names->count, sizeof *names->name, by_name);
    return st;
}

est_status est__list_dir(const char *path, est__names *out)
{
    size_t capacity = 0;
    est_status st = EST_OK;
    *out = (est__names){ 0 };
    DIR *dir = opendir(path);
    if (!dir)
        return est__fail_errno(errno, "%s: cannot be listed", path);
    for (struct dirent *e; st == EST_OK && (errno = 0, e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = add_name(out, &capacity, e->d_name);
    if (st == EST_OK && errno)
        st = est__fail_errno(errno, "%s: cannot be listed", path);
    closedir(dir);
    return finish_names(out, st);
}

est_status est__glob(const char *pattern, est__names *out)
{
    glob_t found = { 0 };
    size_t capacity = 0;
    est_status st = EST_OK;
    *out = (est__names){ 0 };
    int rc = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (rc == GLOB_NOMATCH)
        st = est__fail(EST_NOT_FOUND, "%s: no such file", pattern);
    else if (rc == GLOB_NOSPACE)
        st = est__fail_memory(0);
    else if (rc != 0)
        st = est__fail_errno(errno, "%s: cannot be listed", pattern);
    for (size_t i = 0; st == EST_OK && i < found.gl_pathc; i++)
        st = add_name(out, &capacity, found.gl_pathv[i]);
    globfree(&found);
    return finish_names(out, st);
}

static est_status add_matches(est__names *out, size_t *capacity, const char *pattern)
{
    est__names found;
    struct stat s;
    if (stat(pattern, &s) == 0 || !strpbrk(pattern, "*?["))
        return add_name(out, capacity, pattern);
    EST_TRY(est__glob(pattern, &found));
    est_status st = EST_OK;
    for (size_t i = 0; st == EST_OK && i < found.count; i++)
        st = add_name(out, capacity, found.name[i]);
    est__names_free(&found);
    return st;
}

est_status est__glob_all(est_strings patterns, est__names *out)
{
    size_t capacity = 0;
    est_status st = EST_OK;
    *out = (est__names){ 0 };
    for (size_t i = 0; st == EST_OK && i < patterns.count; i++)
        st = add_matches(out, &capacity, patterns.data[i]);
    if (st != EST_OK)
        est__names_free(out);
    return st;
}

void est__names_free(est__names *n)
{
    for (size_t i = 0; i < n->count; i++)
        est__free(n->name[i]);
    est__free(n->name);
    *n = (est__names){ 0 };
}

bool est__is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool est__is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

char *est__path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir), m = strlen(name);
    if (*name == '/' || !n)
        return est__strdup(name);
    char *path = est__malloc(n + m + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, n);
    if (path[n - 1] != '/')
        path[n++] = '/';
    memcpy(path + n, name, m + 1);
    return path;
}

const char *est__base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
