import Foundation

/// A counter-based stream of random numbers.
///
/// A stream is named by (seed, purpose, index) and its n-th number is a pure function of that name and n: nothing
/// depends on what other streams were read before, nor on thread timing, so killed work resumes exactly. The
/// mixing function is SplitMix64 (Steele, Lea & Flood 2014).
public struct RandomStream: RandomNumberGenerator, Sendable {
    private let key: UInt64
    /// Numbers drawn so far; may be set, to continue a stream.
    public var counter: UInt64 = 0

    /// The seed of recipes and commands that name none.
    public static let standardSeed: UInt64 = 1

    /// The stream of a name, at its beginning.
    ///
    /// - Parameters:
    ///   - seed: the run's seed
    ///   - purpose: what the numbers are for; streams of different purposes are independent
    ///   - index: tells streams of one purpose apart, such as the documents of a corpus
    public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
        var key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        for byte in purpose.utf8 { key = Self.mix(key ^ UInt64(byte)) }
        self.key = Self.mix(key ^ Self.mix(index &+ 0xD1B5_4A32_D192_ED03))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        counter &+= 1
        return Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
    }

    /// Uniform on [0, 1), in steps of 2^-24.
    public mutating func nextUniform() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// Uniform on [0, 1), in steps of 2^-53: for choices among many, where steps of 2^-24 would pass over some.
    public mutating func nextUniformDouble() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Uniform on (0, 1), in steps of 2^-53: never 0, so that what has no weight cannot be drawn.
    public mutating func nextPositiveUniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    /// Standard normal, by Box and Muller's transform.
    public mutating func nextNormal() -> Float {
        let u = (Double(next() >> 11) + 1) * 0x1p-53
        let v = nextUniformDouble()
        return Float(sqrt(-2 * log(u)) * cos(2 * .pi * v))
    }

    /// Uniform on 0 ..< bound, without modulo bias that matters (bound is far below 2^64).
    public mutating func nextIndex(below bound: Int) -> Int {
        precondition(bound > 0, "an index is drawn below a positive bound")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A random order of `0 ..< count` (Fisher and Yates).
    public mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(index, nextIndex(below: index + 1))
        }
        return order
    }
}
