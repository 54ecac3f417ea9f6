/* Fusion: elementwise operations whose result one other such operation takes become one step, together with
 * the product of matrices to which they add a bias. chain.c runs these. */
#include "ops/ops.h"
#include "runtime/plan.h"

/* A chain by its last step; count 0: none ends there. Members are in order. */
typedef struct chain {
    int count, member[EST__FUSED_OPS];
    bool product;                 /* the first member is a MatMul */
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
    return strcmp(op->row->tf_name, "BiasAdd") == 0 &&
           strcmp(est__attr_string(op, "data_format"), "NHWC") == 0;
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
        while (a < from->count || b < to->count) {
            bool first = b == to->count || (a < from->count && from->member[a] < to->member[b]);
            both.member[n++] = first ? from->member[a++] : to->member[b++];
        }
        both.product = false;
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
    f->product = c->product;
    f->ta = c->product && est__attr_bool(p->step[c->member[0]].op, "transpose_a");
    f->tb = c->product && est__attr_bool(p->step[c->member[0]].op, "transpose_b");
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
                if (op->block)
                    f->chained |= 1u << e;
            }
        }
    }
    int *place = out->in;
    *out = (est__step){ .op = last->op, .in = place, .out = last->out, .num_in = num_in, .num_out = 1,
                        .fused = f, .cpu = f->product ? est__fused_product_cpu : est__fused_cpu };
    memcpy(out->in, in, (size_t)num_in * sizeof *in);
    return EST_OK;
}

/* Puts the product before the chain that ends in step s and adds a bias to it, where nobody else wants it. */
static void take_product(pass *c, int s)
{
    const est__plan *p = c->p;
    chain *to = &c->chain[s], with;
    for (int m = 0; m < to->count && to->count < EST__FUSED_OPS; m++) {
        const est__step *bias = &p->step[to->member[m]];
        int product = is_bias(bias->op) ? c->maker[bias->in[0]] : NONE;
        if (product < 0 || c->user[bias->in[0]] != to->member[m] || bias->in[1] == bias->in[0] ||
            strcmp(p->step[product].op->row->tf_name, "MatMul") != 0 ||
            p->value[bias->in[0]].node->dtype != p->value[p->step[s].out[0]].node->dtype)
            continue;
        with = (chain){ .count = to->count + 1, .member = { product }, .product = true };
        memcpy(with.member + 1, to->member, (size_t)to->count * sizeof *to->member);
        if (count_external(p, with.member, with.count) > EST__FUSED_INPUTS)
            continue;
        *to = with;
        c->absorbed[product] = true;
        return;
    }
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
    for (size_t s = 0; s < c->p->first_assign; s++)
        if (c->chain[s].count > 0)
            take_product(c, (int)s);
}

/* Members before the last stay where they are until all chains are made: they are found by place. */
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
    pass c = { .p = p, .chain = est__calloc(n, sizeof *c.chain),
               .absorbed = est__calloc(n, sizeof *c.absorbed),
               .user = est__malloc((p->num_values + 1) * sizeof *c.user),
               .maker = est__malloc((p->num_values + 1) * sizeof *c.maker) };
    est__step *steps = est__malloc(n * sizeof *steps);
    bool room = c.chain && c.absorbed && c.user && c.maker && steps;
    est_status st = room ? EST_OK : est__fail_memory(n * sizeof *steps);
    if (room) {
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
