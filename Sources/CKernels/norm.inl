static void KERNEL(rms_norm)(const float *restrict x, const float *restrict weight, float *restrict y,
                             float *restrict inverse, size_t rows, size_t width, float epsilon) {
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width;
        float *out = y + r * width;
        float sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < width; i++) sum += row[i] * row[i];
        }
        float factor = 1.0f / __builtin_elementwise_sqrt(sum / (float)width + epsilon);
        inverse[r] = factor;
        for (size_t i = 0; i < width; i++) out[i] = row[i] * factor * weight[i];
    }
}

// With n = x * inverse and g = dy * weight: dx = inverse * (g - n * mean(g * n)), dweight = sum(dy * n).
static void KERNEL(rms_norm_backward)(const float *restrict x, const float *restrict weight,
                                      const float *restrict inverse, const float *restrict dy, float *restrict dx,
                                      int accumulate, float *restrict dweight, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width, *grow = dy + r * width;
        float *out = dx + r * width;
        float factor = inverse[r], sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < width; i++) sum += grow[i] * weight[i] * row[i];
        }
        // mean(g * n) * inverse, so that the loop below multiplies x itself.
        float pull = sum * factor * factor / (float)width;
        if (accumulate) {
            for (size_t i = 0; i < width; i++) {
                out[i] += factor * (grow[i] * weight[i] - row[i] * pull);
                dweight[i] += grow[i] * row[i] * factor;
            }
        } else {
            for (size_t i = 0; i < width; i++) {
                out[i] = factor * (grow[i] * weight[i] - row[i] * pull);
                dweight[i] += grow[i] * row[i] * factor;
            }
        }
    }
}
