import CKernels
import TestSupport
import Testing

@Suite struct DivergenceKernelTests {
    /// A divergence's kernel and reference.
    struct Divergence: Sendable, CustomStringConvertible {
        let description: String
        let reference: @Sendable ([Double], [Double]) -> Double
        let run: @Sendable (KernelTable, [Float], [Float], UnsafeMutablePointer<Float>, Float) -> Float
    }

    static let divergences: [Divergence] =
        [
            Divergence(description: "forward KL", reference: Reference.forwardKL) {
                $0.functions.forward_kl($1, $2, $3, $1.count, $4)
            },
            Divergence(description: "reverse KL", reference: Reference.reverseKL) {
                $0.functions.reverse_kl($1, $2, $3, $1.count, $4)
            },
        ]
        + [0.1, 0.5, 0.9].map { beta in
            Divergence(
                description: "JSD(\(beta))", reference: { Reference.jensenShannon($0, $1, beta: beta) }
            ) {
                var scratch = [Float](repeating: .nan, count: $1.count)
                return $0.functions.jensen_shannon($1, $2, $3, &scratch, $1.count, Float(beta), $4)
            }
        }

    @Test(arguments: KernelTable.all, divergences)
    func valueAndGradient(table: KernelTable, divergence: Divergence) {
        for count in Fixture.sizes {
            for deviation in [0.1, 2, 8] as [Float] {
                let p = Fixture.probabilities(count, deviation: deviation, seed: 1)
                let z = Fixture.normal(count, deviation: deviation, seed: 2).map(Double.init)
                let q = Reference.softmax(z).map(Float.init)
                let initial = Fixture.normal(count, seed: 3)
                let weight: Float = 0.75
                var loss = Float.nan
                let gradient = guarded(count, initial: initial) {
                    loss = divergence.run(table, p, q, $0, weight)
                }
                let exactP = p.map(Double.init)
                let comment = "\(count) values, deviation \(deviation)"
                // Logarithms of size up to 30, each to 2 ulp, weighted by probabilities: 1e-6 absolute.
                expectClose(
                    [loss], [divergence.reference(exactP, q.map(Double.init))], relative: 2e-6,
                    absolute: 1e-6, comment)
                let numerical = centralDifferences(at: [z], input: 0, step: 1e-3) {
                    divergence.reference(exactP, Reference.softmax($0[0]))
                }
                let expected = zip(numerical, initial).map { Double(weight) * $0 + Double($1) }
                // A logarithm of size 30 is off by up to 3 ulp, 6e-6, and then multiplied by a probability.
                expectClose(gradient, expected, relative: 1e-6, absolute: 4e-6, comment)
            }
        }
    }

    /// The loss's gradient with respect to logits does not change when all logits move together.
    @Test(arguments: KernelTable.all, divergences)
    func gradientSumsToZero(table: KernelTable, divergence: Divergence) {
        for count in Fixture.sizes {
            let p = Fixture.probabilities(count, deviation: 4, seed: 1)
            let q = Fixture.probabilities(count, deviation: 4, seed: 2)
            let gradient = guarded(count, initial: Array(repeating: 0, count: count)) {
                _ = divergence.run(table, p, q, $0, 1)
            }
            // q sums to 1 within 1e-7; reverse KL multiplies that by its own value, up to 30.
            #expect(gradient.reduce(0.0) { $0 + Double($1) }.magnitude <= 5e-6)
        }
    }

    @Test(arguments: KernelTable.all, divergences)
    func vanishesOnEqualDistributions(table: KernelTable, divergence: Divergence) {
        for count in Fixture.sizes {
            let p = Fixture.probabilities(count, deviation: 4)
            let gradient = guarded(count, initial: Array(repeating: 0, count: count)) {
                let loss = divergence.run(table, p, p, $0, 1)
                // JSD takes the logarithm of a mixture, which rounds; the others subtract equal numbers.
                #expect(loss.magnitude <= (divergence.description.hasPrefix("JSD") ? 3e-7 : 0))
            }
            #expect(gradient.allSatisfy { $0.magnitude <= 3e-7 })
        }
    }

    /// Teacher and student that are each sure of another answer, with probabilities down at the floor of exp.
    @Test(arguments: KernelTable.all, divergences)
    func staysFiniteAtExtremes(table: KernelTable, divergence: Divergence) {
        for count in [2, 33] {
            var p = [Float](repeating: 1.18e-38, count: count)
            var q = p
            p[0] = 1
            q[1] = 1
            var loss = Float.nan
            let gradient = guarded(count, initial: Array(repeating: 0, count: count)) {
                loss = divergence.run(table, p, q, $0, 1)
            }
            expectClose(
                [loss], [divergence.reference(p.map(Double.init), q.map(Double.init))], relative: 2e-6)
            #expect(gradient.allSatisfy { $0.isFinite })
        }
    }

    @Test(arguments: KernelTable.all, Fixture.sizes)
    func klDivergenceAlone(table: KernelTable, count: Int) {
        let p = Fixture.probabilities(count, seed: 1)
        let q = Fixture.probabilities(count, seed: 2)
        expectClose(
            [table.functions.kl_divergence(p, q, count)],
            [Reference.kl(p.map(Double.init), q.map(Double.init))], relative: 2e-6, absolute: 1e-6)
        #expect(table.functions.kl_divergence(p, p, count) == 0)
        // A probability of 0 contributes nothing.
        #expect(table.functions.kl_divergence([0, 1], [0.5, 1], 2) == 0)
    }
}
