#include "CKernels.h"

extern const DistillKernels table_portable;
#if defined(__x86_64__)
extern const DistillKernels table_avx2;
#endif

const DistillKernels *distill_kernels(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v3")) return &table_avx2;
#endif
    return &table_portable;
}

const DistillKernels *distill_portable_kernels(void) { return &table_portable; }
