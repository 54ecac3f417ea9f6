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

static void forget(cli_output *o)
{
    free(o->path);
    free(o->temporary);
    *o = (cli_output){ 0 };
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
    bool room = o->path && (direct || o->temporary);
    o->file = room ? fopen(direct ? path : o->temporary, "w") : NULL;
    if (o->file)
        return true;
    failed(o, room ? errno : ENOMEM);
    forget(o);
    return false;
}

bool cli_output_close(cli_output *o, bool keep)
{
    int error = o->error;
    errno = 0;
    if (!error && (fflush(o->file) || ferror(o->file)))
        error = errno ? errno : EIO;
    if (o->file != stdout) {
        if (!error && o->temporary && fsync(fileno(o->file)))
            error = errno;
        if (fclose(o->file) && !error)
            error = errno;
    }
    if (o->temporary && (error || !keep))
        unlink(o->temporary);
    else if (o->temporary && rename(o->temporary, o->path))
        error = errno;
    bool good = error == 0 || !keep ? true : failed(o, error);
    forget(o);
    return good;
}

int cli_write_text(const char *path, const char *text)
{
    cli_output out;
    if (!cli_output_open(&out, path))
        return CLI_FAILED;
    fputs(text, out.file);
    return cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}
