#include "CKernels.h"

#define KERNEL(name) name##_portable
#define VARIANT "portable"
#define WIDE 8
#define REGISTERS 16
#define OUTPUTS 8
#define BIAS 0
#define DOT_PRODUCTS 0
#include "kernels.inl"
