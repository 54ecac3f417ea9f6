/* Where results go: stdout, or a file that appears under its name once it is whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static bool failed(const cli_output *o, int error)
{
    cli_say("%s: %s", o->path ? o->path : "stdout", strerror(error));
    return false;
}

bool cli_output_open(cli_output *o, const char *path)
{
    struct stat s;
    *o = (cli_output){ .file = stdout };
    if (!path)
        return true;
    o->path = strdup(path);
    bool direct = stat(path, &s) == 0 && !S_ISREG(s.st_mode); /* a pipe or a device has no other name to be renamed from */
    size_t n = strlen(path) + 32;
    if (!direct && o->path && (o->temporary = malloc(n)))
        snprintf(o->temporary, n, "%s.%ld.tmp", path, (long)getpid());
    if (!o->path || (!direct && !o->temporary))
        return failed(o, ENOMEM);
    o->file = fopen(direct ? path : o->temporary, "w");
    return o->file ? true : failed(o, errno);
}

bool cli_output_close(cli_output *o, bool keep)
{
    int error = o->error;
    errno = 0;
    if (!error && o->file && (fflush(o->file) || ferror(o->file)))
        error = errno ? errno : EIO;
    if (o->file && o->file != stdout) {
        if (!error && o->temporary && fsync(fileno(o->file)))
            error = errno;
        if (fclose(o->file) && !error)
            error = errno;
    }
    if (o->temporary && o->file && (error || !keep))
        unlink(o->temporary);
    else if (o->temporary && o->file && rename(o->temporary, o->path))
        error = errno;
    bool good = error == 0 || !keep ? true : failed(o, error);
    free(o->path);
    free(o->temporary);
    *o = (cli_output){ 0 };
    return good;
}
