import Foundation

/// Decompositions, combining classes and compositions.
///
/// Built at first use, in about 50 ms, from Foundation's decompositions of single scalars and the standard library's combining
/// classes. (Foundation's composition of whole texts is not used: it leaves Hangul syllables with a final consonant apart.)
final class NormalFormTables: Sendable {
    static let canonical = NormalFormTables(isCompatible: false)
    static let compatible = NormalFormTables(isCompatible: true)

    private let decompositions: [UInt32: [UInt32]]
    /// First and second scalar, 32 bits each.
    private let compositions: [UInt64: UInt32]
    private let orders: [UInt32: UInt8]
    /// For each scalar below U+30000 two bits: whether it decomposes or has an order; whether composing can change it.
    private let flags: [UInt8]

    private static let end: UInt32 = 0x30000
    private static let changes: UInt8 = 1
    private static let composes: UInt8 = 2

    /// Where scalars that decompose canonically lie, but Hangul syllables. The tests look at all others.
    static let canonicalRanges: [ClosedRange<UInt32>] = [
        0xC0...0x24F, 0x340...0x3FF, 0x400...0x4FF, 0x620...0x6FF, 0x900...0xDFF, 0xF00...0xFFF,
        0x1000...0x105F,
        0x1B00...0x1B7F, 0x1E00...0x22FF, 0x2300...0x232F, 0x2ADC...0x2ADC, 0x3000...0x30FF, 0xF900...0xFAFF,
        0xFB1D...0xFB4F, 0x11080...0x1115F, 0x11300...0x1135F, 0x11480...0x114DF, 0x11580...0x115DF,
        0x1D100...0x1D1FF, 0x2F800...0x2FA1F,
    ]
    /// The same of compatibility.
    static let compatibleRanges: [ClosedRange<UInt32>] =
        canonicalRanges + [
            0xA0...0xBF, 0x250...0x33F, 0x500...0x61F, 0x700...0x8FF, 0xE00...0xEFF, 0x1060...0x1AFF,
            0x1B80...0x1DFF,
            0x2330...0x2ADB, 0x2ADD...0x2FFF, 0x3100...0x33FF, 0xA640...0xABFF, 0xFB00...0xFB1C,
            0xFB50...0xFFFF,
            0x1D400...0x1D7FF, 0x1EE00...0x1EEFF, 0x1F100...0x1F2FF,
        ]

    private init(isCompatible: Bool) {
        var flags = [UInt8](repeating: 0, count: Int(Self.end))
        var orders: [UInt32: UInt8] = [:]
        // Marks lie in the first two planes.
        for value in 0x300..<UInt32(0x1F000)
        where !(0x3400..<0xA000).contains(value) && !(0xAC00..<0xFB00).contains(value) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let order = scalar.properties.canonicalCombiningClass.rawValue
            if order > 0, Self.isKnown(scalar) { orders[value] = order }
        }
        let canonical = Self.decompositions(in: Self.canonicalRanges) {
            $0.decomposedStringWithCanonicalMapping
        }
        decompositions =
            isCompatible
            ? Self.decompositions(in: Self.compatibleRanges) { $0.decomposedStringWithCompatibilityMapping }
            : canonical
        compositions = Self.compositions(canonical)
        self.orders = orders

        for value in decompositions.keys { flags[Int(value)] |= Self.changes }
        for value in orders.keys { flags[Int(value)] |= Self.changes | Self.composes }
        for key in compositions.keys { flags[Int(key & 0xFFFF_FFFF)] |= Self.composes }
        for value in 0xAC00...0xD7A3 { flags[value] |= Self.changes }
        for value in 0x1161...0x11C2 { flags[value] |= Self.composes }
        // What decomposes and is not put together again.
        let composed = Set(compositions.values)
        for value in decompositions.keys where isCompatible || !composed.contains(value) {
            flags[Int(value)] |= Self.composes
        }
        self.flags = flags
    }

    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.properties.age ?? (99, 0)) <= (9, 0)
    }

    private static func decompositions(
        in ranges: [ClosedRange<UInt32>], _ decompose: (String) -> String
    ) -> [UInt32: [UInt32]] {
        var decompositions: [UInt32: [UInt32]] = [:]
        for value in ranges.joined() {
            guard let scalar = Unicode.Scalar(value), isKnown(scalar) else { continue }
            let parts = decompose(String(scalar)).unicodeScalars.map(\.value)
            if parts != [value] { decompositions[value] = parts }
        }
        return decompositions
    }

    /// Pairs that become one scalar: of each decomposition what all but its last become, and the last.
    private static func compositions(_ canonical: [UInt32: [UInt32]]) -> [UInt64: UInt32] {
        var whole: [[UInt32]: UInt32] = [:]
        for (value, parts) in canonical {
            guard let scalar = Unicode.Scalar(value), !scalar.properties.isFullCompositionExclusion else {
                continue
            }
            whole[parts] = value
        }
        var compositions: [UInt64: UInt32] = [:]
        for (parts, value) in whole {
            let first = parts.count == 2 ? parts[0] : whole[parts.dropLast()]
            guard parts.count > 1, let first, let last = parts.last else { continue }
            compositions[UInt64(first) << 32 | UInt64(last)] = value
        }
        return compositions
    }

    // MARK: - Single scalars

    /// Whether a scalar stays as it is when decomposed, whatever is around it.
    @inline(__always)
    func isUndecomposed(_ scalar: UInt32) -> Bool {
        scalar >= Self.end || flags[Int(scalar)] & Self.changes == 0
    }

    /// Whether a scalar stays as it is when decomposed and composed, whatever is before it.
    @inline(__always)
    func isInert(_ scalar: UInt32) -> Bool { scalar >= Self.end || flags[Int(scalar)] & Self.composes == 0 }

    /// The canonical combining class.
    func order(of scalar: UInt32) -> UInt8 {
        scalar < 0x300 || isUndecomposed(scalar) ? 0 : orders[scalar] ?? 0
    }

    /// Hangul syllables are put together by rule (Unicode 16, section 3.12).
    private enum Hangul {
        static let syllables: UInt32 = 0xAC00
        static let leads: UInt32 = 0x1100, vowels: UInt32 = 0x1161, tails: UInt32 = 0x11A7
        static let leadCount: UInt32 = 19, vowelCount: UInt32 = 21, tailCount: UInt32 = 28
        static let count = leadCount * vowelCount * tailCount
    }

    /// Calls `body` with the scalars that one decomposes to.
    func decompose(_ scalar: UInt32, _ body: (UInt32) -> Void) {
        if isUndecomposed(scalar) { return body(scalar) }
        let syllable = scalar &- Hangul.syllables
        if syllable < Hangul.count {
            body(Hangul.leads + syllable / (Hangul.vowelCount * Hangul.tailCount))
            body(Hangul.vowels + syllable / Hangul.tailCount % Hangul.vowelCount)
            if syllable % Hangul.tailCount > 0 { body(Hangul.tails + syllable % Hangul.tailCount) }
        } else if let parts = decompositions[scalar] {
            parts.forEach(body)
        } else {
            body(scalar)
        }
    }

    /// What two scalars become, if anything.
    func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        if isInert(second) { return nil }
        let (lead, vowel) = (first &- Hangul.leads, second &- Hangul.vowels)
        if lead < Hangul.leadCount, vowel < Hangul.vowelCount {
            return Hangul.syllables + (lead * Hangul.vowelCount + vowel) * Hangul.tailCount
        }
        let (syllable, tail) = (first &- Hangul.syllables, second &- Hangul.tails)
        if syllable < Hangul.count, syllable % Hangul.tailCount == 0, tail > 0, tail < Hangul.tailCount {
            return first + tail
        }
        return compositions[UInt64(first) << 32 | UInt64(second)]
    }
}
