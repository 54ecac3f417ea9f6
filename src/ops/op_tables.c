/* All op tables, from the list of files in Makefile.inc. */
#include "graph/op.h"

#define X(family) extern const est_op_row est__ops_##family[];
#include "ops/op_files.h"
#undef X

const est_op_row *const est__op_tables[] = {
#define X(family) est__ops_##family,
#include "ops/op_files.h"
#undef X
    NULL
};
