/* One pass over a block of points for vectors of W floats; included once a width by nearest_centers.c, which names W, TARGET, NAME, and
 * the SPREAD, MULTIPLY_ADD and KEEP of that width. Points stand in lanes, so that neither product nor choice goes across a vector. */
typedef float NAME(lanes) __attribute__((vector_size(W * sizeof(float))));
typedef int32_t NAME(places) __attribute__((vector_size(W * sizeof(int32_t))));

/* 2 W points by dimension, [d, 2 W], and their squares; where there are fewer, the last stands for the others. */
TARGET static void NAME(turn)(const float *x, int64_t rows, int64_t d, float *to, float *square)
{
    int64_t turned = rows == 2 * W ? turn_fours(x, d, 2 * W, to) : 0;
    for (int64_t i = turned; i < d; i++)
        for (int64_t r = 0; r < 2 * W; r++)
            to[i * 2 * W + r] = x[(r < rows ? r : rows - 1) * d + i];
    NAME(lanes) a = { 0 }, b = { 0 }, v;
    for (int64_t i = 0; i < d; i++) {
        memcpy(&v, to + i * 2 * W, sizeof v);
        MULTIPLY_ADD(a, v, v);
        memcpy(&v, to + i * 2 * W + W, sizeof v);
        MULTIPLY_ADD(b, v, v);
    }
    memcpy(square, &a, sizeof a);
    memcpy(square + W, &b, sizeof b);
}

#define START(c) a##c = b##c = SPREAD(-half[c]);
#define ADD(c)                        \
    {                                 \
        NAME(lanes) w = SPREAD(at[c]); \
        MULTIPLY_ADD(a##c, xa, w);    \
        MULTIPLY_ADD(b##c, xb, w);    \
    }
#define CHOOSE(c)                                   \
    KEEP(a##c, best_a, place_a, (int32_t)first + c) \
    KEEP(b##c, best_b, place_b, (int32_t)first + c)

/* The best score of each of 2 W points, and of which center it is. */
TARGET static void NAME(choose)(const job *j, const float *points, float *score, int32_t *place)
{
    NAME(lanes) best_a = SPREAD(-INFINITY), best_b = best_a, a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5, xa, xb;
    NAME(places) place_a = { 0 }, place_b = { 0 };
    for (int64_t first = 0; first < j->k; first += CENTERS) {
        const float *half = j->half + first, *at = j->centers + first * j->d, *x = points;
        EACH_CENTER(START)
        for (int64_t i = 0; i < j->d; i++, at += CENTERS, x += 2 * W) {
            memcpy(&xa, x, sizeof xa);
            memcpy(&xb, x + W, sizeof xb);
            EACH_CENTER(ADD)
        }
        EACH_CENTER(CHOOSE)
    }
    memcpy(score, &best_a, sizeof best_a);
    memcpy(score + W, &best_b, sizeof best_b);
    memcpy(place, &place_a, sizeof place_a);
    memcpy(place + W, &place_b, sizeof place_b);
}

#undef START
#undef ADD
#undef CHOOSE

TARGET static void NAME(find_block)(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    float *sums = j->sums + block * j->k * j->d, *counts = j->counts + block * j->k, *turned = j->turned + block * TILE * j->d;
    memset(sums, 0, (size_t)(j->k * j->d) * sizeof *sums);
    memset(counts, 0, (size_t)j->k * sizeof *counts);
    for (int64_t at = begin; at < end; at += 2 * W) {
        float square[2 * W], score[2 * W];
        int32_t place[2 * W];
        int64_t rows = end - at < 2 * W ? end - at : 2 * W;
        const float *x = j->points + at * j->d;
        NAME(turn)(x, rows, j->d, turned, square);
        NAME(choose)(j, turned, score, place);
        for (int64_t r = 0; r < rows; r++, x += j->d) {
            float *restrict sum = sums + place[r] * j->d;
            j->index[at + r] = place[r];
            j->distance[at + r] = square[r] - 2 * score[r];
            for (int64_t i = 0; i < j->d; i++)
                sum[i] += x[i];
            counts[place[r]] += 1;
        }
    }
}

#undef W
#undef TARGET
#undef NAME
#undef SPREAD
#undef MULTIPLY_ADD
#undef KEEP
