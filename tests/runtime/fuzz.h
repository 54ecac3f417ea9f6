/* Random graphs for the tests of the runtime: every node a matrix of floats, of as many rows as are fed. */
#ifndef TESTS_RUNTIME_FUZZ_H
#define TESTS_RUNTIME_FUZZ_H

#include "graph/lab.h"

enum { FUZZ_FEEDS = 3, FUZZ_NODES = 24, FUZZ_FETCHES = 4, FUZZ_COLUMNS = 5 };

typedef struct fuzz {
    lab l;
    est_node *node[FUZZ_NODES];
    est_node *fetch[FUZZ_FETCHES];
    est__random random;
} fuzz;

/* A graph of elementwise ops, products, reductions, slices, reshapes and concatenations; the seed says which.
 */
bool fuzz_begin(fuzz *f, uint64_t seed);
void fuzz_end(fuzz *f);
/* New values for the feeds, of so many rows. */
void fuzz_feed(fuzz *f, int64_t rows);
est__plan_options fuzz_options(fuzz *f);

#endif
