// Quantized weights to Float32, bit for bit as the GGUF reference package computes them: products and sums are rounded
// one by one, never fused. A block holds 32 or 256 values and one or two Float16 scales; layouts are those of GGUF's
// types (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

static inline float KERNEL(half_at)(const uint8_t *p) {
    uint16_t bits;
    __builtin_memcpy(&bits, p, 2);
    return (float)__builtin_bit_cast(_Float16, bits);
}

static inline uint32_t KERNEL(word_at)(const uint8_t *p) {
    uint32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return bits;
}

// 32 values of 4 bits: value i in the low half of byte i, value 16 + i in its high half.
static void KERNEL(dequantize_q4_0)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    for (size_t b = 0; b < blocks; b++, x += 18, y += 32) {
        float d = KERNEL(half_at)(x);
        const uint8_t *q = x + 2;
        for (int i = 0; i < 16; i++) {
            y[i] = d * (float)((q[i] & 15) - 8);
            y[16 + i] = d * (float)((q[i] >> 4) - 8);
        }
    }
}

static void KERNEL(dequantize_q4_1)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
#pragma clang fp contract(off)
    for (size_t b = 0; b < blocks; b++, x += 20, y += 32) {
        float d = KERNEL(half_at)(x), m = KERNEL(half_at)(x + 2);
        const uint8_t *q = x + 4;
        for (int i = 0; i < 16; i++) {
            y[i] = d * (float)(q[i] & 15) + m;
            y[16 + i] = d * (float)(q[i] >> 4) + m;
        }
    }
}

// The fifth bit of value i is bit i of a word.
static void KERNEL(dequantize_q5_0)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    for (size_t b = 0; b < blocks; b++, x += 22, y += 32) {
        float d = KERNEL(half_at)(x);
        uint32_t high = KERNEL(word_at)(x + 2);
        const uint8_t *q = x + 6;
        for (int i = 0; i < 16; i++) {
            y[i] = d * (float)((int)((q[i] & 15) | (high >> i & 1) << 4) - 16);
            y[16 + i] = d * (float)((int)((q[i] >> 4) | (high >> (i + 16) & 1) << 4) - 16);
        }
    }
}

static void KERNEL(dequantize_q5_1)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
#pragma clang fp contract(off)
    for (size_t b = 0; b < blocks; b++, x += 24, y += 32) {
        float d = KERNEL(half_at)(x), m = KERNEL(half_at)(x + 2);
        uint32_t high = KERNEL(word_at)(x + 4);
        const uint8_t *q = x + 8;
        for (int i = 0; i < 16; i++) {
            y[i] = d * (float)((q[i] & 15) | (high >> i & 1) << 4) + m;
            y[16 + i] = d * (float)((q[i] >> 4) | (high >> (i + 16) & 1) << 4) + m;
        }
    }
}

static void KERNEL(dequantize_q8_0)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    for (size_t b = 0; b < blocks; b++, x += 34, y += 32) {
        float d = KERNEL(half_at)(x);
        const int8_t *q = (const int8_t *)(x + 2);
        for (int i = 0; i < 32; i++) y[i] = d * (float)q[i];
    }
}

// 16 groups of 16, each with a scale and a minimum of 4 bits; 2 bits a value. Byte i of a half holds values i, 32 + i,
// 64 + i and 96 + i of it.
static void KERNEL(dequantize_q2_k)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
#pragma clang fp contract(off)
    for (size_t b = 0; b < blocks; b++, x += 84, y += 256) {
        float d = KERNEL(half_at)(x + 80), dmin = KERNEL(half_at)(x + 82);
        for (int group = 0; group < 16; group++) {
            float scale = d * (float)(x[group] & 15), minimum = dmin * (float)(x[group] >> 4);
            const uint8_t *q = x + 16 + group / 8 * 32 + group % 2 * 16;
            int shift = group % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) y[group * 16 + i] = scale * (float)(q[i] >> shift & 3) - minimum;
        }
    }
}

// As q2_k, with a third bit, which takes 4 off where it is 0, and 6-bit scales: the low 4 bits of scale i in byte i % 8,
// its high 2 in byte 8 + i % 4.
static void KERNEL(dequantize_q3_k)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    for (size_t b = 0; b < blocks; b++, x += 110, y += 256) {
        float d = KERNEL(half_at)(x + 108);
        const uint8_t *scales = x + 96;
        for (int group = 0; group < 16; group++) {
            int low = scales[group % 8] >> group / 8 * 4 & 15, high = scales[8 + group % 4] >> group / 4 * 2 & 3;
            float scale = d * (float)((low | high << 4) - 32);
            const uint8_t *q = x + 32 + group / 8 * 32 + group % 2 * 16, *mask = x + group % 2 * 16;
            int shift = group % 8 / 2 * 2, bit = group / 2;
            for (int i = 0; i < 16; i++)
                y[group * 16 + i] = scale * (float)((q[i] >> shift & 3) - (mask[i] >> bit & 1 ? 0 : 4));
        }
    }
}

// Scale and minimum of group j of 8, 6 bits each in 12 bytes.
static inline void KERNEL(scale_and_minimum)(const uint8_t *s, int j, int *scale, int *minimum) {
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *minimum = (s[j + 4] >> 4) | (s[j] >> 6) << 4;
    }
}

// 8 groups of 32, each with a scale and a minimum; bytes 32 j to 32 j + 31 hold groups 2 j and 2 j + 1.
static void KERNEL(dequantize_q4_k)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
#pragma clang fp contract(off)
    for (size_t b = 0; b < blocks; b++, x += 144, y += 256) {
        float d = KERNEL(half_at)(x), dmin = KERNEL(half_at)(x + 2);
        for (int group = 0; group < 8; group++) {
            int s, m;
            KERNEL(scale_and_minimum)(x + 4, group, &s, &m);
            float scale = d * (float)s, minimum = dmin * (float)m;
            const uint8_t *q = x + 16 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) y[group * 32 + i] = scale * (float)(q[i] >> shift & 15) - minimum;
        }
    }
}

// As q4_k, with the fifth bit of group j's values in bit j of 32 bytes.
static void KERNEL(dequantize_q5_k)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
#pragma clang fp contract(off)
    for (size_t b = 0; b < blocks; b++, x += 176, y += 256) {
        float d = KERNEL(half_at)(x), dmin = KERNEL(half_at)(x + 2);
        for (int group = 0; group < 8; group++) {
            int s, m;
            KERNEL(scale_and_minimum)(x + 4, group, &s, &m);
            float scale = d * (float)s, minimum = dmin * (float)m;
            const uint8_t *high = x + 16, *q = x + 48 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++)
                y[group * 32 + i] =
                    scale * (float)((q[i] >> shift & 15) | (high[i] >> group & 1) << 4) - minimum;
        }
    }
}

// 16 groups of 16 with a signed 8-bit scale. Byte i of 64 holds the low 4 bits of values i and 64 + i of a half; byte i
// of 32 the high 2 bits of values i, 32 + i, 64 + i and 96 + i.
static void KERNEL(dequantize_q6_k)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    for (size_t b = 0; b < blocks; b++, x += 210, y += 256) {
        float d = KERNEL(half_at)(x + 208);
        const int8_t *scales = (const int8_t *)(x + 192);
        for (int group = 0; group < 16; group++) {
            float scale = d * (float)scales[group];
            int half = group / 8, place = group % 8;
            const uint8_t *low = x + half * 64 + place % 4 * 16, *high = x + 128 + half * 32 + place % 2 * 16;
            int low_shift = place / 4 * 4, high_shift = place / 2 * 2;
            for (int i = 0; i < 16; i++)
                y[group * 16 + i] =
                    scale * (float)((int)((low[i] >> low_shift & 15) | (high[i] >> high_shift & 3) << 4) - 32);
        }
    }
}

// As q4_0, the 4 bits naming one of 16 levels of a curve.
static void KERNEL(dequantize_iq4_nl)(const uint8_t *restrict x, float *restrict y, size_t blocks) {
    static const float levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (size_t b = 0; b < blocks; b++, x += 18, y += 32) {
        float d = KERNEL(half_at)(x);
        const uint8_t *q = x + 2;
        for (int i = 0; i < 16; i++) {
            y[i] = d * levels[q[i] & 15];
            y[16 + i] = d * levels[q[i] >> 4];
        }
    }
}
