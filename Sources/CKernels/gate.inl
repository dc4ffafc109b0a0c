static void KERNEL(swiglu)(const float *restrict gate_up, float *restrict y, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict gate = gate_up + r * 2 * width;
        const float *restrict up = gate + width;
        float *restrict out = y + r * width;
        for (size_t i = 0; i < width; i++) out[i] = gate[i] / (1.0f + exp_approximation(-gate[i])) * up[i];
    }
}

// silu'(g) = s * (1 + g * (1 - s)) with s = sigmoid(g).
static void KERNEL(swiglu_backward)(const float *restrict gate_up, const float *restrict dy,
                                    float *restrict dgate_up, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict gate = gate_up + r * 2 * width;
        const float *restrict up = gate + width;
        const float *restrict d = dy + r * width;
        float *restrict dgate = dgate_up + r * 2 * width;
        float *restrict dup = dgate + width;
        for (size_t i = 0; i < width; i++) {
            float s = 1.0f / (1.0f + exp_approximation(-gate[i]));
            float silu = gate[i] * s;
            dgate[i] = d[i] * up[i] * (s + silu * (1.0f - s));
            dup[i] = d[i] * silu;
        }
    }
}
