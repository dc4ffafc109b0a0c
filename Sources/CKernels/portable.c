#include "CKernels.h"

#define KERNEL(name) name##_portable
#define VARIANT "portable"
#include "kernels.inl"
