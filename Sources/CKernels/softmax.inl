// The largest of n values; four accumulators of eight lanes, since a max reduction is not reassociated for us.
static inline float KERNEL(maximum)(const float *restrict z, size_t n) {
    float best = z[0];
    size_t i = 0;
    if (n >= 32) {
        float lanes[32];
        for (size_t j = 0; j < 32; j++) lanes[j] = z[j];
        for (i = 32; i + 32 <= n; i += 32)
            for (size_t j = 0; j < 32; j++) lanes[j] = z[i + j] > lanes[j] ? z[i + j] : lanes[j];
        for (size_t j = 0; j < 32; j++) best = lanes[j] > best ? lanes[j] : best;
    }
    for (; i < n; i++) best = z[i] > best ? z[i] : best;
    return best;
}

static void KERNEL(log_sum_exp)(const float *restrict z, size_t n, float inverse_temperature, float *maximum,
                                float *log_sum) {
    float best = KERNEL(maximum)(z, n), sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) sum += exp_approximation((z[i] - best) * inverse_temperature);
    }
    *maximum = best;
    *log_sum = __builtin_logf(sum);
}

static void KERNEL(softmax)(const float *z, float *p, size_t n, float inverse_temperature, float maximum,
                            float log_sum) {
    for (size_t i = 0; i < n; i++) p[i] = exp_approximation((z[i] - maximum) * inverse_temperature - log_sum);
}

// Restores the heap property of a min-heap ordered by (value, then larger index first) from its root.
static inline void KERNEL(sift)(int32_t *indices, float *values, size_t k, size_t root) {
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= k) return;
        if (child + 1 < k && (values[child + 1] < values[child] ||
                              (values[child + 1] == values[child] && indices[child + 1] > indices[child])))
            child++;
        if (values[root] < values[child] || (values[root] == values[child] && indices[root] > indices[child])) return;
        float v = values[root];
        int32_t j = indices[root];
        values[root] = values[child];
        indices[root] = indices[child];
        values[child] = v;
        indices[child] = j;
        root = child;
    }
}

static void KERNEL(top_k)(const float *restrict z, size_t n, size_t k, int32_t *restrict indices,
                          float *restrict values) {
    if (k == 0) return;
    for (size_t i = 0; i < k; i++) {
        indices[i] = (int32_t)i;
        values[i] = z[i];
    }
    for (size_t i = k / 2; i-- > 0;) KERNEL(sift)(indices, values, k, i);
    size_t i = k;
    // Blocks in which nothing beats the smallest kept value, nearly all of them, are skipped by one comparison.
    while (i < n) {
        size_t end = i + 64 < n ? i + 64 : n;
        float threshold = values[0];
        uint32_t any = 0;
        for (size_t j = i; j < end; j++) any |= z[j] > threshold;
        if (any) {
            for (size_t j = i; j < end; j++) {
                if (z[j] > values[0]) {
                    values[0] = z[j];
                    indices[0] = (int32_t)j;
                    KERNEL(sift)(indices, values, k, 0);
                }
            }
        }
        i = end;
    }
    // Heap sort: the smallest goes last.
    for (size_t last = k; last-- > 1;) {
        float v = values[0];
        int32_t j = indices[0];
        values[0] = values[last];
        indices[0] = indices[last];
        values[last] = v;
        indices[last] = j;
        KERNEL(sift)(indices, values, last, 0);
    }
}

static int32_t KERNEL(argmax)(const float *restrict z, size_t n) {
    float best = KERNEL(maximum)(z, n);
    for (size_t i = 0; i < n; i++)
        if (z[i] == best) return (int32_t)i;
    return 0;
}
