/* What an exported SavedModel has beside its model: saving and restoring, summaries. Rows without kernels:
 * written, never run. */
#include "ops/ops.h"

EST_OPS(exports,
        { .tf_name = "SaveV2",
          .signature = "prefix: string, tensor_names: string, shape_and_slices: string, "
                       "tensors: dtypes -> ; dtypes: list(type)",
          .infer = est__infer_none, .flags = EST_OP_STATEFUL },
        { .tf_name = "ShardedFilename",
          .signature = "basename: string, shard: int32, num_shards: int32 -> filename: string",
          .infer = est__infer_scalar },
        { .tf_name = "MergeV2Checkpoints",
          .signature = "checkpoint_prefixes: string, destination_prefix: string -> ; "
                       "delete_old_dirs: bool = true; allow_missing_files: bool = false",
          .infer = est__infer_none, .flags = EST_OP_STATEFUL },
        { .tf_name = "ScalarSummary",
          .signature = "tags: string, values: T -> summary: string; T: " EST_SIG_NUMBERS,
          .infer = est__infer_scalar },
        { .tf_name = "HistogramSummary",
          .signature = "tag: string, values: T -> summary: string; T: " EST_SIG_NUMBERS " = float",
          .infer = est__infer_scalar },
        { .tf_name = "StaticRegexFullMatch", .signature = "input: string -> output: bool; pattern: string",
          .infer = est__infer_same });
