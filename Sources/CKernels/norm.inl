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

// The deviations from the mean are summed, not the squares: their difference would cancel where the mean is large.
static void KERNEL(layer_norm)(const float *restrict x, const float *restrict weight, const float *restrict bias,
                               float *restrict y, float *restrict mean, float *restrict inverse, size_t rows,
                               size_t width, float epsilon) {
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width;
        float *out = y + r * width;
        float sum = 0, squares = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < width; i++) sum += row[i];
        }
        float center = sum / (float)width;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < width; i++) squares += (row[i] - center) * (row[i] - center);
        }
        float factor = 1.0f / __builtin_elementwise_sqrt(squares / (float)width + epsilon);
        mean[r] = center;
        inverse[r] = factor;
        for (size_t i = 0; i < width; i++) out[i] = (row[i] - center) * factor * weight[i] + bias[i];
    }
}

// With n = (x - mean) * inverse and g = dy * weight: dx = inverse * (g - mean(g) - n * mean(g * n)),
// dweight = sum(dy * n), dbias = sum(dy).
static void KERNEL(layer_norm_backward)(const float *restrict x, const float *restrict weight,
                                        const float *restrict mean, const float *restrict inverse,
                                        const float *restrict dy, float *restrict dx, int accumulate,
                                        float *restrict dweight, float *restrict dbias, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * width, *grow = dy + r * width;
        float *out = dx + r * width;
        float center = mean[r], factor = inverse[r], sum = 0, along = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = 0; i < width; i++) {
                sum += grow[i] * weight[i];
                along += grow[i] * weight[i] * (row[i] - center);
            }
        }
        float level = sum / (float)width;
        // mean(g * n) * inverse, so that the loop below multiplies x - mean itself.
        float pull = along * factor * factor / (float)width;
        for (size_t i = 0; i < width; i++) {
            float value = factor * (grow[i] * weight[i] - level - (row[i] - center) * pull);
            out[i] = accumulate ? out[i] + value : value;
            dweight[i] += grow[i] * (row[i] - center) * factor;
            dbias[i] += grow[i];
        }
    }
}
