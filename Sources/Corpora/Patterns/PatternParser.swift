/// The parts of a pattern.
indirect enum PatternNode {
    case empty
    case set(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)
}

/// What must hold between two characters.
enum PatternAssertion: Hashable, Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// A mistake in a pattern, or what a matcher in linear time cannot do.
struct PatternFault: Error {
    let problem: String
    /// One-based position in the pattern.
    let column: Int
}

/// Reads a pattern in the syntax that Perl, Python and RE2 have in common.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    private var (ignoresCase, isMultiline, dotMatchesLines) = (false, false, false)

    /// Deepest nesting of groups.
    private static let deepest = 100
    /// The most repetitions that `{n,m}` may ask for.
    private static let mostRepetitions = 1000

    static func parse(_ pattern: String) throws(PatternFault) -> PatternNode {
        var parser = PatternParser(pattern)
        try parser.flags()
        let node = try parser.alternatives()
        if parser.index < parser.scalars.count { throw parser.fault("a \")\" without its \"(\"") }
        return node
    }

    private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    private func fault(_ problem: String) -> PatternFault {
        PatternFault(problem: problem, column: index + 1)
    }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    /// `(?i)`, `(?m)`, `(?s)` or several of them, for the whole pattern.
    private mutating func flags() throws(PatternFault) {
        let start = index
        guard skip("(?"), let first = next, "ims".unicodeScalars.contains(first) else {
            index = start
            return
        }
        while let letter = next, letter != ")" {
            switch letter {
            case "i": ignoresCase = true
            case "m": isMultiline = true
            case "s": dotMatchesLines = true
            default: throw fault("the flag \"\(letter)\" is not known; i, m and s are")
            }
            index += 1
        }
        if !skip(")") { throw fault("a \"(\" without its \")\"") }
    }

    private mutating func alternatives() throws(PatternFault) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepest { throw fault("groups are nested more than \(Self.deepest) deep") }
        var nodes = [try sequence()]
        while skip("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(PatternFault) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repeated()) }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repeated() throws(PatternFault) -> PatternNode {
        var node = try atom()
        while let bounds = try quantifier() {
            node = .repetition(node, least: bounds.least, most: bounds.most)
            // Whether a text matches does not depend on greed.
            _ = skip("?")
            if next == "+" { throw fault("possessive quantifiers are not supported") }
        }
        return node
    }

    private mutating func quantifier() throws(PatternFault) -> (least: Int, most: Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        let start = index
        guard skip("{"), let least = number() else {
            // A brace that is no quantifier is itself.
            index = start
            return nil
        }
        var most: Int? = least
        if skip(",") { most = number() }
        guard skip("}") else {
            index = start
            return nil
        }
        guard max(least, most ?? 0) <= Self.mostRepetitions, most ?? least >= least else {
            throw fault("a repetition is at most \(Self.mostRepetitions) times, the smaller number first")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next, ("0"..."9").contains(digit) {
            value = min((value ?? 0) * 10 + Int(digit.value - 48), 1_000_000)
            index += 1
        }
        return value
    }

    private mutating func atom() throws(PatternFault) -> PatternNode {
        let scalar = scalars[index]
        switch scalar {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case "*", "+", "?": throw fault("\"\(scalar)\" has nothing to repeat")
        case "\\": return try escape()
        default: break
        }
        index += 1
        switch scalar {
        case ".":
            var set = ScalarSet(isNegated: true)
            if !dotMatchesLines { set.ranges = ["\n"..."\n"] }
            return .set(set)
        case "^": return .assertion(isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(isMultiline ? .lineEnd : .textEnd)
        default: return .set(ScalarSet(ranges: [scalar...scalar], ignoresCase: ignoresCase))
        }
    }

    private mutating func group() throws(PatternFault) -> PatternNode {
        let start = index
        index += 1
        if skip("?") {
            if skip("=") || skip("!") || skip("<=") || skip("<!") {
                index = start
                throw fault(
                    "lookahead and lookbehind are not supported: they cannot be matched in linear time")
            }
            if skip("P<") || skip("<") {
                while let letter = next, letter != ">" { index += 1 }
                if !skip(">") { throw fault("a group's name has no end") }
            } else if !skip(":") {
                throw fault(
                    "this kind of group is not supported; (…) and (?:…) are, and (?i) at the beginning")
            }
        }
        let node = try alternatives()
        if !skip(")") {
            index = start
            throw fault("a \"(\" without its \")\"")
        }
        return node
    }

    private mutating func escape() throws(PatternFault) -> PatternNode {
        index += 1
        guard let scalar = next else { throw fault("a \"\\\" at the end") }
        switch scalar {
        case "b", "B":
            index += 1
            return .assertion(scalar == "b" ? .wordBoundary : .noWordBoundary)
        case "A", "z":
            index += 1
            return .assertion(scalar == "A" ? .textStart : .textEnd)
        case "1"..."9":
            throw fault("references to groups are not supported: they cannot be matched in linear time")
        default:
            var set = ScalarSet(ignoresCase: ignoresCase)
            if let single = try escaped(into: &set) { set.ranges = [single...single] }
            return .set(set)
        }
    }

    /// Reads what follows a `\` in a class or outside: a class is added to `set`, a character is returned.
    private mutating func escaped(into set: inout ScalarSet) throws(PatternFault) -> Unicode.Scalar? {
        guard let scalar = next else { throw fault("a \"\\\" at the end") }
        index += 1
        switch scalar {
        case "d": set.classes.append(.digit)
        case "D": set.complements.append(.digit)
        case "w": set.classes.append(.word)
        case "W": set.complements.append(.word)
        case "s": set.classes.append(.space)
        case "S": set.complements.append(.space)
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "x", "u": return try hexadecimal(scalar == "x" ? 2 : 4)
        case "a"..."z", "A"..."Z", "0"..."9":
            index -= 1
            throw fault("\"\\\(scalar)\" is not supported")
        default: return scalar
        }
        return nil
    }

    private mutating func hexadecimal(_ count: Int) throws(PatternFault) -> Unicode.Scalar {
        var digits = ""
        if skip("{") {
            while let scalar = next, scalar != "}", digits.count < 8 {
                digits.unicodeScalars.append(scalar)
                index += 1
            }
            if !skip("}") { throw fault("a \"{\" without its \"}\"") }
        } else {
            digits.unicodeScalars.append(contentsOf: scalars[index...].prefix(count))
            index += digits.unicodeScalars.count
            if digits.unicodeScalars.count < count { throw fault("\(count) hexadecimal digits are expected") }
        }
        guard let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else {
            throw fault("\"\(digits)\" is not the number of a character")
        }
        return scalar
    }

    private mutating func characterClass() throws(PatternFault) -> ScalarSet {
        let start = index
        index += 1
        var set = ScalarSet(isNegated: skip("^"), ignoresCase: ignoresCase)
        var isFirst = true
        while true {
            guard let scalar = next else {
                index = start
                throw fault("a \"[\" without its \"]\"")
            }
            if scalar == "]", !isFirst {
                index += 1
                return set
            }
            isFirst = false
            if scalar == "[", scalars[index...].starts(with: "[:".unicodeScalars) {
                throw fault("classes such as [:alpha:] are not supported; \\w, \\d and \\s are")
            }
            guard let low = try classMember(&set) else { continue }
            guard next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                set.ranges.append(low...low)
                continue
            }
            index += 1
            guard let high = try classMember(&set), low <= high else {
                throw fault("the range does not end behind its beginning")
            }
            set.ranges.append(low...high)
        }
    }

    private mutating func classMember(_ set: inout ScalarSet) throws(PatternFault) -> Unicode.Scalar? {
        let scalar = scalars[index]
        index += 1
        if scalar != "\\" { return scalar }
        if skip("b") { return "\u{8}" }
        return try escaped(into: &set)
    }
}
