/* All kinds of heads, from the list of files in Makefile.inc, and their names. */
#include <pthread.h>

#include "heads/head.h"

#define X(file) extern const est_head_kind est__##file;
#include "heads/head_files.h"
#undef X

const est_head_kind *const est__head_kinds[] = {
#define X(file) &est__##file,
#include "heads/head_files.h"
#undef X
    NULL
};

static const char *names[sizeof est__head_kinds / sizeof *est__head_kinds];

static void fill_names(void)
{
    for (size_t i = 0; est__head_kinds[i]; i++)
        names[i] = est__head_kinds[i]->name;
}

const char *const *est_head_kinds(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_names);
    return names;
}
