/* Numerical integration. */
#ifndef EST_BASE_QUADRATURE_H
#define EST_BASE_QUADRATURE_H

/* The n points in (0, 1) and their weights, whose sum is 1, that integrate polynomials up to degree 2n - 1 exactly (Gauss-Legendre). */
void est__gauss_legendre(int n, double *point, double *weight);

#endif
