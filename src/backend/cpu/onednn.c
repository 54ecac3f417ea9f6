/* oneDNN, opened at run time. Its usual build starts OpenMP threads of its own; each call is made with
 * OpenMP's number of threads set to one, a setting of the calling thread alone, and put back. Thread checkers
 * do not see the locks of OpenMP: a build with one does without oneDNN. */
#include "backend/cpu/onednn.h"

#if defined(HAVE_ONEDNN) && !defined(__SANITIZE_THREAD__)

#include <dlfcn.h>
#include <dnnl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool found;
static dnnl_status_t (*sgemm)(char transa, char transb, dnnl_dim_t m, dnnl_dim_t n, dnnl_dim_t k, float alpha,
                              const float *a, dnnl_dim_t lda, const float *b, dnnl_dim_t ldb, float beta,
                              float *c, dnnl_dim_t ldc);
static int (*most_threads)(void);
static void (*set_threads)(int n);

/* Where the library itself finds it: the program and what it was linked with, then what the library needs. */
static void *find(void *library, const char *name)
{
    void *p = dlsym(RTLD_DEFAULT, name);
    return p ? p : dlsym(library, name);
}

static bool take(void *library, const dnnl_version_t *version)
{
    *(void **)&sgemm = dlsym(library, "dnnl_sgemm");
    *(void **)&most_threads = find(library, "omp_get_max_threads");
    *(void **)&set_threads = find(library, "omp_set_num_threads");
    if (version->cpu_runtime == DNNL_RUNTIME_SEQ)
        return sgemm != NULL;
    return version->cpu_runtime == DNNL_RUNTIME_OMP && sgemm && most_threads && set_threads;
}

static void load(void)
{
    static const char *const names[] = { "libdnnl.so.3", "libdnnl.so.2" };
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        const dnnl_version_t *(*version)(void) = NULL;
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library)
            *(void **)&version = dlsym(library, "dnnl_version");
        found = version && take(library, version());
        if (found)
            est__log(EST_LOG_DEBUG, "large products of matrices: oneDNN %d.%d.%d", version()->major,
                     version()->minor, version()->patch);
        else if (library)
            dlclose(library);
    }
    if (!found)
        est__log(EST_LOG_DEBUG, "large products of matrices: without oneDNN, which was not found");
}

bool est__onednn_found(void)
{
    pthread_once(&once, load);
    return found;
}

bool est__onednn_product(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                         int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc)
{
    int threads = most_threads ? most_threads() : 1;
    if (threads > 1)
        set_threads(1);
    dnnl_status_t st =
        sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
    if (threads > 1)
        set_threads(threads);
    return st == dnnl_success;
}

#else

bool est__onednn_found(void)
{
    return false;
}

bool est__onednn_product(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                         int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc)
{
    (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k;
    (void)a, (void)lda, (void)b, (void)ldb, (void)c, (void)ldc;
    return false;
}

#endif
