static void KERNEL(rotary)(float *restrict x, const int32_t *restrict positions, const float *restrict cosines,
                           const float *restrict sines, size_t rows, size_t stride, size_t heads, size_t dimension,
                           float direction) {
    size_t half = dimension / 2;
    for (size_t r = 0; r < rows; r++) {
        const float *c = cosines + (size_t)positions[r] * half;
        const float *s = sines + (size_t)positions[r] * half;
        for (size_t h = 0; h < heads; h++) {
            float *restrict low = x + r * stride + h * dimension;
            float *restrict high = low + half;
            for (size_t i = 0; i < half; i++) {
                float a = low[i], b = high[i], sine = direction * s[i];
                low[i] = a * c[i] - b * sine;
                high[i] = b * c[i] + a * sine;
            }
        }
    }
}
