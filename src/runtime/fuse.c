/* Fusion: elementwise operations whose result one other such operation takes become one step, which goes block by block through all
 * of them while the block is in cache. Every member rounds to its own type, so that the bits are those of the single steps. */
#include "ops/ops.h"
#include "runtime/frame.h"

/* How an input from outside, or a member's result, is seen by a chain whose output has n elements; wider ones last. */
typedef enum view { SCALAR, ROW, SAME } view;

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

/* Some members do not broadcast: they want inputs alike, or a bias, and say so when they are run by themselves. */
static bool fits(const task *t, const est_shape *shape)
{
    const est__fused *f = t->fused;
    view result[EST__FUSED_OPS];
    for (int m = 0; m < f->num_ops; m++) {
        const est__fused_op *op = &f->op[m];
        view in[3] = { SCALAR };
        result[m] = SCALAR;
        for (int i = 0; i < op->num_in; i++) {
            in[i] = op->in[i] >= 0 ? result[op->in[i]] : t->view[~op->in[i]];
            result[m] = in[i] > result[m] ? in[i] : result[m];
            if (op->wants == EST__FUSED_ALIKE && in[i] != SAME)
                return false;
        }
        const est_tensor *bias = op->wants == EST__FUSED_BIAS && op->in[1] < 0 ? t->in[~op->in[1]] : NULL;
        if (op->wants == EST__FUSED_BIAS && (bias == NULL || in[0] != SAME || shape->rank < 2 || bias->shape.rank != 1 ||
                                             bias->shape.dim[0] != t->row))
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
    if (!see(k, &t, &shape) || (f->strict && !fits(&t, shape)))
        return one_by_one(k, f);
    EST_TRY(est__out(k, 0, shape, &out));
    t.out = out->data;
    est__for_blocks(k->pool, est__tensor_elements(out), 16 * EST__FUSED_BLOCK, run_blocks, &t);
    return EST_OK;
}

/* ---- the pass ---- */

/* A chain by its last step; count 0: none ends there. Members are in order. */
typedef struct chain {
    int count, member[EST__FUSED_OPS];
} chain;

typedef struct pass {
    est__plan *p;
    chain *chain;                 /* by step */
    bool *absorbed;               /* by step: a member of a chain that ends later */
    int *user, *maker;            /* by value: the only step that takes it; the step that gives it */
} pass;

enum { NONE = -1, MANY = -2 };

static bool is_bias(const est_operation *op)
{
    return strcmp(op->row->tf_name, "BiasAdd") == 0 && strcmp(est__attr_string(op, "data_format"), "NHWC") == 0;
}

static est_block_fn block_of(const est__step *s)
{
    const est_op_row *row = s->op->row;
    if (s->num_in < 1 || s->num_in > 3 || s->num_out != 1 || s->op->input[0]->dtype == EST_STRING)
        return NULL;
    if (is_bias(s->op))
        row = est__op_find("AddV2");     /* a row added to every row */
    return row && row->block ? row->block(s->op->input[0]->dtype) : NULL;
}

/* How often each value is used, and by which step; and which step gives it. */
static void note_uses(pass *c)
{
    const est__plan *p = c->p;
    for (size_t v = 0; v < p->num_values; v++)
        c->user[v] = c->maker[v] = NONE;
    for (size_t s = 0; s < p->num_steps; s++) {
        for (int i = 0; i < p->step[s].num_in; i++) {
            int *user = &c->user[p->step[s].in[i]];
            *user = *user == NONE || *user == (int)s ? (int)s : MANY;
        }
        if (p->step[s].num_out == 1)
            c->maker[p->step[s].out[0]] = (int)s;
    }
    for (size_t i = 0; i < p->num_fetches; i++)
        c->user[p->fetch[i]] = MANY;
    if (p->checked >= 0)
        c->user[p->checked] = MANY;
}

/* Which of the first n members gives the value; -1: none, it comes from outside. */
static int member_of(const est__plan *p, const int *members, int n, int v)
{
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
            int v = p->step[members[m]].in[i];
            bool known = member_of(p, members, n, v) >= 0;
            for (int j = 0; j < count && !known; j++)
                known = seen[j] == v;
            if (!known)
                seen[count++] = v;
        }
    return count;
}

/* Takes the chains that end in its inputs into the chain of step s, as far as there is room. */
static void absorb(pass *c, int s)
{
    const est__step *step = &c->p->step[s];
    chain *to = &c->chain[s];
    for (int i = 0; i < step->num_in; i++) {
        int maker = c->maker[step->in[i]], n = 0, a = 0, b = 0;
        if (maker < 0 || c->chain[maker].count == 0 || c->user[step->in[i]] != s)
            continue;
        chain *from = &c->chain[maker], both;
        if (from->count + to->count > EST__FUSED_OPS)
            continue;
        while (a < from->count || b < to->count)
            both.member[n++] = b == to->count || (a < from->count && from->member[a] < to->member[b]) ? from->member[a++]
                                                                                                      : to->member[b++];
        both.count = n;
        if (count_external(c->p, both.member, n) > EST__FUSED_INPUTS)
            continue;
        *to = both;
        from->count = 0;
        c->absorbed[maker] = true;
    }
}

static est__fused_wants wants_of(const est__step *s)
{
    if (is_bias(s->op))
        return EST__FUSED_BIAS;
    return s->num_in > 1 && s->op->row->cpu == est__unary_cpu ? EST__FUSED_ALIKE : EST__FUSED_ANY;
}

static est_status make_chain(est__plan *p, const chain *c, est__step *out)
{
    int n = c->count, in[EST__FUSED_INPUTS], num_in = 0;
    est__fused *f = est__arena_alloc(&p->arena, sizeof *f);
    est__step *last = &p->step[c->member[n - 1]];
    if (f == NULL || !(f->op = est__arena_alloc(&p->arena, (size_t)n * sizeof *f->op)) ||
        !(f->member = est__arena_alloc(&p->arena, (size_t)n * sizeof *f->member)) ||
        !(f->in_size = est__arena_alloc(&p->arena, EST__FUSED_INPUTS * sizeof *f->in_size)) ||
        !(out->in = est__arena_alloc(&p->arena, sizeof in)))
        return est__fail_memory(sizeof *f);
    f->num_ops = n;
    f->first_member = p->num_members;
    p->num_members += n;
    for (int m = 0; m < n; m++) {
        const est__step *s = &p->step[c->member[m]];
        est__fused_op *op = &f->op[m];
        f->member[m] = *s;
        *op = (est__fused_op){ .block = block_of(s), .num_in = s->num_in, .wants = wants_of(s),
                               .size = est_dtype_size(p->value[s->out[0]].node->dtype) };
        f->strict |= op->wants != EST__FUSED_ANY;
        for (int i = 0; i < s->num_in; i++) {
            op->in[i] = member_of(p, c->member, m, s->in[i]);
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

/* Only what runs before the assignments: after them a chain might be moved behind one. */
static void find_chains(pass *c)
{
    note_uses(c);
    for (size_t s = 0; s < c->p->first_assign; s++)
        if (block_of(&c->p->step[s])) {
            c->chain[s] = (chain){ .count = 1, .member = { (int)s } };
            absorb(c, (int)s);
        }
}

/* Members before the last of a chain stay where they are until all chains are made, as these are found by their places. */
static est_status join_chains(pass *c, est__step *steps)
{
    est__plan *p = c->p;
    size_t kept = 0, first_assign = p->first_assign;
    for (size_t s = 0; s < p->num_steps; s++) {
        if (c->absorbed[s]) {
            first_assign--;
            continue;
        }
        steps[kept] = p->step[s];
        if (c->chain[s].count > 1)
            EST_TRY(make_chain(p, &c->chain[s], &steps[kept]));
        kept++;
    }
    if (kept > 0)   /* a plan that only passes feeds on has no steps */
        memcpy(p->step, steps, kept * sizeof *steps);
    p->num_steps = kept;
    p->first_assign = first_assign;
    return EST_OK;
}

est_status est__plan_fuse(est__plan *p)
{
    size_t n = p->num_steps + 1;
    pass c = { .p = p, .chain = est__calloc(n, sizeof *c.chain), .absorbed = est__calloc(n, sizeof *c.absorbed),
               .user = est__malloc((p->num_values + 1) * sizeof *c.user),
               .maker = est__malloc((p->num_values + 1) * sizeof *c.maker) };
    est__step *steps = est__malloc(n * sizeof *steps);
    est_status st = c.chain && c.absorbed && c.user && c.maker && steps ? EST_OK : est__fail_memory(n * sizeof *steps);
    if (st == EST_OK) {
        find_chains(&c);
        st = join_chains(&c, steps);
    }
    est__free(c.chain);
    est__free(c.absorbed);
    est__free(c.user);
    est__free(c.maker);
    est__free(steps);
    return st;
}
