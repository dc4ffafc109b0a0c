#include "CKernels.h"

extern const DistillKernels table_portable;
#if defined(__x86_64__)
extern const DistillKernels table_avx2, table_avx512, table_avx512vnni;
#endif

const DistillKernels *distill_kernels(int rank) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") && rank-- == 0)
        return &table_avx512vnni;
    if (__builtin_cpu_supports("x86-64-v4") && rank-- == 0) return &table_avx512;
    if (__builtin_cpu_supports("x86-64-v3") && rank-- == 0) return &table_avx2;
#endif
    return rank == 0 ? &table_portable : NULL;
}
