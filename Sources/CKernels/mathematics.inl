// Eight floats at any address: one AVX2 register, or two of the baseline.
typedef float Lanes __attribute__((vector_size(32), aligned(4)));

// exp and ln for vector loops: branch-free, so that the compiler can vectorize the caller.

// exp(x) within 3 ulp on [-87.33, 88.37]; below it 1.2e-38, above it 2.4e38, never an infinity: from 88.38 on the
// exponent rounds to 128, which is infinity's.
// Cody-Waite reduction to |r| <= ln(2)/2, then a degree-6 Taylor polynomial.
static inline float exp_approximation(float x) {
    x = x < -87.33f ? -87.33f : x;
    x = x > 88.37f ? 88.37f : x;
    // Adding 1.5 * 2^23 rounds to an integer in the low mantissa bits.
    float shifted = x * 1.44269504f + 12582912.0f;
    int32_t exponent = __builtin_bit_cast(int32_t, shifted) - 0x4B400000;
    float n = shifted - 12582912.0f;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * __builtin_bit_cast(float, (exponent + 127) << 23);
}

// ln(x) within 3 ulp for normal positive x: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), then
// ln(m) = 2 atanh(s), s = (m - 1) / (m + 1), by its odd series.
static inline float ln_approximation(float x) {
    int32_t bits = __builtin_bit_cast(int32_t, x);
    int32_t exponent = (bits - 0x3F3504F3) >> 23;
    float m = __builtin_bit_cast(float, bits - (exponent << 23));
    float s = (m - 1.0f) / (m + 1.0f);
    float t = s * s;
    float p = 2.0f / 9.0f;
    p = p * t + 2.0f / 7.0f;
    p = p * t + 2.0f / 5.0f;
    p = p * t + 2.0f / 3.0f;
    float e = (float)exponent;
    return e * 0.693359375f + (s * (p * t + 2.0f) - e * 2.12194440e-4f);
}

// tanh(x) within 1e-6 of its value: near 0, where 1 - 2 / (exp(2x) + 1) would cancel, its odd Taylor series.
static inline float tanh_approximation(float x) {
    float t = x * x;
    float p = -1382.0f / 155925.0f;
    p = p * t + 62.0f / 2835.0f;
    p = p * t - 17.0f / 315.0f;
    p = p * t + 2.0f / 15.0f;
    p = p * t - 1.0f / 3.0f;
    float near = x + x * t * p;
    float far = 1.0f - 2.0f / (exp_approximation(2.0f * x) + 1.0f);
    return t < 0.09f ? near : far;
}
