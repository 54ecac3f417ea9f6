/* Gauss-Legendre points: the roots of Legendre polynomials, by Newton's method (Press et al., "Numerical Recipes", gauleg). */
#include "base/quadrature.h"

#include <math.h>

/* P_n(x), and its derivative. */
static double legendre(int n, double x, double *derivative)
{
    double p = 1, before = 0;
    for (int k = 0; k < n; k++) {
        double next = ((2 * k + 1) * x * p - k * before) / (k + 1);
        before = p;
        p = next;
    }
    *derivative = n * (x * p - before) / (x * x - 1);
    return p;
}

void est__gauss_legendre(int n, double *point, double *weight)
{
    static const double pi = 3.14159265358979323846;
    for (int i = 0; i < n; i++) {
        double x = cos(pi * (n - i - 0.25) / (n + 0.5)), slope = 1;
        for (int tries = 0; tries < 20; tries++) {
            double step = legendre(n, x, &slope) / slope;
            x -= step;
            if (fabs(step) < 1e-15)
                break;
        }
        legendre(n, x, &slope);
        point[i] = (1 + x) / 2;
        weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
}
