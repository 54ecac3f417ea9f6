/* Loops that the compiler may turn into vector code. */
#ifndef EST_BACKEND_CPU_VECTOR_H
#define EST_BACKEND_CPU_VECTOR_H

#include <stdint.h>

/* Before a loop whose steps are independent, although input and output may be the same memory. */
#if defined(__clang__)
#define EST_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define EST_IVDEP _Pragma("GCC ivdep")
#else
#define EST_IVDEP
#endif

/* Before a function: it is compiled for baseline, AVX2 and AVX-512, and one is chosen at run time. Sanitizers
 * start too late for such a choice. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&    \
    defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(EST_NO_CLONES)
#define EST_CLONES __attribute__((target_clones("default", "avx2", "arch=skylake-avx512")))
#else
#define EST_CLONES
#endif

#endif
