import Foundation
import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct StoredWeightsTests {
    /// Rows of three formats, as a projection put together from several tensors has them.
    private func weights(width: Int) -> StoredWeights {
        func part(_ format: DType, rows: Int, seed: UInt64) -> StoredWeights.Part {
            let floats = Fixture.normal(rows * width, seed: seed)
            var bytes = Data(count: format.byteCount(rows * width)!)
            bytes.withUnsafeMutableBytes { target in
                if format == .bf16 {
                    kernels.float_to_bfloat16(
                        floats, target.baseAddress!.assumingMemoryBound(to: UInt16.self), floats.count)
                } else {
                    // Any bytes are quantized weights; a scale of 0.01 keeps them small.
                    for (index, value) in floats.enumerated() where index < target.count {
                        target[index] = UInt8(truncatingIfNeeded: Int(value * 100))
                    }
                    for block in stride(from: 0, to: target.count, by: format.bytesPerBlock) {
                        target.storeBytes(
                            of: Float16(0.01).bitPattern, toByteOffset: block, as: UInt16.self)
                    }
                }
            }
            return StoredWeights.Part(dtype: format, rows: rows, bytes: bytes)
        }
        return StoredWeights(
            width: width,
            parts: [
                part(.q80, rows: 50, seed: 1), part(.bf16, rows: 33, seed: 2), part(.q50, rows: 300, seed: 3),
            ])
    }

    @Test func productsEqualThoseOfDequantizedWeights() {
        let stored = weights(width: 96)
        let (kept, dequantized) = (Tensor(stored), Tensor(stored).dequantized())
        #expect(kept.shape == [383, 96] && kept.stored != nil && dequantized.stored == nil)
        for rows in [1, 7, 40, 300] {
            let x = Tensor(shape: [rows, 96], values: Fixture.normal(rows * 96))
            let residual = Tensor(shape: [rows, 383], values: Fixture.normal(rows * 383, seed: 5))
            withoutGradients {
                // Sums of 96 products in two orders.
                expectClose(linear(x, weight: kept), linear(x, weight: dequantized), absolute: 2e-5)
                expectClose(
                    linear(x, weight: kept, adding: residual),
                    linear(x, weight: dequantized, adding: residual),
                    absolute: 2e-5)
                expectSameBits(
                    rowwiseLinear(x, weight: kept, adding: residual).values,
                    rowwiseLinear(x, weight: dequantized, adding: residual).values, "rowwise, \(rows) rows")
            }
        }
        withoutGradients {
            let ids: [Int32] = [0, 49, 50, 82, 83, 382, 50]
            expectSameBits(
                embedding(ids, table: kept, scale: 3).values,
                embedding(ids, table: dequantized, scale: 3).values,
                "embedding")
        }
        #expect(kept.values == dequantized.values && kept.copy().values == dequantized.values)
    }

    /// Rows in 8 bits differ from themselves by up to 1/254 of the largest of 32 values; such errors cancel mostly.
    @Test func productsOfWholeNumbersAreCloseForEveryPart() {
        let kept = Tensor(weights(width: 96))
        for rows in [1, 7, 40] {
            let x = Tensor(shape: [rows, 96], values: Fixture.normal(rows * 96))
            let residual = Tensor(shape: [rows, 383], values: Fixture.normal(rows * 383, seed: 5))
            let exact = rowwiseLinear(x, weight: kept, adding: residual).values
            let rounded = rowwiseLinear(x, weight: kept, adding: residual, arithmetic: .int8).values
            for row in 0..<rows {
                for (first, count) in [(0, 50), (50, 33), (83, 300)] {
                    let range = row * 383 + first..<row * 383 + first + count
                    let (a, b) = (exact[range], rounded[range])
                    let error = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                    let size = a.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
                    // BF16 weights are multiplied as ever.
                    #expect(first == 50 ? a == b : error > 0 && error < 0.02 * size, "\(row), \(first)")
                }
            }
        }
    }

    @Test func threadsAndCompanyChangeNoBit() {
        let kept = Tensor(weights(width: 4096))
        let x = Tensor(shape: [20, 4096], values: Fixture.normal(20 * 4096))
        let products: [(Tensor) -> [Float]] = [
            { linear($0, weight: kept).values },
            { rowwiseLinear($0, weight: kept, arithmetic: .int8).values },
        ]
        for product in products {
            let results = [1, Parallel.threads].map { threads in
                withThreads(threads) { withoutGradients { product(x) } }
            }
            expectSameBits(results[0], results[1], "threads")
        }
        let all = products[1](x)
        for row in [0, 7, 19] {
            let alone = products[1](x.selecting(rows: [row]))
            expectSameBits(alone, Array(all[row * 383..<(row + 1) * 383]), "row \(row)")
        }
    }

    /// An infinite scale is found wherever it is.
    @Test func nonFiniteWeightsAreFound() {
        #expect(!weights(width: 96).holdsNonFinite)
        for row in [0, 49, 299] {
            var part = weights(width: 96).parts[2]
            var bytes = part.bytes
            let place = min(row, 299) * bytes.count / 300
            bytes.replaceSubrange(place..<place + 2, with: [0, 0x7C])
            part = StoredWeights.Part(dtype: .q50, rows: 300, bytes: bytes)
            #expect(StoredWeights(width: 96, parts: [part]).holdsNonFinite)
        }
    }
}
