import Foundation

extension Reference {
    /// A binary floating-point format of 16 bits, by its definition.
    public struct HalfFormat: Sendable {
        /// Explicit bits of the significand.
        public let fraction: Int
        /// Exponent of the smallest normal number.
        public let minimumExponent: Int

        public static let bfloat16 = HalfFormat(fraction: 7, minimumExponent: -126)
        public static let float16 = HalfFormat(fraction: 10, minimumExponent: -14)

        private var exponentField: Int { (1 << (15 - fraction)) - 1 }

        /// The value of a bit pattern.
        public func value(_ bits: UInt16) -> Double {
            let sign: Double = bits >> 15 == 0 ? 1 : -1
            let exponent = Int(bits >> UInt16(fraction)) & exponentField
            let significand = Double(Int(bits) & ((1 << fraction) - 1))
            let unit = scalbn(1.0, -fraction)
            if exponent == exponentField { return significand == 0 ? sign * .infinity : .nan }
            if exponent == 0 { return sign * significand * unit * scalbn(1.0, minimumExponent) }
            return sign * (1 + significand * unit) * scalbn(1.0, exponent - 1 + minimumExponent)
        }

        /// The nearest value of the format, the even one of two equally near; not for NaN.
        public func nearest(_ x: Float) -> Double {
            let x = Double(x)
            guard x != 0, x.isFinite else { return x }
            let exponent = max(Int(x.exponent), minimumExponent)
            let quantum = scalbn(1.0, exponent - fraction)
            let rounded = (x / quantum).rounded(.toNearestOrEven) * quantum
            // The largest finite value has every significand bit set.
            let largest = (2 - scalbn(1.0, -fraction)) * scalbn(1.0, exponentField - 2 + minimumExponent)
            return rounded.magnitude > largest ? (x < 0 ? -.infinity : .infinity) : rounded
        }
    }

    /// Distance of a Float32 result from the exact value, in units of the last place of the exact value.
    public static func ulps(_ actual: Float, _ exact: Double) -> Double {
        let exponent = max(exact.magnitude.exponent, Double.Exponent(Float.leastNormalMagnitude.exponent))
        return (Double(actual) - exact).magnitude / scalbn(1.0, Int(exponent) - 23)
    }
}
