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

static double KERNEL(sum_above)(const float *restrict x, size_t n, float floor) {
    double total = 0;
    for (size_t start = 0; start < n; start += 4096) {
        size_t end = start + 4096 < n ? start + 4096 : n;
        float sum = 0;
        {
#pragma clang fp reassociate(on)
            for (size_t i = start; i < end; i++) sum += x[i] >= floor ? x[i] : 0;
        }
        total += (double)sum;
    }
    return total;
}

static size_t KERNEL(keep_above)(const float *restrict x, size_t n, float floor, float *restrict kept,
                                 int32_t *restrict places, size_t room) {
    size_t count = 0;
    for (size_t start = 0; start < n; start += 64) {
        size_t end = start + 64 < n ? start + 64 : n;
        // Most blocks have none, which one comparison of vectors tells.
        uint32_t any = 0;
        for (size_t i = start; i < end; i++) any |= x[i] >= floor;
        if (!any) continue;
        for (size_t i = start; i < end; i++) {
            if (x[i] < floor) continue;
            if (count < room) {
                kept[count] = x[i];
                places[count] = (int32_t)i;
            }
            count++;
        }
    }
    return count;
}
