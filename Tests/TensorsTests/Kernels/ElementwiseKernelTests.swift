import Foundation
import TestSupport
import Testing

@Suite struct ElementwiseKernelTests {
    @Test(arguments: KernelTable.all, Fixture.sizes)
    func addScaleInterpolate(table: KernelTable, count: Int) {
        let x = Fixture.normal(count, seed: 1)
        let y = Fixture.normal(count, seed: 2)
        let (dx, dy) = (x.map(Double.init), y.map(Double.init))
        // One rounding each: half an ulp of the largest term.
        let rounding = 5e-7
        let sum = guarded(count, initial: y) { table.functions.add(x, $0, count) }
        expectClose(sum, zip(dx, dy).map(+), relative: 0, absolute: rounding)
        let weighted = guarded(count, initial: y) { table.functions.add_scaled(x, -1.75, $0, count) }
        expectClose(weighted, zip(dx, dy).map { -1.75 * $0 + $1 }, relative: 0, absolute: 2 * rounding)
        let scaled = guarded(count, initial: y) { table.functions.scale($0, -1.75, count) }
        expectClose(scaled, dy.map { -1.75 * $0 }, relative: 1e-7)
        let between = guarded(count, initial: y) { table.functions.interpolate(x, $0, 0.25, count) }
        expectClose(
            between, zip(dx, dy).map { $1 + 0.25 * ($0 - $1) }, relative: 0, absolute: rounding)
    }

    @Test(arguments: KernelTable.all, [0] + Fixture.sizes)
    func sum(table: KernelTable, count: Int) {
        let x = Fixture.normal(count)
        // A hundred values of size 1 that cancel.
        expectClose(
            [table.functions.sum(x, count)], [x.reduce(0) { $0 + Double($1) }], relative: 0, absolute: 2e-6)
    }

    @Test(arguments: KernelTable.all, [0, 1, 7, 33, 100, 4_096, 4_097, 100_003])
    func sumOfSquares(table: KernelTable, count: Int) {
        let x = Fixture.normal(count, deviation: 3)
        let exact = x.reduce(0) { $0 + Double($1) * Double($1) }
        // Blocks of 4,096 in Float32 over at least four lanes: far fewer than 100 roundings in one direction.
        #expect((table.functions.sum_of_squares(x, count) - exact).magnitude <= 5e-6 * exact)
    }

    /// Its accuracy is `MathematicsTests`' matter: the same approximation stands in other kernels.
    @Test(arguments: KernelTable.all, Fixture.sizes)
    func logarithm(table: KernelTable, count: Int) {
        let x = Fixture.probabilities(count, deviation: 8)
        let y = guarded(count) { table.functions.logarithm(x, $0, count) }
        expectClose(y, x.map { log(Double($0)) }, relative: 3e-7, absolute: 3e-7)
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func findsNonFiniteValuesAnywhere(table: KernelTable, count: Int) {
        let x = Fixture.normal(count)
        #expect(table.functions.has_non_finite(x, count) == 0)
        #expect(
            table.functions.has_non_finite([Float](repeating: .greatestFiniteMagnitude, count: count), count)
                == 0)
        for place in 0..<count {
            for value: Float in [.infinity, -.infinity, .nan, -.nan, .signalingNaN] {
                var broken = x
                broken[place] = value
                #expect(table.functions.has_non_finite(broken, count) != 0, "\(value) at \(place)")
            }
        }
    }
}
