/* Fusion: elementwise operations whose result one other such operation takes become one step, which goes block by block through all
 * of them while the block is in cache. Every member rounds to its own type, so that the bits are those of the single steps. */
#include "runtime/frame.h"

/* How an input from outside is seen by a chain whose output has n elements. */
typedef enum view { SAME, SCALAR, ROW } view;

typedef struct task {
    const est__fused *fused;
    int num_in;
    const est_tensor *in[EST__FUSED_INPUTS];
    view view[EST__FUSED_INPUTS];
    int64_t row;                  /* elements of the last dimension */
    char *out;
} task;

/* Which of the inputs has the output's shape, and how the others fit; false: not this way. */
static bool see(const est_kernel *k, task *t, const est_shape **shape)
{
    int64_t most = -1;
    for (int i = 0; i < k->num_in; i++) {
        int64_t n = est__tensor_elements(k->in[i]);
        if (n > most || (n == most && k->in[i]->shape.rank > (*shape)->rank)) {
            most = n;
            *shape = &k->in[i]->shape;
        }
    }
    const est_shape *s = *shape;
    t->row = s->rank ? s->dim[s->rank - 1] : 1;
    for (int i = 0; i < k->num_in; i++) {
        const est_shape *x = &k->in[i]->shape;
        int64_t n = est__tensor_elements(k->in[i]);
        t->in[i] = k->in[i];
        if (est_shape_equal(x, s))
            t->view[i] = SAME;
        else if (n == 1 && x->rank <= s->rank)
            t->view[i] = SCALAR;
        else if (x->rank >= 1 && x->rank <= s->rank && n == t->row && x->dim[x->rank - 1] == n)
            t->view[i] = ROW;
        else
            return false;
    }
    return true;
}

static void repeat(char *to, const char *from, size_t size, int64_t row, int64_t begin, int64_t n)
{
    int64_t at = begin % row;
    while (n > 0) {
        int64_t part = row - at < n ? row - at : n;
        memcpy(to, from + (size_t)at * size, (size_t)part * size);
        to += (size_t)part * size;
        n -= part;
        at = 0;
    }
}

static void run_block(const task *t, char in_room[][EST__FUSED_BLOCK * 8], char room[][EST__FUSED_BLOCK * 8], int64_t begin, int64_t n)
{
    const est__fused *f = t->fused;
    const char *in[EST__FUSED_INPUTS];
    for (int i = 0; i < t->num_in; i++) {
        in[i] = in_room[i];
        if (t->view[i] == SAME)
            in[i] = (const char *)t->in[i]->data + (size_t)begin * f->in_size[i];
        else if (t->view[i] == ROW)
            repeat(in_room[i], t->in[i]->data, f->in_size[i], t->row, begin, n);
    }
    for (int m = 0; m < f->num_ops; m++) {
        const est__fused_op *op = &f->op[m];
        const void *args[3];
        for (int i = 0; i < op->num_in; i++)
            args[i] = op->in[i] >= 0 ? room[op->in[i]] : in[~op->in[i]];
        op->block(args, m + 1 == f->num_ops ? t->out + (size_t)begin * op->size : room[m], n);
    }
}

static void run_blocks(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const task *t = arg;
    _Alignas(64) char in_room[EST__FUSED_INPUTS][EST__FUSED_BLOCK * 8];
    _Alignas(64) char room[EST__FUSED_OPS][EST__FUSED_BLOCK * 8];
    int64_t filled = end - begin < EST__FUSED_BLOCK ? end - begin : EST__FUSED_BLOCK;
    (void)block;
    for (int i = 0; i < t->num_in; i++)
        if (t->view[i] == SCALAR)
            repeat(in_room[i], t->in[i]->data, t->fused->in_size[i], 1, 0, filled);
    for (int64_t at = begin; at < end; at += EST__FUSED_BLOCK)
        run_block(t, in_room, room, at, end - at < EST__FUSED_BLOCK ? end - at : EST__FUSED_BLOCK);
}

static est_status one_by_one(est_kernel *k, const est__fused *f)
{
    est__frame *frame = k->frame;
    for (int m = 0; m < f->num_ops; m++) {
        frame->step = &f->member[m];
        est__heap_empty(&frame->scratch);
        EST_TRY(f->member[m].cpu(&frame->member[f->first_member + m]));
    }
    return EST_OK;
}

est_status est__fused_cpu(est_kernel *k)
{
    const est__fused *f = k->frame->step->fused;
    const est_shape *shape = NULL;
    task t = { .fused = f, .num_in = k->num_in };
    est_tensor *out;
    if (!see(k, &t, &shape))
        return one_by_one(k, f);
    EST_TRY(est__out(k, 0, shape, &out));
    t.out = out->data;
    est__for_blocks(k->pool, est__tensor_elements(out), 16 * EST__FUSED_BLOCK, run_blocks, &t);
    return EST_OK;
}

/* ---- the pass ---- */

static est_block_fn block_of(const est__step *s)
{
    const est_op_row *row = s->op->row;
    if (s->num_in < 1 || s->num_in > 3 || s->num_out != 1 || s->op->input[0]->dtype == EST_STRING)
        return NULL;
    if (strcmp(row->tf_name, "BiasAdd") == 0 && strcmp(est__attr_string(s->op, "data_format"), "NHWC") == 0)
        row = est__op_find("AddV2");     /* a row added to every row */
    return row && row->block ? row->block(s->op->input[0]->dtype) : NULL;
}

/* How often each value is used, and by which step. */
static void count_uses(const est__plan *p, int *user)
{
    enum { NONE = -1, MANY = -2 };
    for (size_t v = 0; v < p->num_values; v++)
        user[v] = NONE;
    for (size_t s = 0; s < p->num_steps; s++)
        for (int i = 0; i < p->step[s].num_in; i++) {
            int v = p->step[s].in[i];
            user[v] = user[v] == NONE || user[v] == (int)s ? (int)s : MANY;
        }
    for (size_t i = 0; i < p->num_fetches; i++)
        user[p->fetch[i]] = MANY;
    if (p->checked >= 0)
        user[p->checked] = MANY;
}

/* Members of the chain that ends in step `last`, in order. */
static int members_of(const int *group, int last, int *members)
{
    int n = 0;
    for (int s = 0; s <= last; s++)
        if (group[s] == last)
            members[n++] = s;
    return n;
}

static int external(const est__step *s, const int *members, int n, int v, const est__plan *p)
{
    (void)s;
    for (int m = 0; m < n; m++)
        if (p->step[members[m]].out[0] == v)
            return m;
    return -1;
}

static int count_external(const est__plan *p, const int *members, int n)
{
    int seen[3 * EST__FUSED_OPS], count = 0;
    for (int m = 0; m < n; m++)
        for (int i = 0; i < p->step[members[m]].num_in; i++) {
            int v = p->step[members[m]].in[i], known = external(NULL, members, n, v, p) >= 0;
            for (int j = 0; j < count && !known; j++)
                known = seen[j] == v;
            if (!known)
                seen[count++] = v;
        }
    return count;
}

/* Takes the chains that end in its inputs into step s, as far as there is room. */
static void absorb(const est__plan *p, int *group, const int *user, int s)
{
    const est__step *step = &p->step[s];
    for (int i = 0; i < step->num_in; i++) {
        int members[2 * EST__FUSED_OPS], maker = -1;
        for (int t = s; t-- > 0 && maker < 0;)
            if (p->step[t].num_out == 1 && p->step[t].out[0] == step->in[i])
                maker = t;
        if (maker < 0 || group[maker] != maker || user[step->in[i]] != s)
            continue;
        int n = members_of(group, maker, members);
        n += members_of(group, s, members + n);
        if (n > EST__FUSED_OPS || count_external(p, members, n) > EST__FUSED_INPUTS)
            continue;
        for (int t = 0; t <= maker; t++)
            if (group[t] == maker)
                group[t] = s;
    }
}

static est_status make_chain(est__plan *p, const int *members, int n, est__step *out)
{
    est__fused *f = est__arena_alloc(&p->arena, sizeof *f);
    est__step *last = &p->step[members[n - 1]];
    int in[EST__FUSED_INPUTS], num_in = 0;
    if (f == NULL || !(f->op = est__arena_alloc(&p->arena, (size_t)n * sizeof *f->op)) ||
        !(f->member = est__arena_alloc(&p->arena, (size_t)n * sizeof *f->member)) ||
        !(f->in_size = est__arena_alloc(&p->arena, EST__FUSED_INPUTS * sizeof *f->in_size)) ||
        !(out->in = est__arena_alloc(&p->arena, sizeof in)))
        return est__fail_memory(sizeof *f);
    f->num_ops = n;
    f->first_member = p->num_members;
    p->num_members += n;
    for (int m = 0; m < n; m++) {
        const est__step *s = &p->step[members[m]];
        est__fused_op *op = &f->op[m];
        f->member[m] = *s;
        *op = (est__fused_op){ .block = block_of(s), .num_in = s->num_in,
                               .size = est_dtype_size(p->value[s->out[0]].node->dtype) };
        for (int i = 0; i < s->num_in; i++) {
            op->in[i] = external(s, members, m, s->in[i], p);
            int e = 0;
            while (op->in[i] < 0 && e < num_in && in[e] != s->in[i])
                e++;
            if (op->in[i] < 0) {
                if (e == num_in) {
                    in[num_in++] = s->in[i];
                    f->in_size[e] = est_dtype_size(p->value[s->in[i]].node->dtype);
                }
                op->in[i] = ~e;
            }
        }
    }
    int *place = out->in;
    *out = (est__step){ .op = last->op, .cpu = est__fused_cpu, .in = place, .out = last->out, .num_in = num_in, .num_out = 1,
                        .fused = f };
    memcpy(out->in, in, (size_t)num_in * sizeof *in);
    return EST_OK;
}

est_status est__plan_fuse(est__plan *p)
{
    size_t n = p->num_steps, kept = 0, first_assign = p->first_assign;
    int *group = est__malloc((n + 1) * sizeof *group), *user = est__malloc((p->num_values + 1) * sizeof *user);
    est_status st = group && user ? EST_OK : est__fail_memory(n * sizeof *group);
    est__step *steps = est__malloc((n + 1) * sizeof *steps);
    if (st == EST_OK && steps == NULL)
        st = est__fail_memory(n * sizeof *steps);
    if (st == EST_OK) {
        count_uses(p, user);
        for (size_t s = 0; s < n; s++) {
            group[s] = s < p->first_assign && block_of(&p->step[s]) ? (int)s : -1;
            if (group[s] >= 0)
                absorb(p, group, user, (int)s);
        }
    }
    for (size_t s = 0; s < n && st == EST_OK; s++) {
        int members[EST__FUSED_OPS], count = group[s] == (int)s ? members_of(group, (int)s, members) : 1;
        if (group[s] >= 0 && group[s] != (int)s) {
            if (s < p->first_assign)
                first_assign--;
            continue;
        }
        steps[kept] = p->step[s];
        if (count > 1)
            st = make_chain(p, members, count, &steps[kept]);
        kept++;
    }
    if (st == EST_OK) {
        if (kept > 0)   /* a plan that only passes feeds on has no steps */
            memcpy(p->step, steps, kept * sizeof *steps);
        p->num_steps = kept;
        p->first_assign = first_assign;
    }
    est__free(group);
    est__free(user);
    est__free(steps);
    return st;
}
