static void KERNEL(adamw)(float *restrict weight, const float *restrict gradient, float *restrict mean,
                          float *restrict variance, size_t n, float learning_rate, float beta1, float beta2,
                          float epsilon, float decay, float correction1, float correction2, float gradient_scale) {
    float keep = 1.0f - learning_rate * decay;
    float step = learning_rate / correction1;
    float root = 1.0f / __builtin_elementwise_sqrt(correction2);
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * gradient_scale;
        float m = beta1 * mean[i] + (1.0f - beta1) * g;
        float v = beta2 * variance[i] + (1.0f - beta2) * g * g;
        mean[i] = m;
        variance[i] = v;
        weight[i] = weight[i] * keep - step * m / (__builtin_elementwise_sqrt(v) * root + epsilon);
    }
}
