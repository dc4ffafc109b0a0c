import Foundation

/// 16-bit codes for the numbers in a cache.
///
/// A probability is stored as −log₂ p in steps of 2⁻¹¹: a relative error of at most 0.017% from 1 down to 2⁻³², in the
/// room of a half-precision number, whose error grows without bound for small values.
enum FixedPoint {
    private static let steps: Float = 2048

    static func code(probability: Float) -> UInt16 {
        code(value: -log2(max(probability, Float.leastNormalMagnitude)))
    }

    static func probability(_ code: UInt16) -> Float { exp2(-value(code)) }

    /// A value from 0 to 32, such as an entropy, in steps of 2⁻¹¹.
    static func code(value: Float) -> UInt16 {
        UInt16(min(max((value * steps).rounded(), 0), Float(UInt16.max)))
    }

    static func value(_ code: UInt16) -> Float { Float(code) / steps }
}
