/* Products of matrices: OpenBLAS, called on one thread for each tile, where it is built in; plain loops for
 * tiny products, for whole numbers, and everywhere else. */
#include "backend/cpu/blas.h"

#include "backend/cpu/vector.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

/* A call of BLAS costs more than this many products. */
enum { TINY = 4096, PIECE = 1 << 17, PIECES = 16 };

typedef struct product {
    est_dtype dtype;
    bool ta, tb, by_rows;
    int64_t m, n, k, lda, ldb, ldc;
    const char *a, *b;
    char *c;
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

static void tile(const product *p)
{
#ifdef HAVE_OPENBLAS
    enum CBLAS_TRANSPOSE ta = p->ta ? CblasTrans : CblasNoTrans, tb = p->tb ? CblasTrans : CblasNoTrans;
    int m = (int)p->m, n = (int)p->n, k = (int)p->k, lda = (int)p->lda, ldb = (int)p->ldb, ldc = (int)p->ldc;
    bool fits = p->m <= INT32_MAX && p->n <= INT32_MAX && p->k <= INT32_MAX && p->lda <= INT32_MAX &&
                p->ldb <= INT32_MAX;
    if (fits && p->m * p->n * p->k > TINY && p->dtype == EST_FLOAT) {
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, (const float *)p->a, lda, (const float *)p->b, ldb, 0,
                    (float *)p->c, ldc);
        return;
    }
    if (fits && p->m * p->n * p->k > TINY && p->dtype == EST_DOUBLE) {
        cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, (const double *)p->a, lda, (const double *)p->b, ldb,
                    0, (double *)p->c, ldc);
        return;
    }
#endif
    plain(p);
}

/* Rows, or columns, [begin, end) of c. */
static void tile_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    product p = *(const product *)arg;
    int64_t size = (int64_t)est_dtype_size(p.dtype);
    (void)block;
    if (p.by_rows) {
        p.m = end - begin;
        p.a += begin * (p.ta ? 1 : p.lda) * size;
        p.c += begin * p.ldc * size;
    } else {
        p.n = end - begin;
        p.b += begin * (p.tb ? p.ldb : 1) * size;
        p.c += begin * size;
    }
    tile(&p);
}

void est__matrix_product(est__pool *pool, est_dtype dtype, bool transpose_a, bool transpose_b, int64_t m,
                         int64_t n, int64_t k, const void *a, const void *b, void *c)
{
    product p = { .dtype = dtype,
                  .ta = transpose_a,
                  .tb = transpose_b,
                  .m = m,
                  .n = n,
                  .k = k,
                  .lda = transpose_a ? m : k,
                  .ldb = transpose_b ? k : n,
                  .ldc = n,
                  .a = a,
                  .b = b,
                  .c = c };
    if (n == 1 && transpose_a) {   /* a column from a': the row b' a */
        p = (product){
            .dtype = dtype, .m = 1, .n = m, .k = k, .lda = k, .ldb = m, .ldc = m, .a = b, .b = a, .c = c
        };
    } else if (m == 0 || n == 0) {
        return;
    }
    if (k == 0) {
        memset(c, 0, (size_t)(m * n) * est_dtype_size(dtype));
        return;
    }
    double work = (double)m * (double)n * (double)k;
    if (work < 2.0 * PIECE) {
        tile(&p);
        return;
    }
    int64_t pieces = work / PIECE > PIECES ? PIECES : (int64_t)(work / PIECE);
    p.by_rows = p.m >= p.n;
    int64_t length = p.by_rows ? p.m : p.n, step = (length + pieces - 1) / pieces;
    est__for_blocks(pool, length, (step + 15) / 16 * 16, tile_block, &p);
}
