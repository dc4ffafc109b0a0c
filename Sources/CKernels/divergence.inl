// Divergences of METHODS-style notation: p teacher, q student, z = T * ln q + constant the student's logits,
// dL/dz_j = q_j * (g_j - sum_i q_i g_i) / T with g = dL/dq. `weight` already holds every outer factor, 1/T among them.

static float KERNEL(kl_divergence)(const float *restrict p, const float *restrict q, size_t n) {
    float sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) sum += p[i] * (ln_approximation(p[i]) - ln_approximation(q[i]));
    }
    return sum;
}

// The same for distributions that lie close, as at high temperatures: sum p phi(q/p - 1), phi(r) = r - ln(1 + r), whose
// terms are not negative and do not cancel. Near 0 the series of phi, whose first omitted term is r^8 / 8: 3e-7 of the sum.
static float KERNEL(nearby_kl)(const float *restrict p, const float *restrict q, size_t n) {
    float sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) {
            float r = (q[i] - p[i]) / p[i];
            float series = r * r * (1.0f / 2 - r * (1.0f / 3 - r * (1.0f / 4 - r * (1.0f / 5 - r * (1.0f / 6 - r / 7)))));
            float whole = r - (ln_approximation(q[i]) - ln_approximation(p[i]));
            sum += p[i] * (r > -0.1f && r < 0.1f ? series : whole);
        }
    }
    return sum;
}

// g = -p/q, so dL/dz = q - p (Hinton et al. 2015).
static float KERNEL(forward_kl)(const float *restrict p, const float *restrict q, float *restrict gradient, size_t n,
                                float weight) {
    float sum = 0;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) {
            sum += p[i] * (ln_approximation(p[i]) - ln_approximation(q[i]));
            gradient[i] += weight * (q[i] - p[i]);
        }
    }
    return sum;
}

// g = ln(q/p) + 1, so dL/dz = q * (ln(q/p) - L) (MiniLLM, arXiv 2306.08543).
static float KERNEL(reverse_kl)(const float *restrict p, const float *restrict q, float *restrict gradient, size_t n,
                                float weight) {
    float sum = KERNEL(kl_divergence)(q, p, n);
    for (size_t i = 0; i < n; i++)
        gradient[i] += weight * q[i] * (ln_approximation(q[i]) - ln_approximation(p[i]) - sum);
    return sum;
}

// m = beta p + (1 - beta) q; g = (1 - beta) ln(q/m) (GKD, arXiv 2306.13649).
static float KERNEL(jensen_shannon)(const float *restrict p, const float *restrict q, float *restrict gradient,
                                    float *restrict scratch, size_t n, float beta, float weight) {
    float teacher = 0, student = 0, rest = 1.0f - beta;
    {
#pragma clang fp reassociate(on)
        for (size_t i = 0; i < n; i++) {
            float log_m = ln_approximation(beta * p[i] + rest * q[i]);
            float ratio = ln_approximation(q[i]) - log_m;
            scratch[i] = ratio;
            teacher += p[i] * (ln_approximation(p[i]) - log_m);
            student += q[i] * ratio;
        }
    }
    for (size_t i = 0; i < n; i++) gradient[i] += weight * rest * q[i] * (scratch[i] - student);
    return beta * teacher + rest * student;
}
