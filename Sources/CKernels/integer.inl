// Products of rows rounded to 8 bits with quantized weights: sums of whole numbers, exact in any order, which processors
// compute four to a lane, and one Float32 multiply-add for each group of values.
//
// With activations x = a * i and weights w = s * l + m in a group (i and l integers), its part of x · w is
// a * s * sum(i * l) + m * a * sum(i). Groups are added in rising order, so the bits of an output depend on its own row
// and weights alone.
//
// A tile is OUTPUTS weight rows side by side, one a lane: four values of each follow each other, then the next four.

// What a variant's instruction requires: BIAS is added to weights, see unpack.inl; TILE_ROWS rows of x are multiplied at
// once, their sums in registers.
typedef int32_t KERNEL(Whole) __attribute__((vector_size(4 * OUTPUTS), aligned(4)));
typedef float KERNEL(Sums) __attribute__((vector_size(4 * OUTPUTS), aligned(4)));
#define TILE_ROWS (REGISTERS / 4)

// sum + the product of four weights and four values of x in each lane.
static inline KERNEL(Whole) KERNEL(four_products)(KERNEL(Whole) sum, KERNEL(Whole) weights, int32_t x) {
#if defined(__x86_64__) && DOT_PRODUCTS == 2
    return (KERNEL(Whole))_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, _mm512_set1_epi32(x));
#elif defined(__x86_64__) && DOT_PRODUCTS == 1
    // |w| * (x with w's sign), two products to 16 bits: at most 2 * 128 * 127, which they hold.
    __m256i w = (__m256i)weights, signed_x = _mm256_sign_epi8(_mm256_set1_epi32(x), w);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), signed_x);
    return sum + (KERNEL(Whole))_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#else
    typedef int16_t Halves __attribute__((vector_size(4 * OUTPUTS)));
    Halves w = (Halves)weights, v = (Halves)((KERNEL(Whole)){0} + x);
    KERNEL(Whole) pairs = (KERNEL(Whole))(((w << 8) >> 8) * ((v << 8) >> 8) + (w >> 8) * (v >> 8));
    return sum + ((pairs << 16) >> 16) + (pairs >> 16);
#endif
}

// Rows of x that are multiplied at once when `left` are left.
static inline size_t KERNEL(rows_at_once)(size_t left) {
    return left >= 8 && TILE_ROWS >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

// One row of x, of `rows` that lie side by side: four values of each, then the next four; and so with groups.
static void KERNEL(round_row)(const float *restrict x, int8_t *restrict q, DistillGroup *restrict groups, size_t width,
                              size_t group, size_t rows) {
    for (size_t start = 0; start < width; start += 32) {
        const float *values = x + start;
        float largest = 0, poison = 0;
        {
#pragma clang fp reassociate(on)
            // An infinity or NaN makes the scale NaN, and so every output.
            for (int i = 0; i < 32; i++) poison += values[i] * 0;
        }
        for (int i = 0; i < 32; i++) {
            float size = __builtin_fabsf(values[i]);
            largest = size > largest ? size : largest;
        }
        // Below it the inverse would be infinite.
        float inverse = largest > 1e-30f ? 127.0f / largest : 0, scale = largest / 127.0f + poison;
        int32_t levels[32];
        int8_t bytes[32];
        // Adding 1.5 * 2^23 rounds to an integer in the low mantissa bits.
        for (int i = 0; i < 32; i++)
            levels[i] = __builtin_bit_cast(int32_t, values[i] * inverse + 12582912.0f) - 0x4B400000;
        for (int i = 0; i < 32; i++) bytes[i] = (int8_t)levels[i];
        for (size_t i = 0; i < 32; i += 4) __builtin_memcpy(q + (start + i) * rows, bytes + i, 4);
        for (size_t first = 0; first < 32; first += group) {
            int32_t sum = 0;
            for (size_t i = 0; i < group; i++) sum += levels[first + i];
            groups[(start + first) / group * rows] = (DistillGroup){scale, scale * (float)sum, -BIAS * sum};
        }
    }
}

static void KERNEL(round_rows)(const float *restrict x, int8_t *restrict q, DistillGroup *restrict groups, size_t rows,
                               size_t width, size_t group) {
    size_t per_row = width / group;
    for (size_t r = 0, n; r < rows; r += n) {
        n = KERNEL(rows_at_once)(rows - r);
        for (size_t i = 0; i < n; i++)
            KERNEL(round_row)(x + (r + i) * width, q + r * width + 4 * i, groups + r * per_row + i, width, group, n);
    }
}

// Interleaves halves of vectors: lane by lane, one of each alternately.
__attribute__((always_inline)) static inline void KERNEL(interleave_halves)(const KERNEL(Whole) *v, KERNEL(Whole) *out) {
#pragma clang loop unroll(full)
    for (int i = 0; i < OUTPUTS / 2; i++) {
        KERNEL(Whole) a = v[i], b = v[i + OUTPUTS / 2];
#if OUTPUTS == 16
        out[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        out[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
        out[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        out[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#endif
    }
}

// A tile's rows, one after another, to lanes: a square of vectors is transposed by log2(OUTPUTS) interleavings.
static void KERNEL(interleave)(const uint8_t *restrict rows, uint8_t *restrict tile, size_t width) {
    for (size_t k = 0; k < width; k += 4 * OUTPUTS) {
        KERNEL(Whole) v[OUTPUTS], t[OUTPUTS];
        // A row may end within the vectors: what is read beyond it lies in the next row, or in the scales that follow
        // the last, and is not stored.
#pragma clang loop unroll(full)
        for (int i = 0; i < OUTPUTS; i++) v[i] = *(const KERNEL(Whole) *)(rows + i * width + k);
        KERNEL(interleave_halves)(v, t);
        KERNEL(interleave_halves)(t, v);
        KERNEL(interleave_halves)(v, t);
#if OUTPUTS == 16
        KERNEL(interleave_halves)(t, v);
        const KERNEL(Whole) *turned = v;
#else
        const KERNEL(Whole) *turned = t;
#endif
        KERNEL(Whole) *out = (KERNEL(Whole) *)(tile + k * OUTPUTS);
        size_t left = (width - k) / 4;
        if (left >= OUTPUTS) {
#pragma clang loop unroll(full)
            for (int i = 0; i < OUTPUTS; i++) out[i] = turned[i];
        } else {
#pragma clang loop unroll(full)
            for (int i = 0; i < OUTPUTS; i++)
                if ((size_t)i < left) out[i] = turned[i];
        }
    }
}

// What the last tile has of outputs; apart, because it would be most of the code of every case below.
__attribute__((noinline)) static void KERNEL(put_outputs)(const float *restrict sums, float *restrict y, size_t outputs,
                                                          int accumulate) {
    for (size_t o = 0; o < outputs; o++) y[o] = accumulate ? y[o] + sums[o] : sums[o];
}

// A tile against `rows` rows of x; that, `group` and `has_minimum` are constants where this is called.
__attribute__((always_inline)) static inline void KERNEL(tile_rows)(
    const uint8_t *restrict tile, const float *restrict scales, const float *restrict minimums,
    const int8_t *restrict x, const DistillGroup *restrict groups, float *restrict y, size_t outputs, size_t width,
    size_t y_stride, int accumulate, const size_t rows, const size_t group, const int has_minimum) {
    KERNEL(Sums) sums[TILE_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) sums[r] = (KERNEL(Sums)){0};
    for (size_t start = 0; start < width; start += group, groups += rows) {
        KERNEL(Whole) dots[TILE_ROWS];
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) dots[r] = (KERNEL(Whole)){0} + (BIAS ? groups[r].start : 0);
#pragma clang loop unroll(full)
        for (size_t k = 0; k < group; k += 4) {
            KERNEL(Whole) weights = *(const KERNEL(Whole) *)(tile + (start + k) * OUTPUTS);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows; r++) {
                int32_t four;
                __builtin_memcpy(&four, x + (start + k) * rows + 4 * r, 4);
                dots[r] = KERNEL(four_products)(dots[r], weights, four);
            }
        }
        size_t place = start / group * OUTPUTS;
        KERNEL(Sums) scale = *(const KERNEL(Sums) *)(scales + place);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++)
            sums[r] += __builtin_convertvector(dots[r], KERNEL(Sums)) * (scale * groups[r].scale);
        if (has_minimum) {
            KERNEL(Sums) minimum = *(const KERNEL(Sums) *)(minimums + place);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows; r++) sums[r] += minimum * groups[r].sum;
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
        float *restrict out = y + r * y_stride;
        KERNEL(Sums) *whole = (KERNEL(Sums) *)out, sum = sums[r];
        if (outputs == OUTPUTS) *whole = accumulate ? *whole + sum : sum;
        else KERNEL(put_outputs)((const float *)&sum, out, outputs, accumulate);
    }
}

// A tile against all rows of x.
__attribute__((always_inline)) static inline void KERNEL(tile_product)(
    const uint8_t *restrict tile, const float *restrict scales, const float *restrict minimums,
    const int8_t *restrict x, const DistillGroup *restrict groups, float *restrict y, size_t rows, size_t outputs,
    size_t width, size_t y_stride, int accumulate, const size_t group, const int has_minimum) {
    for (size_t r = 0, n; r < rows; r += n) {
        n = KERNEL(rows_at_once)(rows - r);
        const int8_t *part = x + r * width;
        const DistillGroup *their = groups + r * (width / group);
        float *out = y + r * y_stride;
#define ROWS(count) \
    KERNEL(tile_rows)(tile, scales, minimums, part, their, out, outputs, width, y_stride, accumulate, count, group, \
                      has_minimum)
        if (TILE_ROWS >= 8 && n == 8) ROWS(TILE_ROWS);
        else if (n == 4) ROWS(4);
        else if (n == 2) ROWS(2);
        else ROWS(1);
#undef ROWS
    }
}

static void KERNEL(integer_product)(DistillUnpack unpack, const uint8_t *restrict weights, size_t row_bytes,
                                    const int8_t *restrict x, const DistillGroup *restrict groups, float *restrict y,
                                    size_t rows, size_t outputs, size_t width, size_t group, int has_minimum,
                                    size_t y_stride, int accumulate, uint8_t *restrict scratch) {
    uint8_t *levels = scratch, *tile = scratch + OUTPUTS * width + OUTPUTS * 4 * (width / group);
    float *scales = (float *)(levels + OUTPUTS * width), *minimums = (float *)(tile + OUTPUTS * width);
    for (size_t o = 0; o < outputs; o += OUTPUTS, weights += OUTPUTS * row_bytes) {
        size_t count = outputs - o < OUTPUTS ? outputs - o : OUTPUTS;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *row = weights + i * row_bytes;
            // The row of the next tile, which memory has time to give until then.
            for (size_t line = 0; line < row_bytes; line += 64)
                __builtin_prefetch(row + OUTPUTS * row_bytes + line, 0, 2);
            unpack(row, levels + i * width, scales + i, minimums + i, width);
        }
        KERNEL(interleave)(levels, tile, width);
#define PRODUCT(group, has_minimum) \
    KERNEL(tile_product)(tile, scales, minimums, x, groups, y + o, rows, count, width, y_stride, accumulate, group, \
                         has_minimum)
        if (group == 32 && has_minimum) PRODUCT(32, 1);
        else if (group == 32) PRODUCT(32, 0);
        else if (has_minimum) PRODUCT(16, 1);
        else PRODUCT(16, 0);
#undef PRODUCT
    }
}
