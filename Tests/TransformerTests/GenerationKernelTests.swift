import CKernels
import Foundation
import Support
import Testing

@testable import Tensors

@Suite struct GenerationKernelTests {
    /// y = x · weightᵀ in Float64.
    private func product(_ x: Tensor, _ weight: Tensor, _ residual: Tensor) -> [Float] {
        let (a, w, r) = (x.values, weight.values, residual.values)
        return (0..<x.rows * weight.rows).map { place in
            let (row, output) = (place / weight.rows, place % weight.rows)
            let sum = (0..<x.width).reduce(0.0) {
                $0 + Double(a[row * x.width + $1]) * Double(w[output * x.width + $1])
            }
            return Float(sum + Double(r[place]))
        }
    }

    private func random(_ shape: [Int], _ index: UInt64) -> Tensor {
        Tensor.normal(shape, deviation: 1, from: RandomStream(seed: 3, purpose: "rowwise", index: index))
    }

    @Test(arguments: [1, 3, 8, 9, 16, 17, 24, 25, 40], [1, 5, 12, 13, 200])
    func rowwiseLinearIsTheProduct(rows: Int, outputs: Int) {
        let (x, weight) = (random([rows, 67], 0), random([outputs, 67], 1))
        let residual = random([rows, outputs], 2)
        // Sums of 67 products of size 1 in Float32: partial sums up to 30 round by 1e-6 each time.
        let expected = product(x, weight, residual)
        let found = rowwiseLinear(x, weight: weight, adding: residual).values
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 3e-5 })
        let bare = rowwiseLinear(x, weight: weight).values
        let zero = Tensor.zeros([rows, outputs])
        #expect(zip(bare, product(x, weight, zero)).allSatisfy { abs($0 - $1) < 3e-5 })
    }

    @Test func aRowsBitsDoNotDependOnOtherRowsOrThreads() {
        let (x, weight) = (random([40, 300], 0), random([130, 300], 1))
        let all = rowwiseLinear(x, weight: weight).values
        for rows in [1..<2, 3..<11, 5..<30, 39..<40] {
            let part = Tensor(
                shape: [rows.count, 300],
                values: Array(x.values[rows.lowerBound * 300..<rows.upperBound * 300]))
            let expected = Array(all[rows.lowerBound * 130..<rows.upperBound * 130])
            #expect(rowwiseLinear(part, weight: weight).values == expected)
        }
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        Parallel.threads = 1
        #expect(rowwiseLinear(x, weight: weight).values == all)
    }

    @Test func samplingWeightsMatchTheirSums() {
        for kernels in kernelVariants {
            let z = random([1, 1003], 4).values
            var weights = z
            var sums = [Float](repeating: 0, count: 4)
            let total = kernels.sampling_weights(&weights, &sums, z.count, 256, 2)
            let best = z.max()!
            for (weight, logit) in zip(weights, z) {
                let exact = exp(2 * Double(logit - best))
                #expect(abs(Double(weight) - exact) <= 1e-6 * exact)
            }
            #expect(weights.max() == 1)
            for (block, sum) in sums.enumerated() {
                let exact = weights[block * 256..<min((block + 1) * 256, 1003)].reduce(0.0) {
                    $0 + Double($1)
                }
                #expect(abs(Double(sum) - exact) < 1e-5 * exact)
            }
            #expect(total == sums.reduce(0.0) { $0 + Double($1) })
        }
    }

    /// Variants of a kernel differ by the rounding that a fused multiply-add saves; those that have it, not at all.
    /// Widths below, at and beyond the 16 weights that are copied at a time.
    @Test(arguments: [5, 8, 13, 16], [7, 16, 45, 96])
    func panelProductsOfAllVariantsAgree(rows: Int, width: Int) {
        let outputs = 61
        let (x, weight) = (random([rows, width], 0).values, random([outputs, width], 1).values)
        let results = kernelVariants.map { kernels in
            let lanes = rows <= kernels.narrow_panel ? kernels.narrow_panel : 16
            var panel = [Float](repeating: .nan, count: lanes * width)
            var y = [Float](repeating: 1, count: rows * outputs)
            kernels.pack_panel(x, &panel, rows, width, width, lanes)
            kernels.panel_product(panel, weight, &y, rows, outputs, width, outputs, lanes, 1)
            return y
        }
        for result in results {
            #expect(zip(result, results.last!).allSatisfy { abs($0 - $1) < 3e-5 })
        }
        for result in results.dropLast() { #expect(result == results[0]) }
        for row in 0..<rows {
            for output in 0..<outputs {
                let exact = (0..<width).reduce(1.0) {
                    $0 + Double(x[row * width + $1]) * Double(weight[output * width + $1])
                }
                #expect(abs(Double(results[0][row * outputs + output]) - exact) < 3e-5)
            }
        }
    }
}
