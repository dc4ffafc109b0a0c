#define _GNU_SOURCE
#include "CKernels.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

const char *distill_choose_blas_core(void) {
#if defined(__x86_64__)
    if (getenv("OPENBLAS_CORETYPE")) return NULL;
    // Builds of OpenBLAS for one kind of processor have neither.
    void (*quit)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit");
    void (*init)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init");
    char *(*name)(void) = (char *(*)(void))dlsym(RTLD_DEFAULT, "openblas_get_corename");
    if (!quit || !init || !name) return NULL;

    // The cores of before AVX, one of which stands in for processors that the library does not know.
    static const char *const old[] = {"Katmai", "Coppermine", "Northwood", "Prescott", "Banias", "Core2",
                                      "Penryn", "Dunnington", "Nehalem"};
    int is_old = 0;
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) is_old |= strcmp(name(), old[i]) == 0;
    if (!is_old) return NULL;
    const char *core = NULL;
    if (__builtin_cpu_supports("x86-64-v4"))
        core = __builtin_cpu_supports("avx512bf16") ? "Cooperlake" : "SkylakeX";
    else if (__builtin_cpu_supports("x86-64-v3"))
        core = "Haswell";
    if (!core) return NULL;
    // It is read from the environment alone.
    if (setenv("OPENBLAS_CORETYPE", core, 1) != 0) return NULL;
    quit();
    init();
    unsetenv("OPENBLAS_CORETYPE");
    return core;
#else
    return NULL;
#endif
}
