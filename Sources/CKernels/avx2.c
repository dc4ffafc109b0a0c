#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// An attribute on the functions rather than a compiler flag: packages with unsafe flags cannot be depended on.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define KERNEL(name) name##_avx2
#define VARIANT "avx2"
#define WIDE 8
#define REGISTERS 16
#define OUTPUTS 8
#define BIAS 0
#define DOT_PRODUCTS 1
#include "kernels.inl"
#pragma clang attribute pop
#endif
