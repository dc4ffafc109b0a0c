/// Compiles the regular expression of a Split pre-tokenizer.
///
/// What the subset lacks is refused by name: engines differ in more than their manuals say, and a text divided otherwise has other
/// ids. So are expressions that match nothing, and repeated groups that repeat something or have alternatives themselves, which may
/// take exponential time.
struct SplitExpressionParser {
    /// What of an expression is not supported, and where.
    struct Unsupported: Error {
        let what: String
        let offset: Int
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var ignoresCase = false
    private var depth = 0

    /// Longer ones are something else.
    static let longest = 4000
    private static let deepest = 50
    /// Of `{m,n}`.
    private static let mostRepeats = 100
    /// The same of single characters, which are one step of the program however often they are repeated.
    private static let mostCharacters = 1000

    private indirect enum Node {
        case set(CharacterSet)
        case sequence([Node])
        case alternatives([Node])
        case repeated(Node, least: Int, most: Int, isPossessive: Bool)
        case look(Node, isNegative: Bool)
        case lineEnd
    }

    init(_ expression: String) { scalars = Array(expression.unicodeScalars) }

    /// The program.
    mutating func compile() throws(Unsupported) -> SplitExpression {
        guard scalars.count <= Self.longest else { throw unsupported("more than \(Self.longest) characters") }
        let node = try alternatives()
        guard index == scalars.count else { throw unsupported("a ) without its (") }
        guard Self.leastLength(node) > 0 else { throw unsupported("an expression that matches nothing") }
        var program = SplitExpression()
        Self.emit(node, to: &program)
        program.steps.append(.accept)
        return program
    }

    private func unsupported(_ what: String) -> Unsupported { Unsupported(what: what, offset: index) }

    // MARK: - Structure

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func alternatives() throws(Unsupported) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw unsupported("groups nested more than \(Self.deepest) deep") }
        var all = [try sequence()]
        while skip("|") { all.append(try sequence()) }
        return all.count == 1 ? all[0] : .alternatives(all)
    }

    private mutating func sequence() throws(Unsupported) -> Node {
        var nodes: [Node] = []
        while let next = peek, next != "|", next != ")" { nodes.append(try quantified()) }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func quantified() throws(Unsupported) -> Node {
        let node = try atom()
        let least: Int
        let most: Int
        if skip("?") {
            (least, most) = (0, 1)
        } else if skip("*") {
            (least, most) = (0, .max)
        } else if skip("+") {
            (least, most) = (1, .max)
        } else if skip("{") {
            (least, most) = try bounds(node)
            if let next = peek, ["?", "*", "+", "{"].contains(next) {
                throw unsupported("{…} with another quantifier behind it")
            }
        } else {
            return node
        }
        var isSingle = false
        switch node {
        case .set: isSingle = true
        case .look, .lineEnd: throw unsupported("a repeated assertion")
        default:
            if most > 1, Self.repeats(node) {
                throw unsupported("a repeated group that repeats something or has alternatives")
            }
        }
        if most > 1, Self.leastLength(node) == 0 {
            throw unsupported("a repeated group that matches nothing")
        }
        let isPossessive = skip("+")
        if isPossessive, !isSingle { throw unsupported("a possessive group") }
        if let next = peek, ["?", "*", "+", "{"].contains(next) { throw unsupported("two quantifiers") }
        return .repeated(node, least: least, most: most, isPossessive: isPossessive)
    }

    private mutating func bounds(_ node: Node) throws(Unsupported) -> (Int, Int) {
        let limit = if case .set = node { Self.mostCharacters } else { Self.mostRepeats }
        func number() -> Int? {
            var digits = ""
            while let next = peek, ("0"..."9").contains(next), digits.count < 5 {
                digits.unicodeScalars.append(next)
                index += 1
            }
            return Int(digits)
        }
        guard let least = number() else { throw unsupported("a { that is no quantifier") }
        var most = least
        if skip(",") { most = number() ?? .max }
        guard skip("}"), least <= most, least <= limit, most == .max || most <= limit
        else { throw unsupported("a { that is no quantifier of 0 to \(limit)") }
        return (least, most)
    }

    private mutating func atom() throws(Unsupported) -> Node {
        guard let next = peek else { throw unsupported("an end where something is to be repeated") }
        switch next {
        case "(": return try group()
        case "[": return .set(try set())
        case "\\": return .set(try escape(inSet: false))
        case "$":
            index += 1
            return .lineEnd
        case ".":
            index += 1
            return .set(CharacterSet(ranges: [0x0A...0x0A], isNegated: true))
        case "^", "*", "+", "?", "{", "}", "]": throw unsupported("\(next) here")
        default:
            index += 1
            return .set(try literal(next.value...next.value))
        }
    }

    private mutating func group() throws(Unsupported) -> Node {
        let before = ignoresCase
        var look: Bool?
        if skip("(?!") {
            look = true
        } else if skip("(?=") {
            look = false
        } else if skip("(?i:") {
            ignoresCase = true
        } else if !skip("(?:") {
            if skip("(?") { throw unsupported("a group that begins with (?\(peek.map { "\($0)" } ?? "")") }
            index += 1
        }
        let node = try alternatives()
        ignoresCase = before
        guard skip(")") else { throw unsupported("a ( without its )") }
        return look.map { .look(node, isNegative: $0) } ?? node
    }

    // MARK: - Sets

    private mutating func set() throws(Unsupported) -> CharacterSet {
        index += 1
        var set = CharacterSet()
        if skip("^") { set.isNegated = true }
        var halves: Set<String> = []
        var isFirst = true
        while let next = peek, next != "]" || isFirst {
            if next == "]" || next == "&" && index + 1 < scalars.count && scalars[index + 1] == "&" {
                throw unsupported("\(next) inside a set")
            }
            isFirst = false
            if next == "[" {
                // The union with another set.
                depth += 1
                defer { depth -= 1 }
                guard depth <= Self.deepest, index + 1 < scalars.count, scalars[index + 1] != "^" else {
                    throw unsupported("[^ inside a set")
                }
                let inner = try self.set()
                set.classes.formUnion(inner.classes)
                set.complements += inner.complements
                set.ranges += inner.ranges
                continue
            }
            let part: CharacterSet
            if next == "\\" {
                part = try escape(inSet: true, &halves)
            } else {
                index += 1
                part = CharacterSet(ranges: [next.value...next.value])
            }
            if let first = part.ranges.first, peek == "-", index + 1 < scalars.count,
                scalars[index + 1] != "]"
            {
                index += 1
                guard let end = peek, end != "[" else { throw unsupported("a range without its end") }
                var last = CharacterSet(ranges: [end.value...end.value])
                if end == "\\" { last = try escape(inSet: true) } else { index += 1 }
                guard let end = last.ranges.first, first.lowerBound <= end.upperBound, last.classes.isEmpty
                else { throw unsupported("a range that does not rise") }
                set.ranges += try literal(first.lowerBound...end.upperBound).ranges
                continue
            }
            set.classes.formUnion(part.classes)
            set.complements += part.complements
            for range in part.ranges { set.ranges += try literal(range).ranges }
        }
        guard skip("]") else { throw unsupported("a [ without its ]") }
        if halves == ["Lm", "Lo"] {
            set.classes.formUnion(.otherLetter)
        } else if let half = halves.first {
            throw unsupported("\\p{\(half)} without \\p{\(half == "Lm" ? "Lo" : "Lm")}")
        }
        return set
    }

    private mutating func escape(inSet: Bool) throws(Unsupported) -> CharacterSet {
        var halves: Set<String> = []
        let set = try escape(inSet: inSet, &halves)
        if let half = halves.first { throw unsupported("\\p{\(half)} alone") }
        return set
    }

    /// - Parameter halves: Of the class of Lm and Lo, which is kept as one, what was named.
    private mutating func escape(inSet: Bool, _ halves: inout Set<String>) throws(Unsupported) -> CharacterSet
    {
        index += 1
        guard let letter = peek else { throw unsupported("a \\ at the end") }
        index += 1
        switch letter {
        case "s": return CharacterSet(classes: .space)
        case "S": return CharacterSet(complements: [.space])
        case "d": return CharacterSet(classes: .digit)
        case "D": return CharacterSet(complements: [.digit])
        case "r": return CharacterSet(ranges: [0x0D...0x0D])
        case "n": return CharacterSet(ranges: [0x0A...0x0A])
        case "t": return CharacterSet(ranges: [0x09...0x09])
        case "p", "P":
            guard skip("{"), let end = scalars[index...].firstIndex(of: "}") else {
                throw unsupported("\\p without a name in braces")
            }
            var name = String.UnicodeScalarView()
            name.append(contentsOf: scalars[index..<end])
            index = end + 1
            if letter == "p", inSet, ["Lm", "Lo"].contains(String(name)) {
                halves.insert(String(name))
                return CharacterSet()
            }
            guard let named = Self.classes[String(name)] else {
                throw unsupported("\\p{\(String(name).prefix(40))}")
            }
            return letter == "p" ? CharacterSet(classes: named) : CharacterSet(complements: [named])
        case "a"..."z", "A"..."Z", "0"..."9": throw unsupported("\\\(letter)")
        default:
            guard letter.isASCII else { throw unsupported("\\\(letter)") }
            return inSet
                ? CharacterSet(ranges: [letter.value...letter.value])
                : try literal(letter.value...letter.value)
        }
    }

    private static let classes: [String: ScalarClass] = [
        "L": .letter, "Lu": .upper, "Ll": .lower, "Lt": .title, "M": .mark, "N": .number, "Nd": .digit,
        "P": .punctuation, "S": .symbol, "Z": .separatorCategory, "C": .other,
    ]

    /// Characters, in both cases where case is ignored.
    private func literal(_ range: ClosedRange<UInt32>) throws(Unsupported) -> CharacterSet {
        guard ignoresCase else { return CharacterSet(ranges: [range]) }
        guard range.upperBound < 0x80 else { throw unsupported("letters beyond ASCII in (?i:…)") }
        var ranges = [range]
        for value in range {
            let letter = value | 0x20
            guard (0x61...0x7A).contains(letter) else { continue }
            ranges += [letter...letter, letter & ~0x20...letter & ~0x20]
            // Unicode folds ſ to s and the Kelvin sign to k.
            if letter == 0x73 { ranges.append(0x17F...0x17F) }
            if letter == 0x6B { ranges.append(0x212A...0x212A) }
        }
        return CharacterSet(ranges: ranges)
    }

    // MARK: - Program

    /// The least number of characters that match.
    private static func leastLength(_ node: Node) -> Int {
        switch node {
        case .set: 1
        case .sequence(let nodes): nodes.reduce(0) { min($0 + leastLength($1), 1) }
        case .alternatives(let nodes): nodes.map(leastLength).min() ?? 0
        case .repeated(let node, let least, _, _): least == 0 ? 0 : leastLength(node)
        case .look, .lineEnd: 0
        }
    }

    /// Whether something in a node is repeated or has alternatives: repeated again, it could match one text in ways whose
    /// number grows exponentially.
    private static func repeats(_ node: Node) -> Bool {
        switch node {
        case .set, .lineEnd, .look: false
        case .sequence(let nodes): nodes.contains(where: repeats)
        case .repeated, .alternatives: true
        }
    }

    private static func emit(_ node: Node, to program: inout SplitExpression) {
        switch node {
        case .set(let set): program.steps.append(.one(set: index(of: set, in: &program)))
        case .sequence(let nodes): for node in nodes { emit(node, to: &program) }
        case .lineEnd: program.steps.append(.lineEnd)
        case .alternatives(let nodes):
            var jumps: [Int] = []
            for (number, node) in nodes.enumerated() {
                let start = program.steps.count
                let isLast = number == nodes.count - 1
                if !isLast { program.steps.append(.accept) }
                emit(node, to: &program)
                guard !isLast else { continue }
                jumps.append(program.steps.count)
                program.steps.append(.accept)
                program.steps[start] = .either(start + 1, program.steps.count)
            }
            for jump in jumps { program.steps[jump] = .jump(program.steps.count) }
        case .look(let node, let isNegative):
            let start = program.steps.count
            program.steps.append(.accept)
            emit(node, to: &program)
            program.steps.append(.accept)
            program.steps[start] = .look(isNegative: isNegative, end: program.steps.count)
        case .repeated(.set(let set), let least, let most, let isPossessive):
            let set = index(of: set, in: &program)
            program.steps.append(.run(set: set, least: least, most: most, isPossessive: isPossessive))
        case .repeated(let node, let least, let most, _):
            for _ in 0..<least { emit(node, to: &program) }
            let start = program.steps.count
            if most == .max {
                program.steps.append(.accept)
                emit(node, to: &program)
                program.steps.append(.jump(start))
                program.steps[start] = .either(start + 1, program.steps.count)
            } else {
                var starts: [Int] = []
                for _ in least..<most {
                    starts.append(program.steps.count)
                    program.steps.append(.accept)
                    emit(node, to: &program)
                }
                for start in starts { program.steps[start] = .either(start + 1, program.steps.count) }
            }
        }
    }

    private static func index(of set: CharacterSet, in program: inout SplitExpression) -> Int {
        if let index = program.sets.firstIndex(of: set) { return index }
        program.sets.append(set)
        return program.sets.count - 1
    }
}
