/* Keeping checkpoints apart. */
#include "train/kept.h"

#include <unistd.h>

#include "formats/checkpoint_state.h"
#include "train/model_dir.h"

/* `optional`: a set may lack it. */
static est_status link_file(const char *prefix, const char *dir, const char *suffix, bool optional)
{
    est__buffer from = { 0 }, to = { 0 };
    est__buffer_printf(&from, "%s.%s", prefix, suffix);
    est__buffer_printf(&to, "%s/%s.%s", dir, est__base_name(prefix), suffix);
    est_status st = from.status != EST_OK ? from.status : to.status;
    if (st == EST_OK && !est__is_file(from.data))
        st = optional ? EST_OK : est__fail(EST_NOT_FOUND, "%s: is not there", from.data);
    else if (st == EST_OK && !est__is_file(to.data) && link(from.data, to.data) != 0)
        st = est__file_copy(from.data, to.data);
    est__buffer_free(&from);
    est__buffer_free(&to);
    return st;
}

est_status est__checkpoint_link(const char *prefix, const char *dir)
{
    EST_TRY(est__make_dirs(dir));
    EST_TRY(link_file(prefix, dir, "data-00000-of-00001", false));
    EST_TRY(link_file(prefix, dir, "input", true));
    return link_file(prefix, dir, "index", false);
}

/* The names in the folder with the new one last, as many as stay; the others' sets go. */
static est_status rewrite_state(const char *dir, const char *name, const est__checkpoints *have, int64_t keep)
{
    est__checkpoint_state state = { 0 };
    char **names = est__calloc(have->count + 1, sizeof *names);
    size_t n = 0;
    if (names == NULL)
        return est__fail_memory(have->count * sizeof *names);
    for (size_t i = have->count; i-- > 0;)
        if (strcmp(est__base_name(have->prefix[i]), name) != 0)
            names[n++] = have->prefix[i];
    size_t drop = keep > 0 && n + 1 > (size_t)keep ? n + 1 - (size_t)keep : 0;
    char *own = (char *)(uintptr_t)name;
    state.model_checkpoint_path = own;
    for (size_t i = drop; i < n; i++)
        names[i] = (char *)(uintptr_t)est__base_name(names[i]);
    names[n] = own;
    state.all_model_checkpoint_paths = names + drop;
    state.count = n + 1 - drop;
    est_status st = est__checkpoint_state_write(dir, &state);
    for (size_t i = 0; i < drop && st == EST_OK; i++)
        est__checkpoint_remove(names[i]);
    est__free(names);
    return st;
}

est_status est__checkpoint_keep(const char *prefix, const char *dir, int64_t keep)
{
    est__checkpoints have;
    EST_TRY(est__checkpoint_link(prefix, dir));
    est_status st = est__checkpoints_list(dir, &have);
    if (st == EST_OK)
        st = rewrite_state(dir, est__base_name(prefix), &have, keep);
    est__checkpoints_free(&have);
    return st;
}
