// Products of few rows with a large weight matrix. Weights are streamed from memory in place, without the packing
// that a general product does first and that costs as much as the arithmetic when there are 16 rows.
//
// Every output is one chain of multiply-adds in rising k: its bits depend on its own row and weights alone.

static void KERNEL(pack_panel)(const float *restrict x, float *restrict panel, size_t rows, size_t width,
                               size_t stride, size_t lanes) {
    for (size_t k = 0; k < width; k++) {
        for (size_t r = 0; r < rows; r++) panel[k * lanes + r] = x[r * stride + k];
        for (size_t r = rows; r < lanes; r++) panel[k * lanes + r] = 0;
    }
}

// `outputs` weight rows against a panel of `vectors` * 8 lanes; both are constants where this is called, so that
// the accumulators live in registers. 12 of them leave room for the operands in 16 registers.
__attribute__((always_inline)) static inline void KERNEL(panel_tile)(const float *restrict panel,
                                                                     const float *restrict weight,
                                                                     float *restrict y, size_t rows, size_t width,
                                                                     size_t y_stride, int accumulate,
                                                                     const size_t vectors, const size_t outputs) {
    Lanes sums[12];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < vectors * outputs; i++) sums[i] = (Lanes){0};
#pragma clang loop unroll(disable)
    for (size_t k = 0; k < width; k++) {
        Lanes x[2];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) x[v] = *(const Lanes *)(panel + (k * vectors + v) * 8);
#pragma clang loop unroll(full)
        for (size_t o = 0; o < outputs; o++) {
            float w = weight[o * width + k];
            Lanes broadcast = {w, w, w, w, w, w, w, w};
#pragma clang loop unroll(full)
            for (size_t v = 0; v < vectors; v++) sums[o * vectors + v] += x[v] * broadcast;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        float *restrict out = y + r * y_stride;
        for (size_t o = 0; o < outputs; o++) {
            float sum = ((const float *)sums)[o * vectors * 8 + r];
            out[o] = accumulate ? out[o] + sum : sum;
        }
    }
}

static void KERNEL(panel_product)(const float *restrict panel, const float *restrict weight, float *restrict y,
                                  size_t rows, size_t outputs, size_t width, size_t y_stride, size_t lanes,
                                  int accumulate) {
    size_t o = 0;
    if (lanes == 16) {
        for (; o + 6 <= outputs; o += 6)
            KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, 2, 6);
        for (; o < outputs; o++)
            KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, 2, 1);
    } else {
        for (; o + 12 <= outputs; o += 12)
            KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, 1, 12);
        for (; o < outputs; o++)
            KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, 1, 1);
    }
}
