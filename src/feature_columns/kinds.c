/* All kinds of columns, from the list of files in Makefile.inc, and their names. */
#include "feature_columns/columns.h"

#define X(file) extern const est_column_kind est__column_##file;
#include "feature_columns/column_files.h"
#undef X

const est_column_kind *const est__column_kinds[] = {
#define X(file) &est__column_##file,
#include "feature_columns/column_files.h"
#undef X
    NULL
};

static const char *names[sizeof est__column_kinds / sizeof est__column_kinds[0]];

static void fill_names(void)
{
    for (size_t i = 0; est__column_kinds[i]; i++)
        names[i] = est__column_kinds[i]->name;
}

const char *const *est_column_kinds(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_names);
    return names;
}
