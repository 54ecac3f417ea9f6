/* Products of matrices: OpenBLAS, or oneDNN for large ones, called on one thread for each tile; plain loops
 * for tiny products, for whole numbers, and where neither is. */
#include "backend/cpu/blas.h"

#include "backend/cpu/onednn.h"
#include "backend/cpu/vector.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

enum {
    TINY = 128,            /* a call of BLAS costs more than this many terms */
    SPLIT = 1 << 20,       /* terms of a tile that is worth a second thread */
    LARGE = 1 << 22,       /* terms from which oneDNN is asked; its start costs what 2000 of those save */
    HUGE_TILE = 1 << 24,   /* terms of a tile that is cut further, although it is narrow */
    PIECES = 16
};

/* A tile of a product; p->ta and so on hold for it too. */
typedef struct product {
    est_dtype dtype;
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    const char *a, *b;
    char *c;
    est__engine engine;
} product;

/* Rows of c are sums of rows of b; or c's elements are dot products, where both operands lie along k. */
#define PLAIN(T, A)                                                                                        \
    static T dot_##T(const T *a, const T *b, int64_t k)                                                    \
    {                                                                                                      \
        T lane[8] = { 0 }, y = 0;                                                                          \
        int64_t i = 0;                                                                                     \
        for (; i + 8 <= k; i += 8)                                                                         \
            for (int j = 0; j < 8; j++)                                                                    \
                lane[j] = (T)((A)lane[j] + (A)a[i + j] * (A)b[i + j]);                                     \
        for (int j = 0; j < 8; j++)                                                                        \
            y = (T)((A)y + (A)lane[j]);                                                                    \
        for (; i < k; i++)                                                                                 \
            y = (T)((A)y + (A)a[i] * (A)b[i]);                                                             \
        return y;                                                                                          \
    }                                                                                                      \
    EST_CLONES static void rows_##T(const product *p, int64_t from, int64_t to, int64_t p0, int64_t p1)    \
    {                                                                                                      \
        const T *a = (const T *)p->a, *b = (const T *)p->b;                                                \
        int64_t row = p->ta ? 1 : p->lda, step = p->ta ? p->lda : 1;                                       \
        for (int64_t i = 0; i < p->m; i++) {                                                               \
            T *y = (T *)p->c + i * p->ldc;                                                                 \
            for (int64_t q = p0; q < p1; q++) {                                                            \
                const T x = a[i * row + q * step], *z = b + q * p->ldb;                                    \
                EST_IVDEP                                                                                  \
                for (int64_t j = from; j < to; j++)                                                        \
                    y[j] = (T)((A)y[j] + (A)x * (A)z[j]);                                                  \
            }                                                                                              \
        }                                                                                                  \
    }                                                                                                      \
    static void plain_##T(const product *p)                                                                \
    {                                                                                                      \
        const T *a = (const T *)p->a, *b = (const T *)p->b;                                                \
        T *c = (T *)p->c;                                                                                  \
        if (p->k == 1 && p->n == 1) {                                                                      \
            for (int64_t i = 0; i < p->m; i++)                                                             \
                c[i * p->ldc] = (T)((A)a[i * (p->ta ? 1 : p->lda)] * (A)b[0]);                             \
            return;                                                                                        \
        }                                                                                                  \
        if (p->tb || (p->n == 1 && p->ldb == 1)) {                                                         \
            int64_t col = p->tb ? p->ldb : 1;                                                              \
            for (int64_t i = 0; i < p->m; i++)                                                             \
                for (int64_t j = 0; j < p->n; j++) {                                                       \
                    T y = 0;                                                                               \
                    if (!p->ta)                                                                            \
                        y = dot_##T(a + i * p->lda, b + j * col, p->k);                                    \
                    else                                                                                   \
                        for (int64_t q = 0; q < p->k; q++)                                                 \
                            y = (T)((A)y + (A)a[q * p->lda + i] * (A)b[j * col + q]);                      \
                    c[i * p->ldc + j] = y;                                                                 \
                }                                                                                          \
            return;                                                                                        \
        }                                                                                                  \
        for (int64_t i = 0; i < p->m; i++)                                                                 \
            memset(c + i * p->ldc, 0, (size_t)p->n * sizeof(T));                                           \
        for (int64_t j = 0; j < p->n; j += 1024)          /* blocks of b that stay in cache */             \
            for (int64_t q = 0; q < p->k; q += 64)                                                         \
                rows_##T(p, j, j + 1024 < p->n ? j + 1024 : p->n, q, q + 64 < p->k ? q + 64 : p->k);       \
    }
PLAIN(float, float)
PLAIN(double, double)
PLAIN(int32_t, uint32_t)
PLAIN(int64_t, uint64_t)

static void plain(const product *p)
{
    switch (p->dtype) {
    case EST_FLOAT: plain_float(p); break;
    case EST_DOUBLE: plain_double(p); break;
    case EST_INT32: plain_int32_t(p); break;
    default: plain_int64_t(p); break;
    }
}

/* ---- engines ---- */
bool est__engine_found(est__engine e)
{
#ifdef HAVE_OPENBLAS
    if (e == EST__OPENBLAS)
        return true;
#endif
    return e == EST__BY_SIZE || e == EST__PLAIN || (e == EST__ONEDNN && est__onednn_found());
}

/* Where it is the faster one, by 10 to 30 % on a core with AVX-512 (bench/product). */
static bool suits_onednn(const est__product *p)
{
    return p->dtype == EST_FLOAT && (double)p->m * (double)p->n * (double)p->k >= LARGE && p->k >= 16 &&
           (p->tb ? !p->ta && p->m >= 128 && p->n >= 128 : p->m >= 16 && p->n >= 64);
}

static est__engine choose(const est__product *p)
{
    double work = (double)p->m * (double)p->n * (double)p->k;
    bool fits = p->m <= INT32_MAX && p->n <= INT32_MAX && p->k <= INT32_MAX;
    bool real = p->dtype == EST_FLOAT || p->dtype == EST_DOUBLE;
    if (!fits || !real || work <= TINY || (p->n == 1 && p->k == 1))
        return EST__PLAIN;
    if (suits_onednn(p) && est__onednn_found())
        return EST__ONEDNN;
    return est__engine_found(EST__OPENBLAS) ? EST__OPENBLAS : EST__PLAIN;
}

#ifdef HAVE_OPENBLAS
/* Serial builds of OpenBLAS may keep their table of work buffers without a lock (Debian's 0.3.21 does): two
 * threads inside at once can be given one buffer, and then both results are wrong. So one thread is inside at
 * a time, whichever plan or predictor it works for. */
static pthread_mutex_t openblas = PTHREAD_MUTEX_INITIALIZER;

static void openblas_product(const product *p)
{
    enum CBLAS_TRANSPOSE ta = p->ta ? CblasTrans : CblasNoTrans, tb = p->tb ? CblasTrans : CblasNoTrans;
    int m = (int)p->m, n = (int)p->n, k = (int)p->k, lda = (int)p->lda, ldb = (int)p->ldb, ldc = (int)p->ldc;
    const void *a = p->a, *b = p->b;
    void *c = p->c;
    pthread_mutex_lock(&openblas);
    if (p->dtype == EST_FLOAT)
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
    pthread_mutex_unlock(&openblas);
}
#endif

static void multiply_tile(const product *p)
{
    const void *a = p->a, *b = p->b;
    void *c = p->c;
    if (p->engine == EST__ONEDNN &&
        est__onednn_product(p->ta, p->tb, p->m, p->n, p->k, a, p->lda, b, p->ldb, c, p->ldc))
        return;
#ifdef HAVE_OPENBLAS
    if (p->engine != EST__PLAIN) {
        openblas_product(p);
        return;
    }
#endif
    plain(p);
}

/* ---- tiles ---- */
typedef struct job {
    const est__product *p;
    product whole;
    bool turned;                  /* c is made as its transpose, which is the same memory: it is one column */
    int64_t rows, columns;        /* of a tile */
    int64_t across;               /* tiles beside each other */
} job;

static void one_tile(void *arg, int64_t t, int64_t begin, int64_t end)
{
    const job *j = arg;
    product p = j->whole;
    int64_t size = (int64_t)est_dtype_size(p.dtype);
    int64_t row = t / j->across * j->rows, column = t % j->across * j->columns;
    (void)begin, (void)end;
    p.m = p.m - row < j->rows ? p.m - row : j->rows;
    p.n = p.n - column < j->columns ? p.n - column : j->columns;
    p.a += row * (p.ta ? 1 : p.lda) * size;
    p.b += column * (p.tb ? p.ldb : 1) * size;
    p.c += (row * p.ldc + column) * size;
    if (p.k == 0)
        for (int64_t i = 0; i < p.m; i++)
            memset(p.c + i * p.ldc * size, 0, (size_t)(p.n * size));
    else
        multiply_tile(&p);
    if (j->p->then && j->turned)
        j->p->then(j->p->arg, column, p.n, row, p.m);
    else if (j->p->then)
        j->p->then(j->p->arg, row, p.m, column, p.n);
}

/* Halves the longer side. In tiles of less than 128 an engine repacks its operands too often; those of more
 * than 512 leave the cache before `then` sees them. */
static void cut(job *j, double work)
{
    int64_t tiles = 1, *longer;
    for (; work > SPLIT; work /= 2, tiles *= 2) {
        longer = j->rows >= j->columns ? &j->rows : &j->columns;
        if (*longer <= 512 && (tiles >= PIECES || *longer <= (work > HUGE_TILE ? 32 : 128)))
            return;
        *longer = (*longer / 2 + 15) / 16 * 16;
    }
}

void est__multiply(est__pool *pool, const est__product *p)
{
    job j = { .p = p };
    j.whole = (product){ .dtype = p->dtype,
                         .ta = p->ta,
                         .tb = p->tb,
                         .m = p->m,
                         .n = p->n,
                         .k = p->k,
                         .lda = p->ta ? p->m : p->k,
                         .ldb = p->tb ? p->k : p->n,
                         .ldc = p->n,
                         .a = p->a,
                         .b = p->b,
                         .c = p->c,
                         .engine = p->engine ? p->engine : choose(p) };
    if (p->m == 0 || p->n == 0)
        return;
    if (p->n == 1 && p->ta) {   /* a column from a': the row b' a */
        j.turned = true;
        product w = j.whole;
        j.whole = (product){ .dtype = w.dtype, .m = 1, .n = w.m, .k = w.k, .lda = w.k, .ldb = w.m, .ldc = w.m,
                             .a = w.b, .b = w.a, .c = w.c, .engine = w.engine };
    }
    j.rows = j.whole.m;
    j.columns = j.whole.n;
    cut(&j, (double)p->m * (double)p->n * (double)p->k);
    j.across = (j.whole.n - 1) / j.columns + 1;
    if (j.whole.engine == EST__OPENBLAS)
        pool = NULL;   /* its tiles go one after another */
    est__for_blocks(pool, ((j.whole.m - 1) / j.rows + 1) * j.across, 1, one_tile, &j);
}

void est__matrix_product(est__pool *pool, est_dtype dtype, bool transpose_a, bool transpose_b, int64_t m,
                         int64_t n, int64_t k, const void *a, const void *b, void *c)
{
    est__multiply(pool, &(est__product){ .dtype = dtype, .ta = transpose_a, .tb = transpose_b, .m = m, .n = n,
                                         .k = k, .a = a, .b = b, .c = c });
}
