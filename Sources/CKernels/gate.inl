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

// The tanh form of GELU is x * sigmoid(2u) with u = sqrt(2/pi) * (x + 0.044715 x^3); here 2u and its derivative.
static inline float gelu_argument(float x) { return x * (1.5957691f + 0.071354814f * x * x); }
static inline float gelu_slope(float x) { return 1.5957691f + 0.21406444f * x * x; }

static void KERNEL(geglu)(const float *restrict gate_up, float *restrict y, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict gate = gate_up + r * 2 * width;
        const float *restrict up = gate + width;
        float *restrict out = y + r * width;
        for (size_t i = 0; i < width; i++)
            out[i] = gate[i] / (1.0f + exp_approximation(-gelu_argument(gate[i]))) * up[i];
    }
}

// gelu'(g) = s + g * s * (1 - s) * (2u)' with s = sigmoid(2u).
static void KERNEL(geglu_backward)(const float *restrict gate_up, const float *restrict dy, float *restrict dgate_up,
                                   size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict gate = gate_up + r * 2 * width;
        const float *restrict up = gate + width;
        const float *restrict d = dy + r * width;
        float *restrict dgate = dgate_up + r * 2 * width;
        float *restrict dup = dgate + width;
        for (size_t i = 0; i < width; i++) {
            float s = 1.0f / (1.0f + exp_approximation(-gelu_argument(gate[i])));
            float gelu = gate[i] * s;
            dgate[i] = d[i] * up[i] * (s + gelu * (1.0f - s) * gelu_slope(gate[i]));
            dup[i] = d[i] * gelu;
        }
    }
}
