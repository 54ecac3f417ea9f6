/* Products of matrices: every engine against a loop in double, the same bits on any number of threads, each tile
 * told of once, and no threads of a library's own. */
#include "backend/cpu/blas.h"

#include <math.h>
#include <unistd.h>

#include "base/base.h"
#include "support/est_test.h"

static float *numbers(int64_t n, double step)
{
    float *x = est__malloc_aligned((size_t)n * sizeof *x);
    for (int64_t i = 0; x && i < n; i++)
        x[i] = (float)sin(step * (double)i);
    return x;
}

static void near_the_loop(const est__product *p)
{
    const float *a = p->a, *b = p->b, *c = p->c;
    for (int64_t i = 0; i < p->m; i += p->m / 9 + 1)
        for (int64_t j = 0; j < p->n; j += p->n / 11 + 1) {
            double wanted = 0;
            for (int64_t q = 0; q < p->k; q++)
                wanted += (double)(p->ta ? a[q * p->m + i] : a[i * p->k + q]) *
                          (double)(p->tb ? b[j * p->k + q] : b[q * p->n + j]);
            EST_CHECK_NEAR((double)c[i * p->n + j], wanted, 1e-6 * (double)(p->k + 1));
        }
}

typedef struct marks {
    unsigned char *seen;
    int64_t n;
} marks;

static void mark(void *arg, int64_t row, int64_t rows, int64_t column, int64_t columns)
{
    const marks *m = arg;
    for (int64_t i = row; i < row + rows; i++)
        for (int64_t j = column; j < column + columns; j++)
            m->seen[i * m->n + j]++;
}

static void check(int64_t m, int64_t n, int64_t k, bool ta, bool tb, est__engine e)
{
    static const int threads[] = { 1, 2, 4 };
    size_t size = (size_t)(m * n) * sizeof(float);
    float *a = numbers(m * k + 1, 0.37), *b = numbers(k * n + 1, 0.71), *c = est__malloc(2 * size + 1);
    unsigned char *seen = est__calloc((size_t)(m * n) + 1, 1);
    EST_NEED(a && b && c && seen);
    for (int i = 0; i < 3; i++) {
        est__pool *pool;
        EST_NEED_OK(est__pool_new(threads[i], &pool));
        est__product p = { .dtype = EST_FLOAT, .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .a = a, .b = b,
                           .c = i ? c + m * n : c, .engine = e, .then = mark, .arg = &(marks){ seen, n } };
        est__multiply(pool, &p);
        est__pool_free(pool);
        if (i == 0)
            near_the_loop(&p);
        EST_CHECK(memcmp(c, p.c, size) == 0);
    }
    int64_t wrong = 0;
    for (int64_t i = 0; i < m * n; i++)
        wrong += seen[i] != 3;
    EST_CHECK_INT(wrong, 0);
    est__free_aligned(a);
    est__free_aligned(b);
    est__free(c);
    est__free(seen);
}

static void check_sizes(est__engine e)
{
    static const int64_t sizes[][3] = { { 1, 1, 1 },     { 32, 1, 1 },   { 5, 3, 0 },      { 17, 1, 33 },
                                        { 150, 70, 90 }, { 129, 130, 7 }, { 700, 300, 65 }, { 65, 66, 4100 },
                                        { 3000, 1, 400 } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && est__engine_found(e); i++)
        for (int t = 0; t < 4; t++)
            check(sizes[i][0], sizes[i][1], sizes[i][2], t & 1, t & 2, e);
}

static void chosen_by_size(void)
{
    check_sizes(EST__BY_SIZE);
}

static void plain_loops(void)
{
    check_sizes(EST__PLAIN);
}

static void openblas(void)
{
    check_sizes(EST__OPENBLAS);
}

static size_t running_threads(void)
{
    est__names tasks = { 0 };
    EST_CHECK_OK(est__list_dir("/proc/self/task", &tasks));
    size_t n = tasks.count;
    est__names_free(&tasks);
    return n;
}

/* A thread that was joined stays in the kernel's list for a moment; one of a library's own stays for good. */
static void onednn(void)
{
    size_t before = running_threads();
    check_sizes(EST__ONEDNN);
    for (int tries = 0; running_threads() != before && tries < 3000; tries++)
        usleep(10000);
    EST_CHECK_INT(running_threads(), before);
}

EST_SUITE(backend_product, EST_TEST(chosen_by_size), EST_TEST(plain_loops), EST_TEST(openblas),
          EST_TEST(onednn));
