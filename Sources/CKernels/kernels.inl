// All kernels and their table. The including file defines KERNEL(name), which adds the variant to a name; VARIANT, its
// name as a string; and, for loops that are tiled by hand, WIDE, the floats of its vectors, REGISTERS, how many it has,
// and for products of whole numbers, see integer.inl, OUTPUTS, BIAS and DOT_PRODUCTS: 2 for AVX-512's instruction for four
// products to a lane, 1 for AVX2's for two, 0 for none.
#pragma STDC FP_CONTRACT ON
// Vectors are passed between functions of this file alone.
#pragma clang diagnostic ignored "-Wpsabi"

#include "mathematics.inl"

#include "elementwise.inl"
#include "half.inl"
#include "quantized.inl"
#include "unpack.inl"
#include "integer.inl"
#include "norm.inl"
#include "rotary.inl"
#include "gate.inl"
#include "activation.inl"
#include "softmax.inl"
#include "softcap.inl"
#include "attention.inl"
#include "panel.inl"
#include "sampling.inl"
#include "divergence.inl"
#include "adamw.inl"

const DistillKernels KERNEL(table) = {
    .name = VARIANT,
    .narrow_panel = WIDE,
    .add = KERNEL(add),
    .add_scaled = KERNEL(add_scaled),
    .scale = KERNEL(scale),
    .sum = KERNEL(sum),
    .interpolate = KERNEL(interpolate),
    .sum_of_squares = KERNEL(sum_of_squares),
    .has_non_finite = KERNEL(has_non_finite),
    .logarithm = KERNEL(logarithm),
    .bfloat16_to_float = KERNEL(bfloat16_to_float),
    .float_to_bfloat16 = KERNEL(float_to_bfloat16),
    .float16_to_float = KERNEL(float16_to_float),
    .float_to_float16 = KERNEL(float_to_float16),
    .dequantize_q4_0 = KERNEL(dequantize_q4_0),
    .dequantize_q4_1 = KERNEL(dequantize_q4_1),
    .dequantize_q5_0 = KERNEL(dequantize_q5_0),
    .dequantize_q5_1 = KERNEL(dequantize_q5_1),
    .dequantize_q8_0 = KERNEL(dequantize_q8_0),
    .dequantize_q2_k = KERNEL(dequantize_q2_k),
    .dequantize_q3_k = KERNEL(dequantize_q3_k),
    .dequantize_q4_k = KERNEL(dequantize_q4_k),
    .dequantize_q5_k = KERNEL(dequantize_q5_k),
    .dequantize_q6_k = KERNEL(dequantize_q6_k),
    .dequantize_iq4_nl = KERNEL(dequantize_iq4_nl),
    .unpack_q4_0 = KERNEL(unpack_q4_0),
    .unpack_q4_1 = KERNEL(unpack_q4_1),
    .unpack_q5_0 = KERNEL(unpack_q5_0),
    .unpack_q5_1 = KERNEL(unpack_q5_1),
    .unpack_q8_0 = KERNEL(unpack_q8_0),
    .unpack_q2_k = KERNEL(unpack_q2_k),
    .unpack_q3_k = KERNEL(unpack_q3_k),
    .unpack_q4_k = KERNEL(unpack_q4_k),
    .unpack_q5_k = KERNEL(unpack_q5_k),
    .unpack_q6_k = KERNEL(unpack_q6_k),
    .unpack_iq4_nl = KERNEL(unpack_iq4_nl),
    .integer_outputs = OUTPUTS,
    .round_rows = KERNEL(round_rows),
    .integer_product = KERNEL(integer_product),
    .rms_norm = KERNEL(rms_norm),
    .rms_norm_backward = KERNEL(rms_norm_backward),
    .layer_norm = KERNEL(layer_norm),
    .layer_norm_backward = KERNEL(layer_norm_backward),
    .rotary = KERNEL(rotary),
    .swiglu = KERNEL(swiglu),
    .swiglu_backward = KERNEL(swiglu_backward),
    .geglu = KERNEL(geglu),
    .geglu_backward = KERNEL(geglu_backward),
    .gelu_tanh = KERNEL(gelu_tanh),
    .gelu_tanh_backward = KERNEL(gelu_tanh_backward),
    .gelu = KERNEL(gelu),
    .gelu_backward = KERNEL(gelu_backward),
    .soft_cap = KERNEL(soft_cap),
    .soft_cap_backward = KERNEL(soft_cap_backward),
    .causal_softmax = KERNEL(causal_softmax),
    .causal_probabilities = KERNEL(causal_probabilities),
    .score_gradient = KERNEL(score_gradient),
    .row_dots = KERNEL(row_dots),
    .attend_one = KERNEL(attend_one),
    .pack_panel = KERNEL(pack_panel),
    .panel_product = KERNEL(panel_product),
    .sampling_weights = KERNEL(sampling_weights),
    .sum_above = KERNEL(sum_above),
    .keep_above = KERNEL(keep_above),
    .log_sum_exp = KERNEL(log_sum_exp),
    .softmax = KERNEL(softmax),
    .top_k = KERNEL(top_k),
    .argmax = KERNEL(argmax),
    .forward_kl = KERNEL(forward_kl),
    .reverse_kl = KERNEL(reverse_kl),
    .jensen_shannon = KERNEL(jensen_shannon),
    .kl_divergence = KERNEL(kl_divergence),
    .nearby_kl = KERNEL(nearby_kl),
    .adamw = KERNEL(adamw),
};
