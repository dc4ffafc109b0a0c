#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Tuned for Zen 4, whose clock rate does not drop with AVX-512: the default tuning for these processors splits vectors of 16.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,tune=znver4"))), apply_to = function)
#define KERNEL(name) name##_avx512
#define VARIANT "avx512"
#define WIDE 16
#define REGISTERS 32
#define OUTPUTS 8
#define BIAS 0
#define DOT_PRODUCTS 1
#include "kernels.inl"
#pragma clang attribute pop
#endif
