static void KERNEL(causal_softmax)(float *restrict scores, size_t rows, size_t columns, size_t stride,
                                   size_t visible, size_t window, float scale, float *restrict log_sum,
                                   size_t log_stride) {
    for (size_t r = 0; r < rows; r++) {
        float *restrict row = scores + r * stride;
        size_t n = visible + r < columns ? visible + r : columns, first = n > window ? n - window : 0;
        float best = KERNEL(maximum)(row + first, n - first), sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = first; i < n; i++) {
                float e = exp_approximation((row[i] - best) * scale);
                row[i] = e;
                sum += e;
            }
        }
        float factor = 1.0f / sum;
        for (size_t i = 0; i < first; i++) row[i] = 0;
        for (size_t i = first; i < n; i++) row[i] *= factor;
        for (size_t i = n; i < columns; i++) row[i] = 0;
        log_sum[r * log_stride] = best * scale + __builtin_logf(sum);
    }
}

static void KERNEL(causal_probabilities)(float *restrict scores, size_t rows, size_t columns, size_t stride,
                                         size_t visible, size_t window, float scale, const float *restrict log_sum,
                                         size_t log_stride) {
    for (size_t r = 0; r < rows; r++) {
        float *restrict row = scores + r * stride;
        size_t seen = visible + r, n = seen < columns ? seen : columns;
        size_t first = seen <= window ? 0 : seen - window < n ? seen - window : n;
        float shift = log_sum[r * log_stride];
        for (size_t i = 0; i < first; i++) row[i] = 0;
        for (size_t i = first; i < n; i++) row[i] = exp_approximation(row[i] * scale - shift);
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

// Scores of `keys` rows against one query; a constant where this is called, so that the sums live in registers.
__attribute__((always_inline)) static inline void KERNEL(dot_rows)(const float *restrict query,
                                                                   const float *restrict rows, float *restrict scores,
                                                                   size_t dimension, size_t stride, const size_t keys) {
    Lanes sums[4];
    size_t whole = dimension / 8 * 8;
#pragma clang loop unroll(full)
    for (size_t t = 0; t < keys; t++) sums[t] = (Lanes){0};
    for (size_t i = 0; i < whole; i += 8) {
        Lanes q = *(const Lanes *)(query + i);
#pragma clang loop unroll(full)
        for (size_t t = 0; t < keys; t++) sums[t] += q * *(const Lanes *)(rows + t * stride + i);
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < keys; t++) {
        Lanes s = sums[t];
        float sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        for (size_t i = whole; i < dimension; i++) sum += query[i] * rows[t * stride + i];
        scores[t] = sum;
    }
}

// Eight components a vector of the mean of value rows under `weights`.
__attribute__((always_inline)) static inline void KERNEL(weigh_rows)(const float *restrict weights,
                                                                     const float *restrict rows, float *restrict out,
                                                                     size_t count, size_t stride,
                                                                     const size_t vectors) {
    Lanes sums[8];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[v] = (Lanes){0};
    for (size_t t = 0; t < count; t++) {
        float w = weights[t];
        Lanes broadcast = {w, w, w, w, w, w, w, w};
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[v] += broadcast * *(const Lanes *)(rows + t * stride + v * 8);
    }
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) *(Lanes *)(out + v * 8) = sums[v];
}

static void KERNEL(attend_one)(const float *restrict query, const float *restrict keys, const float *restrict values,
                               float *restrict out, float *restrict scratch, size_t count, size_t dimension,
                               size_t stride, float scale, float cap) {
    size_t t = 0, i = 0;
    for (; t + 4 <= count; t += 4)
        KERNEL(dot_rows)(query, keys + t * stride, scratch + t, dimension, stride, 4);
    for (; t < count; t++) KERNEL(dot_rows)(query, keys + t * stride, scratch + t, dimension, stride, 1);
    if (cap > 0) {
        KERNEL(soft_cap)(scratch, count, scale, cap);
        scale = 1;
    }
    float unused;
    KERNEL(causal_softmax)(scratch, 1, count, count, count, count, scale, &unused, 1);
    for (; i + 64 <= dimension; i += 64) KERNEL(weigh_rows)(scratch, values + i, out + i, count, stride, 8);
    for (; i + 8 <= dimension; i += 8) KERNEL(weigh_rows)(scratch, values + i, out + i, count, stride, 1);
    for (; i < dimension; i++) {
        float sum = 0;
        for (t = 0; t < count; t++) sum += scratch[t] * values[t * stride + i];
        out[i] = sum;
    }
}
