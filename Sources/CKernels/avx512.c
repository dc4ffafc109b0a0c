#include "CKernels.h"

#if defined(__x86_64__)
// The second attribute keeps vectors of 16 whole: by default clang cuts them in two for fear of lower clock rates.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define KERNEL(name) name##_avx512
#define VARIANT "avx512"
#define WIDE 16
#define REGISTERS 32
#include "kernels.inl"
#pragma clang attribute pop
#endif
