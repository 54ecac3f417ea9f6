/* The files that names and globs stand for, or a shard of them. */
#include <errno.h>
#include <sys/stat.h>

#include <estimator/readers.h>

#include "base/base.h"

struct est_file_list {
    est__names all;
    char **path;              /* those of the shard, lent by `all` */
    size_t count;
};

static est_status check_shard(int64_t num_shards, int64_t index)
{
    if (num_shards < 1)
        return est__fail(EST_INVALID_ARGUMENT, "est_list_files: num_shards is %lld", (long long)num_shards);
    if (index < 0 || index >= num_shards)
        return est__fail(EST_INVALID_ARGUMENT, "est_list_files: index is %lld; it lies in [0, %lld)", (long long)index,
                         (long long)num_shards);
    return EST_OK;
}

static est_status find(est_file_list *l, est_strings patterns, int64_t num_shards, int64_t index)
{
    struct stat s;
    EST_TRY(check_shard(num_shards, index));
    EST_TRY(est__glob_all(patterns, &l->all));
    for (size_t i = 0; i < l->all.count; i++)
        if (stat(l->all.name[i], &s) != 0)
            return est__fail_errno(errno, "%s", l->all.name[i]);
    if (!l->all.count)
        return est__fail(EST_INVALID_ARGUMENT, "est_list_files: no file is named");
    if (l->all.count < (uint64_t)num_shards)
        return est__fail(EST_INVALID_ARGUMENT, "%zu files cannot be shared among %lld: each needs one at least; share their rows "
                         "(est_dataset_shard), or write them in more files", l->all.count, (long long)num_shards);
    l->path = est__calloc(l->all.count / (size_t)num_shards + 1, sizeof *l->path);
    if (!l->path)
        return est__fail_memory(l->all.count * sizeof *l->path);
    for (size_t i = (size_t)index; i < l->all.count; i += (size_t)num_shards)
        l->path[l->count++] = l->all.name[i];
    return EST_OK;
}

est_status est_list_files(est_strings patterns, int64_t num_shards, int64_t index, est_file_list **out)
{
    est_file_list *l = est__calloc(1, sizeof *l);
    est_status st = l ? find(l, patterns, num_shards, index) : est__fail_memory(sizeof *l);
    if (st != EST_OK) {
        est_file_list_free(l);
        l = NULL;
    }
    *out = l;
    return st;
}

est_strings est_file_list_paths(const est_file_list *l)
{
    return l ? (est_strings){ (const char *const *)l->path, l->count } : (est_strings){ 0 };
}

void est_file_list_free(est_file_list *l)
{
    if (!l)
        return;
    est__names_free(&l->all);
    est__free(l->path);
    est__free(l);
}
