// Activations of feed-forwards without a gate, element by element; gelu_argument and gelu_slope are in gate.inl.
static void KERNEL(gelu_tanh)(const float *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] / (1.0f + exp_approximation(-gelu_argument(x[i])));
}

static void KERNEL(gelu_tanh_backward)(const float *restrict x, const float *restrict dy, float *restrict dx,
                                       size_t n) {
    for (size_t i = 0; i < n; i++) {
        float s = 1.0f / (1.0f + exp_approximation(-gelu_argument(x[i])));
        dx[i] = dy[i] * (s + x[i] * s * (1.0f - s) * gelu_slope(x[i]));
    }
}

// The probability that a standard normal variable is below x, to a few ulp down to where exp vanishes; `bell` receives
// exp(-x^2 / 2). The tail is erfc(z) / 2 = t * q(t) * exp(-z^2) / 2 with z = |x| / sqrt(2) and t = 1 / (1 + 0.4 z); q is a fit of
// degree 8 to erfc(z) * exp(z^2) / t on 0 <= z <= 9.5 that is off by at most 6e-8 of its value.
static inline float normal_probability(float x, float *bell) {
    float e = exp_approximation(-0.5f * x * x);
    float t = 1.0f / (1.0f + 0.28284271f * __builtin_elementwise_abs(x));
    float q = 0.0402674997f;
    q = q * t - 0.135471104f;
    q = q * t + 0.073842176f;
    q = q * t + 0.099729538f;
    q = q * t + 0.071508345f;
    q = q * t + 0.196963007f;
    q = q * t + 0.20095859f;
    q = q * t + 0.226575709f;
    q = q * t + 0.225626298f;
    float tail = 0.5f * t * q * e;
    *bell = e;
    return x < 0 ? tail : 1.0f - tail;
}

static void KERNEL(gelu)(const float *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float bell;
        y[i] = x[i] * normal_probability(x[i], &bell);
    }
}

// gelu'(x) = P(x) + x * exp(-x^2 / 2) / sqrt(2 pi)
static void KERNEL(gelu_backward)(const float *restrict x, const float *restrict dy, float *restrict dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float bell;
        float p = normal_probability(x[i], &bell);
        dx[i] = dy[i] * (p + x[i] * 0.39894228f * bell);
    }
}
