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

typedef float KERNEL(Wide) __attribute__((vector_size(4 * WIDE), aligned(4)));

// Sums that a tile keeps in registers: three quarters of them, which leaves room for the operands.
#define TILE (REGISTERS * 3 / 4)

// Floats of a cache line: a tile's weights are copied a line of each row at a time.
#define LINE 16

// Adds the products of step k, for weights `stride` apart.
__attribute__((always_inline)) static inline void KERNEL(panel_step)(KERNEL(Wide) *restrict sums,
                                                                     const float *restrict panel,
                                                                     const float *restrict weight, size_t stride,
                                                                     const size_t vectors, const size_t outputs) {
    KERNEL(Wide) x[16 / WIDE];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) x[v] = *(const KERNEL(Wide) *)(panel + v * WIDE);
#pragma clang loop unroll(full)
    for (size_t o = 0; o < outputs; o++) {
        float w = weight[o * stride];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[o * vectors + v] += x[v] * w;
    }
}

// `outputs` weight rows against a panel of `vectors` * WIDE lanes; both are constants where this is called, so that
// the sums live in registers.
//
// Rows of a matrix lie a power of two apart, or nearly, so that what a tile reads side by side falls into few sets of the
// L1 cache and drives itself out: read in place, rows of 2,048 took four times as long. So while a line of each row is
// multiplied, the next is copied to where they lie together.
__attribute__((always_inline)) static inline void KERNEL(panel_tile)(const float *restrict panel,
                                                                     const float *restrict weight,
                                                                     float *restrict y, size_t rows, size_t width,
                                                                     size_t y_stride, int accumulate,
                                                                     const size_t vectors, const size_t outputs) {
    KERNEL(Wide) sums[TILE];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < vectors * outputs; i++) sums[i] = (KERNEL(Wide)){0};
    __attribute__((aligned(64))) float lines[2][TILE * LINE];
    const size_t lanes = vectors * WIDE, whole = width / LINE * LINE;
    if (whole > 0)
        for (size_t o = 0; o < outputs; o++) __builtin_memcpy(lines[0] + o * LINE, weight + o * width, 4 * LINE);
    // Rows of the next tile, one after another: a tile reads more rows side by side than hardware prefetches.
    const float *ahead = weight + outputs * width;
    for (size_t start = 0; start < whole; start += LINE) {
        const float *restrict current = lines[start / LINE % 2];
        float *restrict next = lines[(start / LINE + 1) % 2];
        const float *restrict source = weight + (start + LINE < whole ? start + LINE : start);
#pragma clang loop unroll(disable)
        for (size_t k = 0; k < LINE; k++) {
#pragma clang loop unroll(full)
            for (size_t o = 0; o < outputs; o += LINE)
                if (o + k < outputs) {
                    __builtin_memcpy(next + (o + k) * LINE, source + (o + k) * width, 4 * LINE);
                    __builtin_prefetch(ahead, 0, 2);
                    ahead += LINE;
                }
            KERNEL(panel_step)(sums, panel + (start + k) * lanes, current + k, LINE, vectors, outputs);
        }
    }
    for (size_t k = whole; k < width; k++)
        KERNEL(panel_step)(sums, panel + k * lanes, weight + k, width, vectors, outputs);
    for (size_t r = 0; r < rows; r++) {
        float *restrict out = y + r * y_stride;
        for (size_t o = 0; o < outputs; o++) {
            float sum = ((const float *)sums)[o * lanes + r];
            out[o] = accumulate ? out[o] + sum : sum;
        }
    }
}

// All outputs against a panel of `vectors` * WIDE lanes.
__attribute__((always_inline)) static inline void KERNEL(panel_tiles)(const float *restrict panel,
                                                                      const float *restrict weight,
                                                                      float *restrict y, size_t rows, size_t outputs,
                                                                      size_t width, size_t y_stride, int accumulate,
                                                                      const size_t vectors) {
    const size_t tile = TILE / vectors;
    size_t o = 0;
    for (; o + tile <= outputs; o += tile)
        KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, vectors, tile);
    for (; o < outputs; o++)
        KERNEL(panel_tile)(panel, weight + o * width, y + o, rows, width, y_stride, accumulate, vectors, 1);
}

static void KERNEL(panel_product)(const float *restrict panel, const float *restrict weight, float *restrict y,
                                  size_t rows, size_t outputs, size_t width, size_t y_stride, size_t lanes,
                                  int accumulate) {
    if (lanes > WIDE)
        KERNEL(panel_tiles)(panel, weight, y, rows, outputs, width, y_stride, accumulate, 16 / WIDE);
    else
        KERNEL(panel_tiles)(panel, weight, y, rows, outputs, width, y_stride, accumulate, 1);
}

#undef TILE
#undef LINE
