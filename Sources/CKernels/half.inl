static void KERNEL(bfloat16_to_float)(const uint16_t *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = __builtin_bit_cast(float, (uint32_t)x[i] << 16);
}

static void KERNEL(float_to_bfloat16)(const float *restrict x, uint16_t *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = __builtin_bit_cast(uint32_t, x[i]);
        uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        uint32_t quiet = (bits >> 16) | 0x40u;
        y[i] = (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
    }
}

static void KERNEL(float16_to_float)(const uint16_t *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (float)__builtin_bit_cast(_Float16, x[i]);
}

static void KERNEL(float_to_float16)(const float *restrict x, uint16_t *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = __builtin_bit_cast(uint16_t, (_Float16)x[i]);
}
