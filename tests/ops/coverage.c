/* Every op that has a kernel is in the recorded cases, or among the few that are tested by hand. */
#include <stdlib.h>

#include "ops/cases.h"

static est__map *seen;

static void note(const op_case *c)
{
    est__map_put(seen, c->op, strlen(c->op), seen);
}

static void every_kernel_has_a_case(void)
{
    static const char *const by_hand[] = {
        "Const",
        "Placeholder",
        "NoOp",
        "EstCheckRange",
        "EstCheckWeights",
        "EstCheckKnown", /* messages.c */
        "EstCheckEqual", /* feature_columns/sequence.c */
        "EstChooseCenters", /* estimators/kmeans.c */
        "EstNearestCenters", /* clusters.c */
        "EstCheckSeveral", /* nn/normalising.c */
        "RandomUniform",
        "RandomStandardNormal",
        "TruncatedNormal",
        "RandomUniformInt", /* threads.c */
        "HashTableV2",
        "LookupTableFindV2",
        "LookupTableSizeV2",
        "LookupTableImportV2", /* lookup.c */
        "LookupTableExportV2",
        "LookupTableInsertV2", /* mutable_table.c */
        "InitializeTableV2",
        "InitializeTableFromTextFileV2",
        "VarHandleOp",
        "Assert",
        "EmptyTensorList",
        "TensorListFromTensor",
        "TensorListGetItem",
        "TensorListLength",
        "TensorListPopBack",
        "TensorListPushBack",
        "TensorListReserve",
        "TensorListSetItem",
        "TensorListStack",                  /* runtime/functions.c */
        "FakeParam",                        /* runtime/function_gradients.c */
        "EstRnn",
        "EstRnnGrad",                       /* nn/rnn.c */
        "RestoreV2",                        /* feature_columns/tables.c */
        "VarIsInitializedOp",               /* variables.c */
        "EstTreeEnsemble",                  /* tree_ensemble.c */
        "EstEmbeddingIds",                  /* recorded.c: in a gradient */
        "EstSafeEmbeddingLookupSparseGrad", /* recorded.c: a gradient */
    };
    EST_NEED(seen == NULL && (seen = est__map_new()) != NULL);
    for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++)
        est__map_put(seen, by_hand[i], strlen(by_hand[i]), seen);
    op_cases_each(EST_TEST_DATA("tests/golden/ops.txt"), note);
    op_cases_each(EST_TEST_DATA("tests/golden/ops_sparse.txt"), note);
    for (size_t i = 0; est__op_tables[i] != NULL; i++)
        for (const est_op_row *row = est__op_tables[i]; row->tf_name != NULL; row++)
            if (row->cpu != NULL && est__map_get(seen, row->tf_name, strlen(row->tf_name)) == NULL)
                est_test_str(row->tf_name, "an op with a recorded case", EST_HERE("op tables"));
    est__map_free(seen);
    seen = NULL;
}

EST_SUITE(ops_coverage, EST_TEST(every_kernel_has_a_case));
