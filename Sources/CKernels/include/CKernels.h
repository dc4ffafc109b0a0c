// Vector loops of swift-distill, behind one table of function pointers.
//
// Every kernel is written once, in a `.inl` file, as plain C that the compiler vectorizes. The files are
// compiled four times: for any x86-64 or other machine (portable.c), for AVX2 + FMA (avx2.c), for AVX-512 (avx512.c) and
// for AVX-512 with dot products of bytes (avx512vnni.c); `distill_kernels` picks at run time. Kernels never allocate, never start threads and never keep a pointer.
// Unless said otherwise matrices are row-major, dense, and outputs may not overlap inputs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "SHA256.h"

#ifdef __cplusplus
extern "C" {
#endif

// Dequantizes `blocks` blocks of quantized weights, at any address.
typedef void (*DistillDequantize)(const uint8_t *x, float *y, size_t blocks);

// Unpacks a row of `width` quantized weights, at any address, to whole numbers, scales and minimums; see unpack.inl.
// Formats without minimums write none.
typedef void (*DistillUnpack)(const uint8_t *x, uint8_t *levels, float *scales, float *minimums, size_t width);

// What is known of 16 or 32 values x that were rounded to x = scale * level.
typedef struct DistillGroup {
    float scale;
    // scale * the sum of the levels.
    float sum;
    // Where a sum of level * (weight + bias) starts, for the variant's bias, so that it ends as that of level * weight.
    int32_t start;
} DistillGroup;

typedef struct DistillKernels {
    // Name of the variant: "portable", "avx2", "avx512" or "avx512vnni".
    const char *name;
    // The fewest lanes of a panel: 8 or 16.
    size_t narrow_panel;

    // ---- elementwise.inl ----
    // y += x
    void (*add)(const float *x, float *y, size_t n);
    // y += factor * x
    void (*add_scaled)(const float *x, float factor, float *y, size_t n);
    // y = factor * y
    void (*scale)(float *y, float factor, size_t n);
    // y += weight * (x - y)
    void (*interpolate)(const float *x, float *y, float weight, size_t n);
    // Sum of x.
    float (*sum)(const float *x, size_t n);
    // Sum of squares, accumulated in blocks of Float32 and across blocks in Float64.
    double (*sum_of_squares)(const float *x, size_t n);
    // Non-zero if any value is infinite or not a number.
    int (*has_non_finite)(const float *x, size_t n);
    // y = ln x, for normal positive x.
    void (*logarithm)(const float *x, float *y, size_t n);

    // ---- half.inl ----
    void (*bfloat16_to_float)(const uint16_t *x, float *y, size_t n);
    // Rounds to nearest even; a NaN stays a NaN.
    void (*float_to_bfloat16)(const float *x, uint16_t *y, size_t n);
    void (*float16_to_float)(const uint16_t *x, float *y, size_t n);
    void (*float_to_float16)(const float *x, uint16_t *y, size_t n);

    // ---- quantized.inl ----
    // Blocks of 32 values, of 18, 20, 22, 24 and 34 bytes.
    DistillDequantize dequantize_q4_0, dequantize_q4_1, dequantize_q5_0, dequantize_q5_1, dequantize_q8_0;
    // Blocks of 256 values, of 84, 110, 144, 176 and 210 bytes.
    DistillDequantize dequantize_q2_k, dequantize_q3_k, dequantize_q4_k, dequantize_q5_k, dequantize_q6_k;
    // Blocks of 32 values, of 18 bytes.
    DistillDequantize dequantize_iq4_nl;

    // ---- unpack.inl ----
    // Groups of 32 values; of q2_k, q3_k and q6_k 16.
    DistillUnpack unpack_q4_0, unpack_q4_1, unpack_q5_0, unpack_q5_1, unpack_q8_0;
    DistillUnpack unpack_q2_k, unpack_q3_k, unpack_q4_k, unpack_q5_k, unpack_q6_k;
    DistillUnpack unpack_iq4_nl;

    // ---- integer.inl ----
    // Outputs that are computed side by side; scales of a row's groups lie as far apart.
    size_t integer_outputs;
    // Rounds rows of x, [rows, width], to levels of 8 bits with a scale for each 32 values. q receives rows * width
    // levels and `groups` rows * width / group of those, both in the order that integer_product reads. A first part of a
    // multiple of 8 rows may be rounded by itself. width is a multiple of 32; group 16 or 32.
    void (*round_rows)(const float *x, int8_t *q, DistillGroup *groups, size_t rows, size_t width, size_t group);
    // y (+)= x * weights^T for rounded rows of x and `outputs` rows of weights, `row_bytes` apart, in the format of
    // `unpack`. y's rows are `y_stride` apart. scratch is aligned as vectors are and holds
    // integer_outputs * (2 * width + 8 * (width / group)) bytes.
    void (*integer_product)(DistillUnpack unpack, const uint8_t *weights, size_t row_bytes, const int8_t *x,
                            const DistillGroup *groups, float *y, size_t rows, size_t outputs, size_t width,
                            size_t group, int has_minimum, size_t y_stride, int accumulate, uint8_t *scratch);

    // ---- norm.inl ----
    // y[r] = x[r] * inverse[r] * weight, inverse[r] = 1 / sqrt(mean(x[r]^2) + epsilon)
    void (*rms_norm)(const float *x, const float *weight, float *y, float *inverse, size_t rows, size_t width,
                     float epsilon);
    // dx (+)= gradient of x (added when `accumulate`), dweight += gradient of weight.
    void (*rms_norm_backward)(const float *x, const float *weight, const float *inverse, const float *dy, float *dx,
                              int accumulate, float *dweight, size_t rows, size_t width);
    // y[r] = (x[r] - mean[r]) * inverse[r] * weight + bias, inverse[r] = 1 / sqrt(variance(x[r]) + epsilon)
    void (*layer_norm)(const float *x, const float *weight, const float *bias, float *y, float *mean, float *inverse,
                       size_t rows, size_t width, float epsilon);
    // dx (+)= gradient of x (added when `accumulate`); dweight and dbias are added to.
    void (*layer_norm_backward)(const float *x, const float *weight, const float *mean, const float *inverse,
                                const float *dy, float *dx, int accumulate, float *dweight, float *dbias,
                                size_t rows, size_t width);

    // ---- rotary.inl ----
    // Rotates the first `heads` heads of each row by the angles of its position, in place. Hugging Face's
    // convention: component j pairs with j + dimension/2. cosines and sines: [positions, dimension/2].
    // direction: 1 forward, -1 backward.
    void (*rotary)(float *x, const int32_t *positions, const float *cosines, const float *sines, size_t rows,
                   size_t stride, size_t heads, size_t dimension, float direction);

    // ---- gate.inl ----
    // y = silu(gate) * up; a row of gate_up holds `width` gates, then `width` ups.
    void (*swiglu)(const float *gate_up, float *y, size_t rows, size_t width);
    // dgate_up from dy; overwrites dgate_up.
    void (*swiglu_backward)(const float *gate_up, const float *dy, float *dgate_up, size_t rows, size_t width);

    // The same with the tanh form of GELU in place of silu.
    void (*geglu)(const float *gate_up, float *y, size_t rows, size_t width);
    void (*geglu_backward)(const float *gate_up, const float *dy, float *dgate_up, size_t rows, size_t width);

    // ---- activation.inl ----
    // GELU in its tanh form, and exact.
    void (*gelu_tanh)(const float *x, float *y, size_t n);
    void (*gelu)(const float *x, float *y, size_t n);
    // dx from dy; overwrites dx.
    void (*gelu_tanh_backward)(const float *x, const float *dy, float *dx, size_t n);
    void (*gelu_backward)(const float *x, const float *dy, float *dx, size_t n);

    // ---- softcap.inl ----
    // x becomes cap * tanh(scale * x / cap).
    void (*soft_cap)(float *x, size_t n, float scale, float cap);
    // d, the gradient of the capped values, becomes that of scale * x.
    void (*soft_cap_backward)(const float *capped, float *d, size_t n, float cap);

    // ---- attention.inl ----
    // In place over a block of scores: row i keeps the last `window` of its first `visible + i` columns, becomes
    // softmax(scale * row) there and 0 elsewhere, up to `columns`. log_sum[i * log_stride] receives
    // log(sum(exp(scale * row))).
    void (*causal_softmax)(float *scores, size_t rows, size_t columns, size_t stride, size_t visible, size_t window,
                           float scale, float *log_sum, size_t log_stride);
    // The same probabilities again, from the stored log sums. The columns may be a block of all keys, `visible` counted
    // from its first: what a row sees beyond it does not matter, and the window may end before it.
    void (*causal_probabilities)(float *scores, size_t rows, size_t columns, size_t stride, size_t visible,
                                 size_t window, float scale, const float *log_sum, size_t log_stride);
    // dscores = probabilities * (dprobabilities - delta[row]) * scale, written over dprobabilities.
    void (*score_gradient)(const float *probabilities, float *dprobabilities, size_t rows, size_t columns,
                           size_t stride, const float *delta, float scale);
    // out[r] = dot(a[r], b[r]), rows `a_stride` and `b_stride` apart.
    void (*row_dots)(const float *a, const float *b, float *out, size_t rows, size_t width, size_t a_stride,
                     size_t b_stride);
    // One query against `count` cached keys and values, rows `stride` apart; scratch holds `count` floats. A positive
    // `cap` caps the scaled scores.
    void (*attend_one)(const float *query, const float *keys, const float *values, float *out, float *scratch,
                       size_t count, size_t dimension, size_t stride, float scale, float cap);

    // ---- panel.inl ----
    // Turns up to `lanes` rows of x, `stride` apart, into a panel: panel[k * lanes + r] = x[r][k], 0 for absent rows.
    // lanes is narrow_panel or 16; the panel holds lanes * width floats.
    void (*pack_panel)(const float *x, float *panel, size_t rows, size_t width, size_t stride, size_t lanes);
    // y[r][o] (+)= dot(x[r], weight[o]) for `outputs` dense weight rows (added when `accumulate`). The order of
    // additions is that of k, whatever rows, lanes and outputs are.
    void (*panel_product)(const float *panel, const float *weight, float *y, size_t rows, size_t outputs,
                          size_t width, size_t y_stride, size_t lanes, int accumulate);

    // ---- softmax.inl ----
    // Maximum of z, and log(sum(exp((z - maximum) * inverse_temperature))).
    void (*log_sum_exp)(const float *z, size_t n, float inverse_temperature, float *maximum, float *log_sum);
    // p = exp((z - maximum) * inverse_temperature - log_sum)
    void (*softmax)(const float *z, float *p, size_t n, float inverse_temperature, float maximum, float log_sum);
    // The k largest values in falling order with their places; ties go to the smaller index. k <= n.
    void (*top_k)(const float *z, size_t n, size_t k, int32_t *indices, float *values);
    // Index of the largest value, the smallest index on ties.
    int32_t (*argmax)(const float *z, size_t n);

    // ---- sampling.inl ----
    // z becomes exp((z - max(z)) * inverse_temperature); block_sums receives the sum of each `block` of them.
    // Returns the sum of all.
    double (*sampling_weights)(float *z, float *block_sums, size_t n, size_t block, float inverse_temperature);
    // Sum of the values that are at least `floor`.
    double (*sum_above)(const float *x, size_t n, float floor);
    // The first `room` values that are at least `floor`, and their places; returns how many there are.
    size_t (*keep_above)(const float *x, size_t n, float floor, float *kept, int32_t *places, size_t room);

    // ---- divergence.inl ----
    // All take probabilities p (teacher) and q (student), both > 0, add weight * dL/dz for z at
    // temperature T = 1 / inverse_temperature to `gradient`, and return L.
    float (*forward_kl)(const float *p, const float *q, float *gradient, size_t n, float weight);
    float (*reverse_kl)(const float *p, const float *q, float *gradient, size_t n, float weight);
    float (*jensen_shannon)(const float *p, const float *q, float *gradient, float *scratch, size_t n, float beta,
                            float weight);
    // sum(p * ln(p / q)) without a gradient.
    float (*kl_divergence)(const float *p, const float *q, size_t n);
    /// The same where p and q may lie so close that the sum of p ln(p/q) is rounding: never below 0. p, q > 0.
    float (*nearby_kl)(const float *p, const float *q, size_t n);

    // ---- adamw.inl ----
    // One AdamW step (Loshchilov & Hutter 2019, arXiv 1711.05101) on n values; `gradient_scale` multiplies the gradient
    // first (clipping). correction1 = 1 - beta1^step, correction2 = 1 - beta2^step.
    void (*adamw)(float *weight, const float *gradient, float *mean, float *variance, size_t n, float learning_rate,
                  float beta1, float beta2, float epsilon, float decay, float correction1, float correction2,
                  float gradient_scale);
} DistillKernels;

// The tables that this machine can run, the fastest at rank 0, the portable one last; NULL beyond it.
const DistillKernels *distill_kernels(int rank);

// Processors the scheduler lets this process use: containers and mpirun narrow them. At least 1.
int distill_processors(void);

// OpenBLAS chooses its kernels by the processor's model number. For a processor younger than itself it takes those of 2004,
// which on one with AVX-512 are five times slower. Where it did so and OPENBLAS_CORETYPE is not set, this makes it choose
// again by what the processor can do. Call it before the first product, on one thread. Returns the new core's name, or NULL
// where nothing was to be done.
const char *distill_choose_blas_core(void);

/// Lets OpenBLAS map the work buffers that `count` threads use at a time. It keeps them, so that a product maps none: where
/// it cannot, as under a limit of the address space, it would try again for ever.
/// - Returns: 0, or the bytes that could not be had
size_t distill_reserve_blas_buffers(int count);

// Tells the core that this thread waits for memory to change.
static inline void distill_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif
