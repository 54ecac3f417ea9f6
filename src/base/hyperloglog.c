/* HyperLogLog (Flajolet, Fusy, Gandouet and Meunier 2007): how many different hashes came, out of the longest
 * runs of zero bits. The estimate is Ertl's ("New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017, algorithm 6), which needs no correction for small or large counts. */
#include <math.h>

#include "base/sketch.h"

enum { BITS = 14, RANKS = 64 - BITS };

void est__hll_add(unsigned char *registers, uint64_t hash)
{
    unsigned rank = 1;
    for (uint64_t rest = hash << BITS; rank <= RANKS && !(rest >> 63); rest <<= 1)
        rank++;
    unsigned char *r = &registers[hash >> (64 - BITS)];
    if (*r < rank)
        *r = (unsigned char)rank;
}

static double sigma(double x)
{
    double y = 1, z = x, before;
    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double est__hll_count(const unsigned char *registers)
{
    const double m = EST__HLL_REGISTERS;
    int64_t of_rank[RANKS + 2] = { 0 };
    for (int i = 0; i < EST__HLL_REGISTERS; i++)
        of_rank[registers[i]]++;
    double z = m * tau(1 - (double)of_rank[RANKS + 1] / m);
    for (int rank = RANKS; rank >= 1; rank--)
        z = 0.5 * (z + (double)of_rank[rank]);
    z += m * sigma((double)of_rank[0] / m);
    return m * m / (2 * log(2) * z);
}
