static void KERNEL(causal_softmax)(float *restrict scores, size_t rows, size_t columns, size_t stride,
                                   size_t visible, float scale, float *restrict log_sum, size_t log_stride) {
    for (size_t r = 0; r < rows; r++) {
        float *restrict row = scores + r * stride;
        size_t n = visible + r < columns ? visible + r : columns;
        float best = KERNEL(maximum)(row, n), sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < n; i++) {
                float e = exp_approximation((row[i] - best) * scale);
                row[i] = e;
                sum += e;
            }
        }
        float factor = 1.0f / sum;
        for (size_t i = 0; i < n; i++) row[i] *= factor;
        for (size_t i = n; i < columns; i++) row[i] = 0;
        log_sum[r * log_stride] = best * scale + __builtin_logf(sum);
    }
}

static void KERNEL(causal_probabilities)(float *restrict scores, size_t rows, size_t columns, size_t stride,
                                         size_t visible, float scale, const float *restrict log_sum,
                                         size_t log_stride) {
    for (size_t r = 0; r < rows; r++) {
        float *restrict row = scores + r * stride;
        size_t n = visible + r < columns ? visible + r : columns;
        float shift = log_sum[r * log_stride];
        for (size_t i = 0; i < n; i++) row[i] = exp_approximation(row[i] * scale - shift);
        for (size_t i = n; i < columns; i++) row[i] = 0;
    }
}

static void KERNEL(score_gradient)(const float *restrict probabilities, float *restrict dprobabilities, size_t rows,
                                   size_t columns, size_t stride, const float *restrict delta, float scale) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict p = probabilities + r * stride;
        float *restrict d = dprobabilities + r * stride;
        float shift = delta[r];
        for (size_t i = 0; i < columns; i++) d[i] = p[i] * (d[i] - shift) * scale;
    }
}

static inline float KERNEL(dot)(const float *restrict a, const float *restrict b, size_t n) {
    float sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    }
    return sum;
}

static void KERNEL(row_dots)(const float *a, const float *b, float *restrict out, size_t rows, size_t width,
                             size_t a_stride, size_t b_stride) {
    for (size_t r = 0; r < rows; r++) out[r] = KERNEL(dot)(a + r * a_stride, b + r * b_stride, width);
}

static void KERNEL(attend_one)(const float *restrict query, const float *restrict keys, const float *restrict values,
                               float *restrict out, float *restrict scratch, size_t count, size_t dimension,
                               size_t stride, float scale) {
    for (size_t t = 0; t < count; t++) scratch[t] = KERNEL(dot)(query, keys + t * stride, dimension);
    float unused;
    KERNEL(causal_softmax)(scratch, 1, count, count, count, scale, &unused, 1);
    for (size_t i = 0; i < dimension; i++) out[i] = 0;
    for (size_t t = 0; t < count; t++) {
        float p = scratch[t];
        const float *restrict v = values + t * stride;
        for (size_t i = 0; i < dimension; i++) out[i] += p * v[i];
    }
}
