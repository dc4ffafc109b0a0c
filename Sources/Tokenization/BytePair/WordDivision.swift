/// A text on its way through the stages of a pre-tokenizer.
///
/// `word` is called with each part that the last stage leaves, from left to right; parts without bytes are left out.
struct WordDivision {
    let preTokenizer: PreTokenizer
    let classes: UnsafeScalarClasses
    /// Whether the section begins the whole text.
    let isFirst: Bool
    /// Whether the section goes on with a text that was divided: nothing is put before it.
    let isGoingOn: Bool
    var choices: [SplitExpression.Choice] = []

    /// Divides a section, which must be UTF-8.
    mutating func run(_ section: UnsafeBufferPointer<UInt8>, _ word: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard let start = section.baseAddress, !section.isEmpty else { return }
        if preTokenizer.stages.count == 1, case .known(let pattern) = preTokenizer.stages[0] {
            // Nearly all vocabularies.
            let text = KnownPattern.Text(bytes: start, end: section.count, classes: classes)
            var place = 0
            while place < section.count {
                let end = pattern.end(in: text, from: place)
                word(UnsafeBufferPointer(start: start + place, count: end - place))
                place = end
            }
            return
        }
        divide(section, stage: 0, isBeginning: true, word)
    }

    private mutating func divide(
        _ part: UnsafeBufferPointer<UInt8>, stage: Int, isBeginning: Bool,
        _ word: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let start = part.baseAddress, !part.isEmpty else { return }
        guard stage < preTokenizer.stages.count else { return word(part) }
        let text = KnownPattern.Text(bytes: start, end: part.count, classes: classes)
        func slice(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: part[range])
        }
        switch preTokenizer.stages[stage] {
        case .known(let pattern):
            // A call for each word would retain the stages for each: threads would wait for each other's counts.
            let isLast = stage + 1 == preTokenizer.stages.count
            var place = 0
            while place < part.count {
                let end = pattern.end(in: text, from: place)
                if isLast {
                    word(slice(place..<end))
                } else {
                    divide(slice(place..<end), stage: stage + 1, isBeginning: isBeginning && place == 0, word)
                }
                place = end
            }
        case .expression(let index, let behavior, let isInverted):
            var pieces = Pieces(behavior: behavior)
            var place = 0
            func give(_ range: Range<Int>) {
                divide(
                    slice(range), stage: stage + 1, isBeginning: isBeginning && range.lowerBound == 0, word)
            }
            while place < part.count {
                let match = preTokenizer.expressions[index].firstMatch(in: text, from: place, &choices)
                let start = match?.lowerBound ?? part.count
                if place < start { pieces.add(place..<start, isMatch: isInverted, give) }
                if let match { pieces.add(match, isMatch: !isInverted, give) }
                place = match?.upperBound ?? part.count
            }
            pieces.finish(give)
        case .literal(let index, let behavior, let isInverted):
            let literal = preTokenizer.literals[index]
            var pieces = Pieces(behavior: behavior)
            var (place, begin) = (0, 0)
            func give(_ range: Range<Int>) {
                divide(
                    slice(range), stage: stage + 1, isBeginning: isBeginning && range.lowerBound == 0, word)
            }
            while place < part.count {
                guard part[place] == literal[0], part[place...].starts(with: literal) else {
                    place += 1
                    continue
                }
                if begin < place { pieces.add(begin..<place, isMatch: isInverted, give) }
                pieces.add(place..<place + literal.count, isMatch: !isInverted, give)
                place += literal.count
                begin = place
            }
            if begin < place { pieces.add(begin..<place, isMatch: isInverted, give) }
            pieces.finish(give)
        case .prefixSpace:
            guard part[0] != 0x20, !(isGoingOn && isBeginning) else {
                return divide(part, stage: stage + 1, isBeginning: isBeginning, word)
            }
            ([0x20] + part).withUnsafeBufferPointer {
                divide($0, stage: stage + 1, isBeginning: isBeginning, word)
            }
        case .byteAlphabet:
            Array(ByteAlphabet.spelling(of: part).utf8).withUnsafeBufferPointer {
                divide($0, stage: stage + 1, isBeginning: isBeginning, word)
            }
        case .metaspace(let index, let scheme):
            let space = preTokenizer.literals[index]
            var output: [UInt8] = []
            output.reserveCapacity(part.count + part.count / 2)
            for byte in part { if byte == 0x20 { output += space } else { output.append(byte) } }
            let isPrepended =
                switch scheme {
                case .always: !(isGoingOn && isBeginning)
                case .first: isFirst && isBeginning
                case .never: false
                }
            if isPrepended, !output.starts(with: space) { output = space + output }
            output.withUnsafeBufferPointer {
                divide($0, stage: stage + 1, isBeginning: isBeginning, word)
            }
        }
    }

    /// Puts matches and what lies between them together, as a behavior says.
    private struct Pieces {
        let behavior: PreTokenizer.Behavior
        /// What may still grow, and whether it is a match.
        private var pending: (range: Range<Int>, isMatch: Bool)?
        private var followsMatch = false

        init(behavior: PreTokenizer.Behavior) { self.behavior = behavior }

        mutating func add(_ range: Range<Int>, isMatch: Bool, _ give: (Range<Int>) -> Void) {
            switch behavior {
            case .removed: if !isMatch { give(range) }
            case .isolated: give(range)
            case .contiguous:
                if let last = pending, last.isMatch == isMatch {
                    pending = (last.range.lowerBound..<range.upperBound, isMatch)
                } else {
                    finish(give)
                    pending = (range, isMatch)
                }
            case .mergedWithPrevious:
                if isMatch, !followsMatch, let last = pending {
                    pending = (last.range.lowerBound..<range.upperBound, true)
                } else {
                    finish(give)
                    pending = (range, isMatch)
                }
                followsMatch = isMatch
            case .mergedWithNext:
                if isMatch {
                    finish(give)
                    pending = (range, true)
                } else {
                    give((pending?.range.lowerBound ?? range.lowerBound)..<range.upperBound)
                    pending = nil
                }
            }
        }

        mutating func finish(_ give: (Range<Int>) -> Void) {
            if let pending { give(pending.range) }
            pending = nil
        }
    }
}
