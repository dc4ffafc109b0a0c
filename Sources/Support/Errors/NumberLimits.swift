/// The numbers that an option accepts.
///
/// Each option declares its limits once, next to the code that relies on them; recipes and commands check against the same value.
/// Options are used in Float, so a number is accepted if it is within the limits both as given and rounded to Float:
/// 1e-46 is not above 0, and 0.9999999999 is not below 1.
public struct NumberLimits: Equatable, Sendable, CustomStringConvertible {
    /// The ends of the range.
    public let least, most: Double
    /// Whether the ends themselves are accepted.
    public let includesLeast, includesMost: Bool
    /// Whether 0 is accepted although it is outside the range: it disables the option.
    public let orZero: Bool

    private init(
        _ least: Double, _ most: Double, includesLeast: Bool = true, includesMost: Bool = true,
        orZero: Bool = false
    ) {
        (self.least, self.most) = (least, most)
        (self.includesLeast, self.includesMost) = (includesLeast, includesMost)
        self.orZero = orZero
    }

    /// The numbers of a range, both ends included.
    ///
    /// - Parameter orZero: whether 0 is accepted too
    public init(_ range: ClosedRange<Double>, orZero: Bool = false) {
        self.init(range.lowerBound, range.upperBound, orZero: orZero)
    }

    /// More than `least`, at most `most`.
    public init(above least: Double, upTo most: Double) { self.init(least, most, includesLeast: false) }

    /// At least `least`, less than `most`.
    public init(from least: Double, below most: Double) { self.init(least, most, includesMost: false) }

    /// Whether a number is accepted, as it is and rounded to Float.
    public func contains(_ value: Double) -> Bool {
        holds(value, least, most) && contains(Float(value))
    }

    /// Whether a number is accepted.
    public func contains(_ value: Float) -> Bool { holds(value, Float(least), Float(most)) }

    private func holds<Number: BinaryFloatingPoint>(_ value: Number, _ least: Number, _ most: Number) -> Bool
    {
        if orZero, value == 0 { return true }
        return (includesLeast ? value >= least : value > least)
            && (includesMost ? value <= most : value < most)
    }

    public var description: String {
        let range =
            includesLeast && includesMost
            ? "\(text(least)) to \(text(most))"
            : "\(includesLeast ? "at least" : "greater than") \(text(least)), "
                + "\(includesMost ? "at most" : "less than") \(text(most))"
        return orZero ? "0, or \(range)" : range
    }

    private func text(_ value: Double) -> String {
        Int(exactly: value).flatMap { abs($0) < 1_000_000_000 ? "\($0)" : nil } ?? "\(value)"
    }

    /// `NAME VALUE is out of range; expected: LIMITS`; nil for a number that is accepted.
    public func problem(_ name: String, _ value: Float) -> String? {
        contains(value) ? nil : "\(name) \(value) is out of range; expected: \(self)"
    }

    // MARK: Limits that many options have

    /// A factor or divisor. As a Float neither it nor its inverse is 0 or infinite.
    public static let positive = NumberLimits(1e-30...1e30)
    /// A factor that may be 0.
    public static let nonNegative = NumberLimits(0...1e30)
    /// A fraction of a whole, both ends included.
    public static let fraction = NumberLimits(0...1)
    /// A fraction that is not the whole.
    public static let belowOne = NumberLimits(from: 0, below: 1)
    /// A fraction that is not nothing.
    public static let aboveZero = NumberLimits(above: 0, upTo: 1)
}

extension ClosedRange<Int> {
    /// `NAME VALUE is out of range; expected: LIMITS`; nil for a number that is accepted.
    package func problem(_ name: String, _ value: Int) -> String? {
        contains(value) ? nil : "\(name) \(value) is out of range; expected: \(limits)"
    }

    /// `1 to 64`, or `1 or more`.
    package var limits: String {
        upperBound == .max ? "\(lowerBound) or more" : "\(lowerBound) to \(upperBound)"
    }
}

extension NumberLimits {
    /// What a factor of one part of a sum accepts, such as the weight of a loss or of a teacher.
    public static let weight = NumberLimits(1e-9...1e9)
}
