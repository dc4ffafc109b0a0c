#include "CKernels.h"

#define KERNEL(name) name##_portable
#define VARIANT "portable"
#define WIDE 8
#define REGISTERS 16
#include "kernels.inl"
