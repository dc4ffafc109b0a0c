/// The characters that one step of a pattern accepts.
struct ScalarSet: Hashable, Sendable {
    /// A class such as `\w`.
    enum Class: Hashable, Sendable {
        case digit, word, space

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .digit: return ("0"..."9").contains(scalar)
            case .word:
                if scalar.isASCII {
                    return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                        || ("0"..."9").contains(scalar) || scalar == "_"
                }
                return scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
                    || scalar.properties.generalCategory == .nonspacingMark
            case .space: return scalar.properties.isWhitespace
            }
        }
    }

    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var classes: [Class] = []
    /// Classes whose complement is accepted, such as `\W`.
    var complements: [Class] = []
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { accepts(scalar) != isNegated }

    private func accepts(_ scalar: Unicode.Scalar) -> Bool {
        if holds(scalar) { return true }
        guard ignoresCase else { return false }
        let properties = scalar.properties
        return Self.single(properties.lowercaseMapping).map(holds) ?? false
            || Self.single(properties.uppercaseMapping).map(holds) ?? false
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar) } || classes.contains { $0.contains(scalar) }
            || complements.contains { !$0.contains(scalar) }
    }
}
