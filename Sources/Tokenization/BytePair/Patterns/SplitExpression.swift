/// A regular expression of a Split pre-tokenizer, run as Oniguruma runs it: by backtracking, of alternatives the first that
/// matches.
///
/// The subset: literals, `.`, sets with ranges and `\s \S \d \D \p{…} \P{…}`, groups, `(?i:…)`, `(?!…)`, `(?=…)`, `|`, `$`, and the
/// quantifiers `? * + {m} {m,n} {m,}`, of single characters also possessive (`?+ *+ ++`). Anything else is refused, see
/// `SplitExpressionParser`.
struct SplitExpression: Equatable, Sendable {
    /// A step of the program.
    enum Step: Equatable, Sendable {
        /// One character of a set.
        case one(set: Int)
        /// As many characters of a set as there are, `most` at most; they are given back one by one if what follows fails,
        /// down to `least`, unless it is possessive.
        case run(set: Int, least: Int, most: Int, isPossessive: Bool)
        /// Goes on at the first; if that fails, at the second.
        case either(Int, Int)
        case jump(Int)
        /// What follows, up to `accept`, must match (or not) from here; goes on at `end`.
        case look(isNegative: Bool, end: Int)
        /// The end of the text, or before a line feed.
        case lineEnd
        case accept
    }

    var steps: [Step] = []
    var sets: [CharacterSet] = []

    /// Where matching failed before, noted once it fails often: a step that failed at a place fails there again, wherever the match
    /// began. So time is bounded by the square of a text's length, not by a power as high as the expression has quantifiers.
    private struct Failures {
        private var count = 0
        private var places: Set<UInt64> = []
        /// Expressions of published vocabularies fail so often in long runs of blanks alone.
        private static let fewest = 2000
        /// Bounds memory, 32 MB.
        private static let most = 1 << 20

        /// Notes a choice; false if it was tried before.
        @inline(__always)
        mutating func isNew(step: Int, place: Int) -> Bool {
            count += 1
            if count < Self.fewest || places.count >= Self.most { return true }
            return places.insert(UInt64(step) << 40 | UInt64(place)).inserted
        }
    }

    /// Where to go on if a step fails.
    struct Choice {
        var step: Int
        var place: Int
        /// Of a run: the least place that it can give back to.
        var least: Int
    }

    /// The first match at or behind a place of a text that is known to be UTF-8.
    func firstMatch(in text: KnownPattern.Text, from start: Int, _ choices: inout [Choice]) -> Range<Int>? {
        var (place, failures) = (start, Failures())
        while place < text.end {
            if let end = run(step: 0, text, place, &choices, &failures), end > place { return place..<end }
            place += text.character(place).length
        }
        return nil
    }

    private func run(
        step: Int, _ text: KnownPattern.Text, _ place: Int, _ choices: inout [Choice],
        _ failures: inout Failures
    ) -> Int? {
        let bottom = choices.count
        var (step, place) = (step, place)
        while true {
            var fails = false
            switch steps[step] {
            case .one(let set):
                if place < text.end, case let length = sets[set].length(in: text, place), length > 0 {
                    place += length
                    step += 1
                } else {
                    fails = true
                }
            case .run(let set, let least, let most, let isPossessive):
                var (count, floor) = (0, least == 0 ? place : -1)
                while count < most, place < text.end, case let length = sets[set].length(in: text, place),
                    length > 0
                {
                    place += length
                    count += 1
                    if count == least { floor = place }
                }
                step += 1
                if count < least {
                    fails = true
                } else if !isPossessive, place > floor {
                    choices.append(Choice(step: step, place: place, least: floor))
                }
            case .either(let first, let second):
                choices.append(Choice(step: second, place: place, least: place))
                step = first
            case .jump(let target): step = target
            case .look(let isNegative, let end):
                // What fails inside may be passed over later: the failures of the inner expression are its own.
                var inner = Failures()
                if (run(step: step + 1, text, place, &choices, &inner) == nil) == isNegative {
                    step = end
                } else {
                    fails = true
                }
            case .lineEnd:
                if place == text.end || text.bytes[place] == 0x0A { step += 1 } else { fails = true }
            case .accept:
                choices.removeLast(choices.count - bottom)
                return place
            }
            guard fails else { continue }
            repeat {
                guard choices.count > bottom, var choice = choices.popLast() else { return nil }
                if choice.place > choice.least {
                    // A run gives back its last character.
                    choice.place = UnsafeScalarClasses.before(text.bytes, choice.place)
                    if choice.place > choice.least { choices.append(choice) }
                }
                (step, place) = (choice.step, choice.place)
            } while !failures.isNew(step: step, place: place)
        }
    }
}

/// A set of characters, as an expression names it.
struct CharacterSet: Equatable, Sendable {
    /// Characters of any of these classes.
    var classes: ScalarClass = []
    /// For each of these, characters of none of its classes.
    var complements: [ScalarClass] = []
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: UInt32, _ class: ScalarClass) -> Bool {
        let isMember =
            !`class`.isDisjoint(with: classes) || complements.contains { `class`.isDisjoint(with: $0) }
            || ranges.contains { $0.contains(scalar) }
        return isMember != isNegated
    }

    /// The length of the character at a place if it belongs to the set, else 0.
    @inline(__always)
    func length(in text: KnownPattern.Text, _ place: Int) -> Int {
        let (scalar, length) = UnsafeScalarClasses.scalar(text.bytes, place)
        return contains(scalar, text.classes[scalar]) ? length : 0
    }
}

extension SplitExpression {
    /// One character of a set.
    init(_ set: CharacterSet) {
        (sets, steps) = ([set], [.one(set: 0), .accept])
    }

    /// `\w+|[^\w\s]+` of Rust's `regex`, the Whitespace pre-tokenizer's.
    static let words: SplitExpression = {
        var expression = SplitExpression()
        expression.sets = [
            CharacterSet(classes: .word), CharacterSet(classes: [.word, .space], isNegated: true),
        ]
        expression.steps = [
            .either(1, 3), .run(set: 0, least: 1, most: .max, isPossessive: false), .accept,
            .run(set: 1, least: 1, most: .max, isPossessive: false), .accept,
        ]
        return expression
    }()
}
