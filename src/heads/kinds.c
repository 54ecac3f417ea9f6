/* All kinds of heads, from the list of files in Makefile.inc. */
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
