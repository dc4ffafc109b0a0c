import Foundation
import Support
import Tensors
import Testing

@testable import Transformer

@Suite struct GenerationSamplerTests {
    /// The distribution the options describe, by sorting, in Float64.
    private func distribution(_ logits: [Float], _ options: SamplingOptions, seen: Set<Int32> = [])
        -> [Double]
    {
        var z = logits.map(Double.init)
        for id in seen {
            let penalty = Double(options.repetitionPenalty)
            z[Int(id)] = z[Int(id)] > 0 ? z[Int(id)] / penalty : z[Int(id)] * penalty
        }
        let order = z.indices.sorted { (z[$0], $1) > (z[$1], $0) }
        guard options.temperature > 0 else { return z.indices.map { $0 == order[0] ? 1 : 0 } }
        var p = z.map { exp(($0 - z[order[0]]) / Double(options.temperature)) }
        func keep(_ kept: some Sequence<Int>) {
            let kept = Set(kept)
            let total = kept.reduce(0) { $0 + p[$1] }
            for index in p.indices { p[index] = kept.contains(index) ? p[index] / total : 0 }
        }
        keep(options.topK > 0 ? Array(order.prefix(options.topK)) : order)
        var (sum, count) = (0.0, 0)
        while count < order.count, sum < Double(options.topP) {
            sum += p[order[count]]
            count += 1
        }
        keep(order.prefix(count))
        keep(order.filter { p[$0] >= Double(options.minP) * p[order[0]] })
        return p
    }

    private func counts(_ logits: [Float], _ options: SamplingOptions, draws: Int, prompt: [Int32] = [])
        -> [Int]
    {
        var counts = [Int](repeating: 0, count: logits.count)
        for draw in 0..<draws {
            let stream = RandomStream(seed: 4, purpose: "sampler test", index: UInt64(draw))
            var sampler = Sampler(options, stream: stream, prompt: prompt)
            var row = logits
            counts[Int(row.withUnsafeMutableBufferPointer { sampler.next($0) })] += 1
        }
        return counts
    }

    private func randomLogits(_ count: Int, deviation: Float = 2) -> [Float] {
        Tensor.normal([count], deviation: deviation, from: RandomStream(seed: 2, purpose: "logits")).values
    }

    static let cases: [SamplingOptions] = [
        SamplingOptions(),
        SamplingOptions(temperature: 0.5),
        SamplingOptions(temperature: 3),
        SamplingOptions(topK: 5),
        SamplingOptions(topK: 1000),
        SamplingOptions(topP: 0.8),
        SamplingOptions(topP: 0.05),
        SamplingOptions(topP: 0.999),
        SamplingOptions(minP: 0.1),
        SamplingOptions(topP: 0.9, minP: 0.2),
        SamplingOptions(topP: 0.6, minP: 0.01),
        SamplingOptions(temperature: 1.5, topK: 12, topP: 0.7, minP: 0.05),
        SamplingOptions(repetitionPenalty: 1.8),
        SamplingOptions(temperature: 0.7, topK: 20, topP: 0.9, repetitionPenalty: 0.6),
    ]

    /// Pearson's chi-square against the exact distribution. With a fixed seed the test is deterministic; the bound is
    /// five deviations of the statistic above its mean, so a right sampler had a chance of about one in 10^5
    /// to need another seed.
    @Test(arguments: cases) func drawsFollowTheDistribution(options: SamplingOptions) {
        let logits = randomLogits(37)
        let prompt: [Int32] = [0, 3, 3, 11, 36]
        let expected = distribution(logits, options, seen: options.repetitionPenalty == 1 ? [] : Set(prompt))
        let draws = 20_000
        let found = counts(logits, options, draws: draws, prompt: prompt)
        var (statistic, cells, rest) = (0.0, 0.0, (found: 0.0, expected: 0.0))
        for (count, p) in zip(found, expected) {
            #expect(p > 0 || count == 0, "a token left out was drawn")
            if p * Double(draws) < 5 {
                rest.found += Double(count)
                rest.expected += p * Double(draws)
            } else {
                statistic += pow(Double(count) - p * Double(draws), 2) / (p * Double(draws))
                cells += 1
            }
        }
        if rest.expected >= 5 {
            statistic += pow(rest.found - rest.expected, 2) / rest.expected
            cells += 1
        }
        #expect(statistic <= cells - 1 + 5 * (2 * (cells - 1)).squareRoot(), "\(found)")
    }

    /// A large vocabulary, of which a cut looks at the likeliest only, gives the draws of a cut of all.
    @Test func aCutOfTheLikeliestIsTheCutOfAll() {
        for (deviation, topP, minP) in [(4, 0.9, 0), (6, 0.95, 0.01), (3, 1, 0.05), (1, 0.99, 0)]
            as [(Float, Float, Float)]
        {
            let logits = randomLogits(20_000, deviation: deviation)
            let best = logits.max()!
            let weights = logits.map { exp($0 - best) }
            let total = weights.reduce(0.0) { $0 + Double($1) }
            let options = SamplingOptions(topP: topP, minP: minP)
            let expected = weights.withUnsafeBufferPointer { weights in
                let cut = NucleusFilter(weights, total: total, topP: topP, minP: minP)
                return (0..<200).map { draw in
                    var stream = RandomStream(seed: 4, purpose: "sampler test", index: UInt64(draw))
                    return cut.draw(at: (Double(stream.next() >> 11) + 0.5) * 0x1p-53)
                }
            }
            let found = (0..<200).map { draw in
                let stream = RandomStream(seed: 4, purpose: "sampler test", index: UInt64(draw))
                var sampler = Sampler(options, stream: stream)
                var row = logits
                return Int(row.withUnsafeMutableBufferPointer { sampler.next($0) })
            }
            // The kernels' exp differs from Foundation's by 3 ulp: a draw may fall on the other side of a border.
            #expect(zip(found, expected).filter { $0 != $1 }.count <= 1, "\(deviation)")
        }
    }

    @Test func temperatureZeroTakesTheLowestOfTheLikeliest() {
        var logits = randomLogits(2051)
        logits[2050] = 50
        logits[1234] = 50
        let stream = RandomStream(seed: 0, purpose: "greedy")
        var sampler = Sampler(.greedy(), stream: stream)
        for _ in 0..<3 {
            var row = logits
            #expect(row.withUnsafeMutableBufferPointer { sampler.next($0) } == 1234)
        }
    }

    @Test func repetitionPenaltyAlsoHoldsForDrawnTokens() {
        var sampler = Sampler(
            SamplingOptions(temperature: 0, repetitionPenalty: 2),
            stream: RandomStream(seed: 0, purpose: "greedy"))
        let drawn = (0..<4).map { _ in
            var row: [Float] = [3, 4, 1, -1]
            return row.withUnsafeMutableBufferPointer { sampler.next($0) }
        }
        // 4 halves to 2, then 3 to 1.5; after that both stay: a penalty does not add up.
        #expect(drawn == [1, 0, 1, 1])
    }

    @Test(arguments: cases) func extremeLogitsNeverDrawWhatIsExcluded(options: SamplingOptions) {
        var logits = [Float](repeating: -.infinity, count: 1003)
        logits[997] = 3e38
        #expect(counts(logits, options, draws: 50)[997] == 50)
        logits = [Float](repeating: -3e38, count: 1003)
        logits[500] = -2e38
        #expect(counts(logits, options, draws: 50)[500] == 50)
    }

    @Test(arguments: [0.01, 0.3, 0.5, 0.9, 0.97, 0.9999] as [Float])
    func weightCutKeepsWhatSortingKeeps(topP: Float) {
        for (count, deviation) in [(5000, 0.1), (5000, 3), (1, 1), (9, 1)] as [(Int, Float)] {
            // Quarters, so that many weights are equal.
            let logits = randomLogits(count, deviation: deviation).map { ($0 * 4).rounded() / 4 }
            let weights = logits.map { exp($0 - logits.max()!) }
            let total = weights.reduce(0.0) { $0 + Double($1) }
            let sorted = weights.sorted(by: >)
            var (mass, kept) = (0.0, 0)
            while mass < Double(topP) * total * (1 - 1e-12), kept < count {
                mass += Double(sorted[kept])
                kept += 1
            }
            weights.withUnsafeBufferPointer { buffer in
                let cut = NucleusFilter(buffer, total: total, topP: topP, minP: 0)
                #expect(cut.lightest == sorted[kept - 1])
                #expect(weights.filter { $0 > cut.lightest }.count + cut.ties == kept)
                #expect(abs(cut.mass - mass) < 1e-9 * mass)
            }
        }
    }

    @Test func unsoundOptionsAreNamed() {
        let options = SamplingOptions(
            temperature: -1, topK: -2, topP: 0, minP: 1, repetitionPenalty: 0, maxNewTokens: 0)
        let problems = options.problems
        #expect(problems.count == 6)
        for (word, problem) in zip(
            ["temperature -1", "top-k -2", "top-p 0", "min-p 1", "repetition-penalty 0", "max-new-tokens 0"],
            problems)
        {
            #expect(problem.contains(word))
        }
        #expect(SamplingOptions(temperature: .nan).problems.count == 1)
        #expect(SamplingOptions().problems.isEmpty && SamplingOptions.greedy().problems.isEmpty)
    }
}
