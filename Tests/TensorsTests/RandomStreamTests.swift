import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct RandomStreamTests {
    private func draw(_ count: Int, _ stream: RandomStream) -> [UInt64] {
        var stream = stream
        return (0..<count).map { _ in stream.next() }
    }

    /// Pinned: a seed in a recipe means the same bytes for ever. Computed apart, from SplitMix64's definition.
    @Test func knownValues() {
        #expect(
            draw(3, RandomStream(seed: 0, purpose: ""))
                == [0xfc04_15bd_76a1_fb9c, 0xa432_3f8a_b475_8681, 0x04ba_3b23_9866_fafe])
        #expect(
            draw(3, RandomStream(seed: 17, purpose: "data order", index: 3))
                == [0x0375_6bf0_3402_026f, 0x018c_29be_649a_79fa, 0x9349_032d_bbad_1076])
        #expect(
            draw(3, RandomStream(seed: .max, purpose: "größe", index: 1))
                == [0xafe6_cf2c_90b8_ef14, 0x2305_9d10_bb8c_1045, 0xc591_6659_a030_1226])
        var uniform = RandomStream(seed: 17, purpose: "data order", index: 3)
        #expect(uniform.nextUniform() == 0.013510406017303467)
        var normal = RandomStream(seed: 17, purpose: "data order", index: 3)
        expectClose(
            [normal.nextNormal(), normal.nextNormal()], [2.9319224146731053, 0.24036761854112107],
            relative: 1e-7)
        var order = RandomStream(seed: 17, purpose: "data order", index: 3)
        #expect(order.permutation(of: 10) == [3, 8, 5, 7, 6, 2, 1, 4, 9, 0])
    }

    @Test func theCounterContinuesAStream() {
        var stream = RandomStream(seed: 1, purpose: "resume")
        let all = (0..<10).map { _ in stream.next() }
        #expect(stream.counter == 10)
        var resumed = RandomStream(seed: 1, purpose: "resume")
        resumed.counter = 4
        #expect((0..<6).map { _ in resumed.next() } == Array(all[4...]))
    }

    /// Neighbouring names give unrelated streams: bits agree half of the time.
    @Test func streamsAreIndependent() {
        let streams = [
            RandomStream(seed: 1, purpose: "a"), RandomStream(seed: 2, purpose: "a"),
            RandomStream(seed: 1, purpose: "b"), RandomStream(seed: 1, purpose: "a", index: 1),
            RandomStream(seed: 1, purpose: "ab"), RandomStream(seed: 1, purpose: ""),
            RandomStream(seed: 0, purpose: "a", index: 1),
        ].map { draw(2_000, $0) }
        for i in streams.indices {
            for j in 0..<i {
                for shift in 0...2 {
                    let agreeing = zip(streams[i].dropFirst(shift), streams[j])
                        .reduce(0) { $0 + (~($1.0 ^ $1.1)).nonzeroBitCount }
                    let share = Double(agreeing) / Double((2_000 - shift) * 64)
                    // 128,000 coin flips: six standard deviations are 0.0084.
                    #expect((share - 0.5).magnitude < 0.0084, "streams \(i) and \(j), shifted by \(shift)")
                }
            }
        }
    }

    @Test func uniformNumbers() {
        var stream = RandomStream(seed: 3, purpose: "uniform")
        let x = (0..<100_000).map { _ in stream.nextUniform() }
        #expect(x.allSatisfy { $0 >= 0 && $0 < 1 })
        let buckets = x.reduce(into: [Int](repeating: 0, count: 20)) { $0[Int($1 * 20)] += 1 }
        // Each holds 5,000 ± 69; five standard deviations.
        for bucket in buckets { #expect((bucket - 5_000).magnitude < 345) }
    }

    @Test func normalNumbers() {
        var stream = RandomStream(seed: 4, purpose: "normal")
        let x = (0..<100_000).map { _ in Double(stream.nextNormal()) }
        func moment(_ power: Int) -> Double { x.reduce(0) { $0 + pow($1, Double(power)) } / 100_000 }
        // Five standard errors: sqrt(var(x^k) / 100,000) = 0.0032, 0.0045, 0.012, 0.031.
        #expect(moment(1).magnitude < 0.016)
        #expect((moment(2) - 1).magnitude < 0.023)
        #expect(moment(3).magnitude < 0.062)
        #expect((moment(4) - 3).magnitude < 0.16)
        let neighbours = zip(x, x.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / 99_999
        #expect(neighbours.magnitude < 0.016)
    }

    @Test func indicesAreBelowTheirBound() {
        var stream = RandomStream(seed: 5, purpose: "index")
        for bound in [1, 2, 3, 7, 1_000] {
            let drawn = (0..<20_000).map { _ in stream.nextIndex(below: bound) }
            #expect(drawn.allSatisfy { (0..<bound).contains($0) })
            if bound <= 7 {
                let counts = drawn.reduce(into: [Int](repeating: 0, count: bound)) { $0[$1] += 1 }
                let expected = 20_000 / Double(bound)
                for count in counts {
                    #expect((Double(count) - expected).magnitude < 5 * expected.squareRoot() + 1)
                }
            }
        }
    }

    @Test func permutations() {
        for count in [0, 1, 2, 7, 1_000] {
            var stream = RandomStream(seed: 6, purpose: "permutation", index: UInt64(count))
            let order = stream.permutation(of: count)
            #expect(order.sorted() == Array(0..<count))
        }
        var counts: [[Int]: Int] = [:]
        for index in 0..<12_000 {
            var stream = RandomStream(seed: 6, purpose: "permutation", index: UInt64(index))
            counts[stream.permutation(of: 3), default: 0] += 1
        }
        // Six orders, 2,000 ± 41 each; five standard deviations.
        #expect(counts.count == 6)
        for count in counts.values { #expect((count - 2_000).magnitude < 205) }
    }

    @Test func normalTensorsDoNotDependOnOtherDraws() {
        let stream = RandomStream(seed: 7, purpose: "tensor")
        let a = Tensor.normal([3, 5], deviation: 0.5, from: stream)
        _ = Tensor.normal([100], deviation: 1, from: stream)
        expectSameBits(Tensor.normal([3, 5], deviation: 0.5, from: stream).values, a.values)
        #expect(a.values.allSatisfy { $0.magnitude < 3 } && Set(a.values).count == 15)
    }
}
