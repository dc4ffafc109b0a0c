import Foundation
import TestSupport
import Tensors
import Testing

/// Norm, rotation and gate: forward against the reference, backward against its derivatives.
@Suite struct PointwiseKernelTests {
    @Test(arguments: KernelTable.all, Fixture.sizes)
    func rmsNorm(table: KernelTable, width: Int) {
        for scale: Float in [1e-4, 1, 1e4] {
            let rows = 3
            let x = Fixture.normal(rows * width, deviation: scale)
            let weight = Fixture.normal(width, seed: 2)
            var inverse = [Float](repeating: .nan, count: rows)
            let y = guarded(rows * width) {
                table.functions.rms_norm(x, weight, $0, &inverse, rows, width, 1e-5)
            }
            let expected = Reference.rmsNorm(
                x.map(Double.init), weight: weight.map(Double.init), epsilon: 1e-5)
            // No cancellation: a sum of squares, one root, three products.
            expectClose(y, expected, relative: 1e-6, absolute: 0)
        }
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func rmsNormBackward(table: KernelTable, width: Int) {
        let rows = 3
        let x = Fixture.normal(rows * width)
        let weight = Fixture.normal(width, seed: 2)
        let dy = Fixture.normal(rows * width, seed: 3)
        let initial = Fixture.normal(rows * width, seed: 4)
        let dweightInitial = Fixture.normal(width, seed: 5)
        var inverse = [Float](repeating: .nan, count: rows)
        _ = guarded(rows * width) {
            table.functions.rms_norm(x, weight, $0, &inverse, rows, width, 1e-5)
        }
        func run(accumulate: Bool) -> (dx: [Float], dweight: [Float]) {
            var dx: [Float] = []
            let dweight = guarded(width, initial: dweightInitial) { dweight in
                dx = guarded(rows * width, initial: accumulate ? initial : nil) { dx in
                    table.functions.rms_norm_backward(
                        x, weight, inverse, dy, dx, accumulate ? 1 : 0, dweight, rows, width)
                }
            }
            return (dx, dweight)
        }
        let point = [x.map(Double.init), weight.map(Double.init)]
        let gradient = (0..<2).map { input in
            centralDifferences(at: point, input: input, step: 1e-3) {
                zip(Reference.rmsNorm($0[0], weight: $0[1], epsilon: 1e-5), dy)
                    .reduce(0) { $0 + $1.0 * Double($1.1) }
            }
        }
        let (fresh, added) = (run(accumulate: false), run(accumulate: true))
        // Differences of terms near 1: a few roundings of 6e-8, times up to sqrt(width) of them.
        let tolerance = GradientTolerance(relative: 2e-6, absolute: 1e-6, cosine: 1e-11)
        // One channel: the output is ±weight but for epsilon, and the gradient of x nearly cancels.
        let slack = width == 1 ? GradientTolerance(relative: 0.05, absolute: 0.05, cosine: 1e-2) : tolerance
        expectNear(fresh.dx, gradient[0], slack, "dx")
        let sum = zip(gradient[0], initial).map { $0 + Double($1) }
        expectClose(added.dx, sum, relative: 2e-6, absolute: 5e-6, "dx added")
        for dweight in [fresh.dweight, added.dweight] {
            let sum = zip(gradient[1], dweightInitial).map { $0 + Double($1) }
            expectClose(dweight, sum, relative: 2e-6, absolute: 2e-6, "dweight is always added to")
        }
    }

    @Test(arguments: KernelTable.all, [2, 6, 14, 16, 32, 64, 66])
    func rotary(table: KernelTable, dimension: Int) {
        let (heads, rows, limit, half) = (3, 5, 700, dimension / 2)
        let width = heads * dimension + 7  // what lies behind the heads stays as it is
        let positions: [Int32] = [0, 1, 2, 350, 699]
        let x = Fixture.normal(rows * width)
        var (cosines, sines) = ([Float](), [Float]())
        for position in 0..<limit {
            for j in 0..<half {
                let angle = Double(position) * pow(10_000, -2 * Double(j) / Double(dimension))
                cosines.append(Float(cos(angle)))
                sines.append(Float(sin(angle)))
            }
        }
        for direction: Float in [1, -1] {
            let y = guarded(x.count, initial: x) {
                table.functions.rotary(
                    $0, positions, cosines, sines, rows, width, heads, dimension, direction)
            }
            let expected = Reference.rotary(
                x.map(Double.init), positions: positions, width: width, heads: heads,
                dimension: dimension, direction: Double(direction))
            // Two products of values below 5, each rounded, and rounded table entries.
            expectClose(y, expected, relative: 0, absolute: 1e-6)
            for row in 0..<rows {
                let tail = row * width + heads * dimension..<(row + 1) * width
                expectSameBits(Array(y[tail]), Array(x[tail]), "behind the heads")
            }
            expectSameBits(Array(y[..<(heads * dimension)]), Array(x[..<(heads * dimension)]), "position 0")
        }
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func gatedUnits(table: KernelTable, width: Int) {
        gatedUnit(table.functions.swiglu, table.functions.swiglu_backward, .silu, width: width)
        gatedUnit(table.functions.geglu, table.functions.geglu_backward, .geluTanh, width: width)
    }

    private func gatedUnit(
        _ forward: (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int, Int) -> Void,
        _ backward: (
            UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int, Int
        ) -> Void, _ gate: Gate, width: Int
    ) {
        for scale: Float in [0.01, 1, 20] {
            let rows = 3
            let gateUp = Fixture.normal(rows * 2 * width, deviation: scale)
            let dy = Fixture.normal(rows * width, seed: 2)
            let y = guarded(rows * width) { forward(gateUp, $0, rows, width) }
            let exact = gateUp.map(Double.init)
            // The argument of GELU's exp is rounded by 1e-7 of its size, up to 87 before the result vanishes; a cube
            // and two products come before it.
            let tolerance = gate == .silu ? 6e-7 : 3e-5
            // exp to 2 ulp, a sum, a quotient, a product: under ten roundings of 6e-8.
            expectClose(
                y, Reference.gatedUnit(exact, gate, width: width), relative: tolerance,
                absolute: 1e-35)
            let gradient = guarded(gateUp.count) {
                backward(gateUp, dy, $0, rows, width)
            }
            let numerical = centralDifferences(at: [exact], input: 0, step: 1e-3) {
                zip(Reference.gatedUnit($0[0], gate, width: width), dy).reduce(0) { $0 + $1.0 * Double($1.1) }
            }
            // The stencil leaves 1e-3⁴ times the fifth derivative of silu, and subtracts sums of this size.
            let largest = numerical.reduce(0) { max($0, $1.magnitude) }
            expectClose(gradient, numerical, relative: 2e-6, absolute: 1e-6 * largest)
        }
    }

    @Test(arguments: KernelTable.all)
    func swiGLUAtExtremes(table: KernelTable) {
        let gates: [Float] = [1e4, -1e4, 88.5, -88.5, 100, -100, 0, -0.0, 0x1p-140]
        let gateUp = gates + [Float](repeating: 2, count: gates.count)
        let y = guarded(gates.count) { table.functions.swiglu(gateUp, $0, 1, gates.count) }
        expectClose(
            y, gates.map { 2 * Reference.silu(Double($0)) }, relative: 1e-6, absolute: 1e-30)
        let dy = [Float](repeating: 1, count: gates.count)
        let d = guarded(gateUp.count) { table.functions.swiglu_backward(gateUp, dy, $0, 1, gates.count) }
        // silu' is 1 or 0 out there and 1/2 at 0.
        expectClose(
            Array(d[..<gates.count]), [2, 0, 2, 0, 2, 0, 1, 1, 1], relative: 1e-6, absolute: 1e-30)
        expectClose(
            Array(d[gates.count...]), gates.map { Reference.silu(Double($0)) }, relative: 1e-6,
            absolute: 1e-30)
    }

    @Test(arguments: KernelTable.all)
    func geGLUAtExtremes(table: KernelTable) {
        let gates: [Float] = [1e4, -1e4, 10, -10, 0, -0.0, 0x1p-140]
        let gateUp = gates + [Float](repeating: 2, count: gates.count)
        let y = guarded(gates.count) { table.functions.geglu(gateUp, $0, 1, gates.count) }
        expectClose(
            y, gates.map { 2 * Reference.geluTanh(Double($0)) }, relative: 1e-6, absolute: 1e-26)
        let dy = [Float](repeating: 1, count: gates.count)
        let d = guarded(gateUp.count) { table.functions.geglu_backward(gateUp, dy, $0, 1, gates.count) }
        expectClose(Array(d[..<gates.count]), [2, 0, 2, 0, 1, 1, 1], relative: 1e-6, absolute: 1e-26)
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func activations(table: KernelTable, count: Int) {
        let f = table.functions
        for (forward, backward, activation) in [
            (f.gelu!, f.gelu_backward!, Activation.gelu),
            (f.gelu_tanh!, f.gelu_tanh_backward!, .geluTanh),
        ] {
            for scale: Float in [0.01, 1, 4] {
                let (x, dy) = (Fixture.normal(count, deviation: scale), Fixture.normal(count, seed: 2))
                let exact = x.map(Double.init)
                let y = guarded(count) { forward(x, $0, count) }
                // The argument of exp is rounded by 6e-8 of its size, up to 87 before the result vanishes.
                expectClose(
                    y, exact.map { Reference.activated($0, activation) }, relative: 3e-5, absolute: 1e-35)
                let dx = guarded(count) { backward(x, dy, $0, count) }
                let slopes = exact.map { x in
                    centralDifferences(at: [[x]], input: 0, step: 1e-3) {
                        Reference.activated($0[0][0], activation)
                    }[0]
                }
                expectClose(dx, zip(slopes, dy).map { $0 * Double($1) }, relative: 1e-5, absolute: 2e-6)
            }
        }
    }

    @Test(arguments: KernelTable.all)
    func activationsAtExtremes(table: KernelTable) {
        let x: [Float] = [1e4, -1e4, 15, -15, 0, -0.0, 0x1p-140]
        for (forward, backward) in [
            (table.functions.gelu!, table.functions.gelu_backward!),
            (table.functions.gelu_tanh!, table.functions.gelu_tanh_backward!),
        ] {
            let y = guarded(x.count) { forward(x, $0, x.count) }
            expectClose(y, [1e4, 0, 15, 0, 0, 0, 0], relative: 1e-6, absolute: 1e-30)
            let ones = [Float](repeating: 1, count: x.count)
            let dx = guarded(x.count) { backward(x, ones, $0, x.count) }
            expectClose(dx, [1, 0, 1, 0, 0.5, 0.5, 0.5], relative: 1e-6, absolute: 1e-26)
        }
    }

    /// The mean may be large beside the deviations from it.
    @Test(arguments: KernelTable.all, Fixture.sizes)
    func layerNorm(table: KernelTable, width: Int) {
        let rows = 3
        for shift: Float in [0, 100] {
            let x = Fixture.normal(rows * width).map { $0 + shift }
            let (weight, bias) = (Fixture.normal(width, seed: 2), Fixture.normal(width, seed: 3))
            var (mean, inverse) = ([Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows))
            let y = guarded(rows * width) {
                table.functions.layer_norm(x, weight, bias, $0, &mean, &inverse, rows, width, 1e-5)
            }
            let wanted = Reference.layerNorm(
                x.map(Double.init), weight: weight.map(Double.init), bias: bias.map(Double.init),
                epsilon: Double(Float(1e-5)))
            // A mean of 100 is rounded by 4e-6.
            expectClose(y, wanted, relative: 1e-5, absolute: shift == 0 ? 5e-6 : 1e-4)
        }
    }

    /// tanh near 0, where it is its argument, about the change of formula at 0.3, and out to the cap.
    @Test(arguments: KernelTable.all)
    func softCap(table: KernelTable) {
        for (scale, cap): (Float, Float) in [(1, 30), (0.25, 50), (3, 0.5)] {
            let x =
                Fixture.normal(99, deviation: cap) + Fixture.normal(99, deviation: 1e-3 * cap, seed: 2)
                + [0.29, 0.2999, 0.3, 0.3001, 0.31].map { $0 * cap / scale } + [0, 1e10, -1e10]
            let y = guarded(x.count, initial: x) { table.functions.soft_cap($0, x.count, scale, cap) }
            let expected = x.map { Reference.softCap(Double($0) * Double(scale), at: Double(cap)) }
            expectClose(y, expected, relative: 1e-6, absolute: 0)
            let d = guarded(x.count, initial: [Float](repeating: 2, count: x.count)) {
                table.functions.soft_cap_backward(y, $0, x.count, cap)
            }
            // 1 − t² cancels where t is near 1.
            expectClose(
                d, expected.map { 2 * (1 - $0 * $0 / Double(cap * cap)) }, relative: 1e-6, absolute: 1e-6)
        }
    }
}
