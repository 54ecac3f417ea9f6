/* The two clocks: one that only goes forward, and the calendar's. */
#include <time.h>

#include "base/base.h"

static double read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double est__clock(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double est__wall_time(void)
{
    return read_clock(CLOCK_REALTIME);
}
