/// A regular expression that is searched for in time linear in the text: O(characters × size of the pattern), for every text.
///
/// Engines that backtrack take time exponential in the text for patterns such as `(a+)+$`. This one steps through all alternatives at
/// once (Thompson 1968; Pike's machine, as in RE2). References to groups and lookaround, which cannot be matched in this way, are
/// refused.
///
/// Syntax: literals, `.`, `[…]`, `\d \w \s` and their complements, `\b \B`, `^ $`, `\A \z`, `(…)`, `(?:…)`, `|`, `* + ?`,
/// `{n} {n,} {n,m}`, escapes as in `\n`, `\x41`, `\u00e9`, `\.`, and the flags `(?i)`, `(?m)` and `(?s)` at the beginning. `\d` is 0 to 9, `\w`
/// letters and digits of all scripts and `_`.
struct LinearPattern: Sendable {
    private enum Instruction {
        case set(Int)
        case assertion(PatternAssertion)
        case jump(Int)
        case split(Int, Int)
        case match
    }

    /// The most instructions of a pattern; time is at most this many steps a character.
    private static let mostInstructions = 10_000

    /// The pattern as it was written.
    let text: String
    private var program: [Instruction] = []
    private var sets: [ScalarSet] = []
    private var setIndices: [ScalarSet: Int] = [:]
    /// The sets that a match can begin with; nil if it can begin with an assertion or be empty.
    private var firstSets: [Int]?
    /// Which ASCII characters they contain.
    private var firstASCII: [Bool] = []

    /// - Throws: `PatternFault`
    init(_ text: String) throws(PatternFault) {
        self.text = text
        try add(try PatternParser.parse(text))
        try append(.match)
        firstSets = beginnings()
        if let firstSets {
            firstASCII = (0..<128).map { value in
                firstSets.contains { sets[$0].contains(Unicode.Scalar(UInt8(value))) }
            }
        }
    }

    // MARK: - Compiling

    private func beginnings() -> [Int]? {
        var (found, seen, pending) = ([Int](), Set<Int>(), [0])
        while let index = pending.popLast() {
            guard seen.insert(index).inserted else { continue }
            switch program[index] {
            case .set(let set): found.append(set)
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [first, second]
            case .assertion, .match: return nil
            }
        }
        return found
    }

    /// Whether a match can begin with a character.
    private func canBegin(with scalar: Unicode.Scalar, _ firstSets: [Int]) -> Bool {
        scalar.isASCII ? firstASCII[Int(scalar.value)] : firstSets.contains { sets[$0].contains(scalar) }
    }

    @discardableResult
    private mutating func append(_ instruction: Instruction) throws(PatternFault) -> Int {
        guard program.count < Self.mostInstructions else {
            throw PatternFault(
                problem:
                    "the pattern is too large: repetitions multiply to more than \(Self.mostInstructions) steps",
                column: 1)
        }
        program.append(instruction)
        return program.count - 1
    }

    private mutating func add(_ node: PatternNode) throws(PatternFault) {
        switch node {
        case .empty: break
        case .set(let set):
            let index = setIndices[set] ?? sets.count
            if index == sets.count {
                sets.append(set)
                setIndices[set] = index
            }
            try append(.set(index))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .alternatives(let nodes):
            var jumps: [Int] = []
            for (number, node) in nodes.enumerated() {
                let split = number + 1 < nodes.count ? try append(.split(0, 0)) : nil
                try add(node)
                if let split {
                    jumps.append(try append(.jump(0)))
                    program[split] = .split(split + 1, program.count)
                }
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repetition(let node, let least, let most):
            for _ in 0..<least { try add(node) }
            guard let most else {
                let split = try append(.split(0, 0))
                try add(node)
                try append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<max(most, least) {
                splits.append(try append(.split(0, 0)))
                try add(node)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }

    // MARK: - Searching

    /// The first match, in Unicode scalars from the beginning of the text: the one that begins first, up to its earliest end.
    func firstMatch(in text: String) -> Range<Int>? {
        var machine = Machine(size: program.count)
        var (position, previous) = (0, Unicode.Scalar?.none)
        var iterator = text.unicodeScalars.makeIterator()
        var found: Range<Int>?
        while true {
            if let found, machine.isEmpty { return found }
            let current = iterator.next()
            if machine.isEmpty, let current, let firstSets, !canBegin(with: current, firstSets) {
                (position, previous) = (position + 1, current)
                continue
            }
            if found == nil { machine.start(at: position) }
            close(&machine, previous, current)
            if let start = machine.matchStart, start < found?.lowerBound ?? .max { found = start..<position }
            // A thread that began before the match may still win.
            if let found { machine.drop(from: found.lowerBound) }
            guard let current else { return found }
            machine.step { index in
                if case .set(let set) = program[index] { sets[set].contains(current) } else { false }
            }
            (position, previous) = (position + 1, current)
        }
    }

    /// Whether the text has a match.
    func matches(_ text: String) -> Bool { firstMatch(in: text) != nil }

    /// Follows all instructions that consume no character, between two characters.
    private func close(_ machine: inout Machine, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) {
        machine.close { index, follow in
            switch program[index] {
            case .set: return .waiting
            case .match: return .matching
            case .jump(let target): follow(target)
            case .split(let first, let second):
                follow(second)
                follow(first)
            case .assertion(let assertion):
                if Self.holds(assertion, previous, next) { follow(index + 1) }
            }
            return .passed
        }
    }

    private static func holds(
        _ assertion: PatternAssertion, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?
    ) -> Bool {
        func isWord(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(ScalarSet.Class.word.contains) ?? false }
        return switch assertion {
        case .textStart: previous == nil
        case .textEnd: next == nil
        case .lineStart: previous == nil || previous == "\n"
        case .lineEnd: next == nil || next == "\n"
        case .wordBoundary: isWord(previous) != isWord(next)
        case .noWordBoundary: isWord(previous) == isWord(next)
        }
    }
}

/// The alternatives of a pattern that are being followed, at most one for each instruction: the one that began first.
private struct Machine {
    enum Outcome { case waiting, matching, passed }

    private struct Alternative {
        let index: Int
        let start: Int
    }

    /// Before `close`: those that have consumed a character, the earliest beginnings first. After it: those that wait for one.
    private var alternatives: [Alternative] = []
    private var pending: [Alternative] = []
    /// Room for the next `alternatives`.
    private var others: [Alternative] = []
    /// The round in which an instruction was reached last.
    private var reached: [Int]
    private var round = 0
    private(set) var matchStart: Int?

    init(size: Int) { reached = [Int](repeating: 0, count: size) }

    var isEmpty: Bool { alternatives.isEmpty }

    mutating func start(at position: Int) { alternatives.append(Alternative(index: 0, start: position)) }

    mutating func drop(from start: Int) { alternatives.removeAll { $0.start >= start } }

    mutating func close(_ visit: (Int, _ follow: (Int) -> Void) -> Outcome) {
        round += 1
        matchStart = nil
        others.removeAll(keepingCapacity: true)
        for alternative in alternatives {
            pending.append(alternative)
            while let current = pending.popLast() {
                guard reached[current.index] != round else { continue }
                reached[current.index] = round
                switch visit(current.index, { pending.append(Alternative(index: $0, start: current.start)) })
                {
                case .waiting: others.append(current)
                case .matching: matchStart = min(matchStart ?? .max, current.start)
                case .passed: break
                }
            }
        }
        swap(&alternatives, &others)
    }

    mutating func step(_ accepts: (Int) -> Bool) {
        others.removeAll(keepingCapacity: true)
        for alternative in alternatives where accepts(alternative.index) {
            others.append(Alternative(index: alternative.index + 1, start: alternative.start))
        }
        swap(&alternatives, &others)
    }
}
