static void KERNEL(add)(const float *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void KERNEL(add_scaled)(const float *restrict x, float factor, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}

static void KERNEL(scale)(float *restrict y, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= factor;
}

static void KERNEL(interpolate)(const float *restrict x, float *restrict y, float weight, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += weight * (x[i] - y[i]);
}

static float KERNEL(sum)(const float *restrict x, size_t n) {
    float sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) sum += x[i];
    }
    return sum;
}

static double KERNEL(sum_of_squares)(const float *restrict x, size_t n) {
    // Blocks keep the Float32 rounding error small while the inner loop stays wide.
    const size_t block = 4096;
    double total = 0;
    for (size_t start = 0; start < n; start += block) {
        size_t end = start + block < n ? start + block : n;
        float sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = start; i < end; i++) sum += x[i] * x[i];
        }
        total += (double)sum;
    }
    return total;
}

static int KERNEL(has_non_finite)(const float *restrict x, size_t n) {
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = __builtin_bit_cast(uint32_t, x[i]);
        found |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return (int)found;
}

static void KERNEL(logarithm)(const float *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = ln_approximation(x[i]);
}
