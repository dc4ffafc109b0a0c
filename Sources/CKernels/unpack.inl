// Quantized weights to whole numbers: a weight is scale * level + minimum, with a level of 8 bits for each value and a
// scale and a minimum for each group of 16 or 32. Layouts are those of quantized.inl, and scale * level + minimum is the
// Float32 it gives, rounded as it rounds.
//
// Levels are stored with BIAS added: 128 where the product's instruction takes unsigned weights, or 0. Scales and
// minimums of following groups lie OUTPUTS apart: a tile of the product holds that many rows side by side.

typedef uint8_t KERNEL(Bytes4) __attribute__((vector_size(4), aligned(1)));
typedef uint8_t KERNEL(Bytes16) __attribute__((vector_size(16), aligned(1)));
typedef uint8_t KERNEL(Bytes32) __attribute__((vector_size(32), aligned(1)));

static inline KERNEL(Bytes16) KERNEL(bytes16_at)(const uint8_t *p) { return *(const KERNEL(Bytes16) *)p; }
static inline KERNEL(Bytes32) KERNEL(bytes32_at)(const uint8_t *p) { return *(const KERNEL(Bytes32) *)p; }

// Stores levels that have an offset of `zero`.
static inline void KERNEL(put32)(uint8_t *p, KERNEL(Bytes32) levels, int zero) {
    *(KERNEL(Bytes32) *)p = levels + (uint8_t)(BIAS - zero);
}

// 16 where bit i of a word of 32 is set, in byte i.
static inline KERNEL(Bytes32) KERNEL(fifth_bits)(const uint8_t *p) {
    KERNEL(Bytes4) word = *(const KERNEL(Bytes4) *)p;
    KERNEL(Bytes32) spread = __builtin_shufflevector(word, word, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2,
                                                     2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const KERNEL(Bytes32) bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
                                  1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return (KERNEL(Bytes32))((spread & bits) != 0) & 16;
}

// Values 0 to 15 from the low halves of 16 bytes, 16 to 31 from the high ones.
static inline KERNEL(Bytes32) KERNEL(nibbles)(const uint8_t *p) {
    KERNEL(Bytes16) q = KERNEL(bytes16_at)(p), low = q & 15, high = q >> 4;
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                   21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
}

static void KERNEL(unpack_q4_0)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 32, x += 18, scales += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        KERNEL(put32)(q + i, KERNEL(nibbles)(x + 2), 8);
    }
}

static void KERNEL(unpack_q4_1)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 32, x += 20, scales += OUTPUTS, minimums += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        *minimums = KERNEL(half_at)(x + 2);
        KERNEL(put32)(q + i, KERNEL(nibbles)(x + 4), 0);
    }
}

static void KERNEL(unpack_q5_0)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 32, x += 22, scales += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        KERNEL(put32)(q + i, KERNEL(nibbles)(x + 6) | KERNEL(fifth_bits)(x + 2), 16);
    }
}

static void KERNEL(unpack_q5_1)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 32, x += 24, scales += OUTPUTS, minimums += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        *minimums = KERNEL(half_at)(x + 2);
        KERNEL(put32)(q + i, KERNEL(nibbles)(x + 8) | KERNEL(fifth_bits)(x + 4), 0);
    }
}

static void KERNEL(unpack_q8_0)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 32, x += 34, scales += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        KERNEL(put32)(q + i, KERNEL(bytes32_at)(x + 2), 0);
    }
}

static void KERNEL(unpack_iq4_nl)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                  float *restrict minimums, size_t width) {
    static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (size_t i = 0; i < width; i += 32, x += 18, scales += OUTPUTS) {
        *scales = KERNEL(half_at)(x);
        KERNEL(Bytes32) places = KERNEL(nibbles)(x + 2);
#if DOT_PRODUCTS > 0
        // Such a lookup is one instruction, which compilers do not find.
        __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)levels));
        KERNEL(put32)(q + i, (KERNEL(Bytes32))_mm256_shuffle_epi8(table, (__m256i)places), 0);
#else
        for (int j = 0; j < 32; j++) q[i + j] = (uint8_t)(levels[places[j]] + BIAS);
#endif
    }
}

static void KERNEL(unpack_q2_k)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 256, x += 84) {
        float d = KERNEL(half_at)(x + 80), dmin = KERNEL(half_at)(x + 82);
        for (int group = 0; group < 16; group++, scales += OUTPUTS, minimums += OUTPUTS) {
            *scales = d * (float)(x[group] & 15);
            *minimums = -(dmin * (float)(x[group] >> 4));
        }
        for (int half = 0; half < 2; half++) {
            KERNEL(Bytes32) bits = KERNEL(bytes32_at)(x + 16 + half * 32);
            for (int part = 0; part < 4; part++, bits >>= 2)
                KERNEL(put32)(q + i + half * 128 + part * 32, bits & 3, 0);
        }
    }
}

static void KERNEL(unpack_q3_k)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 256, x += 110) {
        float d = KERNEL(half_at)(x + 108);
        const uint8_t *packed = x + 96;
        for (int group = 0; group < 16; group++, scales += OUTPUTS) {
            int low = packed[group % 8] >> group / 8 * 4 & 15, high = packed[8 + group % 4] >> group / 4 * 2 & 3;
            *scales = d * (float)((low | high << 4) - 32);
        }
        KERNEL(Bytes32) third = KERNEL(bytes32_at)(x);
        for (int half = 0; half < 2; half++) {
            KERNEL(Bytes32) bits = KERNEL(bytes32_at)(x + 32 + half * 32);
            for (int part = 0; part < 4; part++, bits >>= 2, third >>= 1)
                KERNEL(put32)(q + i + half * 128 + part * 32, (bits & 3) | (third & 1) << 2, 4);
        }
    }
}

// Scales and minimums of 8 groups of 32.
static inline void KERNEL(group_scales)(const uint8_t *restrict x, float *restrict scales, float *restrict minimums) {
    float d = KERNEL(half_at)(x), dmin = KERNEL(half_at)(x + 2);
#pragma clang loop unroll(full)
    for (int group = 0; group < 8; group++) {
        int s, m;
        KERNEL(scale_and_minimum)(x + 4, group, &s, &m);
        scales[group * OUTPUTS] = d * (float)s;
        minimums[group * OUTPUTS] = -(dmin * (float)m);
    }
}

static void KERNEL(unpack_q4_k)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 256, x += 144, scales += 8 * OUTPUTS, minimums += 8 * OUTPUTS) {
        KERNEL(group_scales)(x, scales, minimums);
        for (int pair = 0; pair < 4; pair++) {
            KERNEL(Bytes32) bits = KERNEL(bytes32_at)(x + 16 + pair * 32);
            KERNEL(put32)(q + i + pair * 64, bits & 15, 0);
            KERNEL(put32)(q + i + pair * 64 + 32, bits >> 4, 0);
        }
    }
}

static void KERNEL(unpack_q5_k)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 256, x += 176, scales += 8 * OUTPUTS, minimums += 8 * OUTPUTS) {
        KERNEL(group_scales)(x, scales, minimums);
        KERNEL(Bytes32) high = KERNEL(bytes32_at)(x + 16);
        for (int pair = 0; pair < 4; pair++, high >>= 2) {
            KERNEL(Bytes32) bits = KERNEL(bytes32_at)(x + 48 + pair * 32);
            KERNEL(put32)(q + i + pair * 64, (bits & 15) | (high & 1) << 4, 0);
            KERNEL(put32)(q + i + pair * 64 + 32, bits >> 4 | (high & 2) << 3, 0);
        }
    }
}

static void KERNEL(unpack_q6_k)(const uint8_t *restrict x, uint8_t *restrict q, float *restrict scales,
                                float *restrict minimums, size_t width) {
    for (size_t i = 0; i < width; i += 256, x += 210) {
        float d = KERNEL(half_at)(x + 208);
        const int8_t *packed = (const int8_t *)(x + 192);
        for (int group = 0; group < 16; group++, scales += OUTPUTS) *scales = d * (float)packed[group];
        for (int half = 0; half < 2; half++) {
            KERNEL(Bytes32) high = KERNEL(bytes32_at)(x + 128 + half * 32);
            KERNEL(Bytes32) low[2] = {KERNEL(bytes32_at)(x + half * 64), KERNEL(bytes32_at)(x + half * 64 + 32)};
            for (int part = 0; part < 4; part++, high >>= 2) {
                KERNEL(Bytes32) bits = part < 2 ? low[part] & 15 : low[part - 2] >> 4;
                KERNEL(put32)(q + i + half * 128 + part * 32, bits | (high & 3) << 4, 32);
            }
        }
    }
}
