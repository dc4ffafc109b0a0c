// The part of OpenBLAS that swift-distill calls: CBLAS, OpenBLAS's own thread control, and of the LAPACK that
// it contains a solver.
#pragma once
#include <cblas.h>
#include <stddef.h>

// Solves A·X = B for a symmetric positive definite A by Cholesky factorization; A and B are overwritten, B by X. Matrices are stored
// by columns. `info` is 0, or the order of the leading minor that is not positive. The last argument is the length of `uplo`, as
// Fortran passes it.
// https://www.netlib.org/lapack/explore-html/d9/d6f/group__posv.html
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *info,
            size_t uplo_length);
