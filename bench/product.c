/* Products of matrices of a DNN [1024, 512, 256] on 784 inputs and batches of 128, and where one engine takes
 * over from another: GFLOP/s of a core by engine, the best of some rounds; and what oneDNN's start costs.
 *     product [rounds] */
#include <stdlib.h>
#include <time.h>

#include "backend/cpu/blas.h"

typedef struct shape {
    const char *what;
    bool ta, tb;
    int64_t m, n, k;
} shape;

static const shape shapes[] = {
    { "forward 1", false, false, 128, 1024, 784 },
    { "forward 2", false, false, 128, 512, 1024 },
    { "forward 3", false, false, 128, 256, 512 },
    { "forward 4", false, false, 128, 10, 256 },
    { "weights 1", true, false, 784, 1024, 128 },
    { "weights 2", true, false, 1024, 512, 128 },
    { "weights 3", true, false, 512, 256, 128 },
    { "weights 4", true, false, 256, 10, 128 },
    { "inputs 2", false, true, 128, 1024, 512 },
    { "inputs 3", false, true, 128, 512, 256 },
    { "inputs 4", false, true, 128, 256, 10 },
    { "narrow", false, false, 8192, 16, 128 },
    { "narrow", false, false, 2622, 50, 128 },
    { "narrow", false, false, 2048, 64, 128 },
    { "narrow", false, true, 1311, 100, 128 },
    { "low", false, false, 16, 8192, 128 },
    { "low", false, true, 32, 1024, 784 },
    { "shallow", false, false, 1024, 1024, 16 },
    { "turned", true, true, 1024, 512, 128 },
    { "medium", false, false, 128, 256, 128 },
    { "small", false, false, 32, 64, 64 },
    { "smaller", false, false, 32, 16, 8 },
    { "smallest", false, false, 16, 16, 8 },
    { "large", false, false, 1024, 1024, 1024 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], ENGINES = EST__ONEDNN + 1, MOST = 1 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double rate(const shape *s, est__engine e, const float *a, const float *b, float *c)
{
    est__product p = { .dtype = EST_FLOAT, .ta = s->ta, .tb = s->tb, .m = s->m, .n = s->n, .k = s->k,
                       .a = a, .b = b, .c = c, .engine = e };
    double flop = 2.0 * (double)s->m * (double)s->n * (double)s->k;
    int times = flop > 1e6 ? 1 : (int)(1e6 / flop) + 1;
    double begin = now();
    for (int i = 0; i < times; i++)
        est__multiply(NULL, &p);
    return flop * times / (now() - begin) * 1e-9;
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "chosen", "plain", "OpenBLAS", "oneDNN" };
    double best[SHAPES][ENGINES] = { 0 };
    int rounds = argc > 1 ? atoi(argv[1]) : 30;
    float *a = est__malloc_aligned(MOST * sizeof *a), *b = est__malloc_aligned(MOST * sizeof *b);
    float *c = est__malloc_aligned(MOST * sizeof *c);
    if (!a || !b || !c)
        return 1;
    for (int i = 0; i < MOST; i++) {
        a[i] = (float)(i % 97) / 97 - 0.5f;
        b[i] = (float)(i % 89) / 89 - 0.5f;
    }
    double begin = now();
    if (est__engine_found(EST__ONEDNN)) {
        rate(&shapes[0], EST__ONEDNN, a, b, c);
        printf("oneDNN: opened, and a first product, in %.0f ms\n", (now() - begin) * 1e3);
    }
    for (int r = 0; r < rounds; r++)
        for (int s = 0; s < SHAPES; s++)
            for (int e = 0; e < ENGINES; e++) {
                double y = est__engine_found((est__engine)e) ? rate(&shapes[s], (est__engine)e, a, b, c) : 0;
                best[s][e] = y > best[s][e] ? y : best[s][e];
            }
    printf("%-10s %6s %6s %6s", "GFLOP/s", "m", "n", "k");
    for (int e = 0; e < ENGINES; e++)
        printf(" %9s", names[e]);
    printf("\n");
    for (int s = 0; s < SHAPES; s++) {
        const shape *h = &shapes[s];
        printf("%-10s %6lld %6lld %6lld", h->what, (long long)h->m, (long long)h->n, (long long)h->k);
        for (int e = 0; e < ENGINES; e++)
            printf(" %9.1f", best[s][e]);
        printf("\n");
    }
    est__free_aligned(a);
    est__free_aligned(b);
    est__free_aligned(c);
    return 0;
}
