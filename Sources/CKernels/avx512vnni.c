#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// AVX-512 with VNNI: from Zen 4, Cascade Lake and Ice Lake on. Tuned as avx512.c.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,avx512vnni,tune=znver4"))), apply_to = function)
#define KERNEL(name) name##_avx512vnni
#define VARIANT "avx512vnni"
#define WIDE 16
#define REGISTERS 32
#define OUTPUTS 16
#define BIAS 128
#define DOT_PRODUCTS 2
#include "kernels.inl"
#pragma clang attribute pop
#endif
