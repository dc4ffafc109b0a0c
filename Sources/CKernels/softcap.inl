// cap * tanh(scale * x / cap): scores and logits that never leave (-cap, cap) (Gemma 2).
static void KERNEL(soft_cap)(float *restrict x, size_t n, float scale, float cap) {
    float inverse = scale / cap;
    for (size_t i = 0; i < n; i++) x[i] = cap * tanh_approximation(x[i] * inverse);
}

// tanh' = 1 - tanh^2, from the capped values.
static void KERNEL(soft_cap_backward)(const float *restrict capped, float *restrict d, size_t n, float cap) {
    float inverse = 1.0f / cap;
    for (size_t i = 0; i < n; i++) {
        float t = capped[i] * inverse;
        d[i] *= 1.0f - t * t;
    }
}
