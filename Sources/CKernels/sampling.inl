static double KERNEL(sampling_weights)(float *restrict z, float *restrict block_sums, size_t n, size_t block,
                                       float inverse_temperature) {
    float best = KERNEL(maximum)(z, n);
    double total = 0;
    for (size_t start = 0; start < n; start += block) {
        size_t end = start + block < n ? start + block : n;
        float sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = start; i < end; i++) {
                float e = exp_approximation((z[i] - best) * inverse_temperature);
                z[i] = e;
                sum += e;
            }
        }
        block_sums[start / block] = sum;
        total += (double)sum;
    }
    return total;
}
