/// Split patterns of published vocabularies, as scanners written by hand.
///
/// Every one matches at every place of every text, so that its matches laid end to end are the text. The tests hold each against
/// `SplitExpression`, which runs the pattern as it is written.
enum KnownPattern: Equatable, Sendable {
    /// GPT-2's (Radford et al. 2019): a space joins the word behind it, contractions are apart, runs of digits stay whole.
    case gpt2
    /// GPT-4's cl100k and its descendants: Llama 3's, Qwen's. Any one sign joins the letters behind it, digits come in groups.
    case words(Words)
    /// GPT-4o's o200k and Mistral's tekken: a capital letter behind a small one begins a word.
    case cased(Cased)

    struct Words: Equatable, Sendable {
        /// What words are made of: L, or L and M.
        var letters: ScalarClass = .letter
        /// How many digits stand together at most.
        var digits = 1
    }

    struct Cased: Equatable, Sendable {
        /// Whether a contraction belongs to the word before it; else it is nothing special.
        var contractions = false
        var digits = 1
    }

    /// The pattern's text, as `tokenizer.json` files have it.
    var expression: String {
        let end = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
        switch self {
        case .gpt2:
            return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        case .words(let words):
            let marks = words.letters.contains(.mark)
            return #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?"#
                + (marks ? #"[\p{L}\p{M}]+"# : #"\p{L}+"#)
                + "|" + Self.numbers(words.digits) + "| ?"
                + (marks ? #"[^\s\p{L}\p{M}\p{N}]+"# : #"[^\s\p{L}\p{N}]+"#) + #"[\r\n]*"# + end
        case .cased(let cased):
            let (upper, lower) = (#"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#)
            let contraction = cased.contractions ? "(?i:'s|'t|'re|'ve|'m|'ll|'d)?" : ""
            let first = #"[^\r\n\p{L}\p{N}]?"#
            return first + "\(upper)*\(lower)+\(contraction)|" + first + "\(upper)+\(lower)*\(contraction)|"
                + Self.numbers(cased.digits) + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + end
        }
    }

    private static func numbers(_ count: Int) -> String {
        count == 1 ? #"\p{N}"# : #"\p{N}{1,"# + "\(count)}"
    }

    private static let all: [KnownPattern] =
        [.gpt2]
        + [1, 3].flatMap { digits in
            [
                .words(Words(digits: digits)), .words(Words(letters: [.letter, .mark], digits: digits)),
                .cased(Cased(digits: digits)), .cased(Cased(contractions: true, digits: digits)),
            ]
        }

    /// The scanner of a pattern, if it is one of these.
    init?(expression: String) {
        guard let known = Self.all.first(where: { $0.expression == expression }) else { return nil }
        self = known
    }
}

extension KnownPattern {
    /// A part of a text that is known to be UTF-8.
    struct Text {
        let bytes: UnsafePointer<UInt8>
        let end: Int
        let classes: UnsafeScalarClasses

        /// The class and length of the character at a place; nothing at the end.
        @inline(__always)
        func character(_ index: Int) -> (class: ScalarClass, length: Int) {
            index < end ? classes.character(bytes, index) : ([], 0)
        }

        /// The end of the run of characters of some classes that begins at a place.
        @inline(__always)
        func run(from start: Int, of wanted: ScalarClass) -> Int {
            var index = start
            while index < end {
                let (found, length) = classes.character(bytes, index)
                if found.isDisjoint(with: wanted) { break }
                index += length
            }
            return index
        }

        /// The end of the run of characters of none of some classes.
        @inline(__always)
        func run(from start: Int, without unwanted: ScalarClass) -> Int {
            var index = start
            while index < end {
                let (found, length) = classes.character(bytes, index)
                if !found.isDisjoint(with: unwanted) { break }
                index += length
            }
            return index
        }
    }

    /// The end of the match that begins at a place before the end.
    @inline(__always)
    func end(in text: Text, from start: Int) -> Int {
        switch self {
        case .gpt2: Self.gpt2End(text, start)
        case .words(let words): Self.wordsEnd(text, start, words)
        case .cased(let cased): Self.casedEnd(text, start, cased)
        }
    }

    private static func gpt2End(_ text: Text, _ start: Int) -> Int {
        let first = text.bytes[start]
        if first == UInt8(ascii: "'"),
            case let length = contraction(text, start, ignoringCase: false), length > 0
        {
            return start + length
        }
        // The space that may come before a word.
        let begin = first == 0x20 && start + 1 < text.end ? start + 1 : start
        let (found, length) = text.character(begin)
        if !found.isDisjoint(with: .letter) { return text.run(from: begin + length, of: .letter) }
        if found.contains(.number) { return text.run(from: begin + length, of: .number) }
        if !found.contains(.space) {
            return text.run(from: begin + length, without: [.letter, .number, .space])
        }
        return blankEnd(text, start)
    }

    private static func wordsEnd(_ text: Text, _ start: Int, _ words: Words) -> Int {
        let (first, length) = text.character(start)
        if !first.isDisjoint(with: words.letters) {
            return text.run(from: start + length, of: words.letters)
        }
        if text.bytes[start] == UInt8(ascii: "'"),
            case let length = contraction(text, start, ignoringCase: true), length > 0
        {
            return start + length
        }
        if first.contains(.number) { return numbersEnd(text, start + length, words.digits) }
        let second = text.character(start + length)
        if first.isDisjoint(with: .lineBreak), !second.class.isDisjoint(with: words.letters) {
            return text.run(from: start + length + second.length, of: words.letters)
        }
        return signsEnd(text, start, first, second, without: words.letters, slash: false)
    }

    private static func casedEnd(_ text: Text, _ start: Int, _ cased: Cased) -> Int {
        let (first, length) = text.character(start)
        if first.contains(.number) { return numbersEnd(text, start + length, cased.digits) }
        let letters: ScalarClass = [.letter, .mark]
        var end = 0
        let second = text.character(start + length)
        if first.isDisjoint(with: [.letter, .lineBreak]), !second.class.isDisjoint(with: letters) {
            // A sign, or a mark, and letters behind it.
            end = smallEnd(text, start + length)
            if end == 0, first.contains(.mark) { end = smallEnd(text, start) }
            if end == 0 { end = text.run(from: start + length, of: .notSmall) }
        } else if !first.isDisjoint(with: letters) {
            end = smallEnd(text, start)
            if end == 0 { end = text.run(from: start, of: .notSmall) }
        }
        if end > 0 {
            if cased.contractions, end < text.end, text.bytes[end] == UInt8(ascii: "'") {
                end += contraction(text, end, ignoringCase: true)
            }
            return end
        }
        return signsEnd(text, start, first, second, without: .letter, slash: true)
    }

    /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` at a place; 0 where it does not match.
    private static func smallEnd(_ text: Text, _ start: Int) -> Int {
        var index = start
        /// Behind the last character that both classes have: there the first gives back what it took.
        var shared = 0
        while index < text.end {
            let (found, length) = text.classes.character(text.bytes, index)
            if found.contains(.lower) { return text.run(from: index, of: .notCapital) }
            if found.isDisjoint(with: .notSmall) { break }
            index += length
            if !found.isDisjoint(with: [.otherLetter, .mark]) { shared = index }
        }
        return shared
    }

    private static func numbersEnd(_ text: Text, _ start: Int, _ count: Int) -> Int {
        var index = start
        for _ in 1..<max(count, 1) {
            let (found, length) = text.character(index)
            guard found.contains(.number) else { break }
            index += length
        }
        return index
    }

    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+` at a place where one of them matches.
    @inline(__always)
    private static func signsEnd(
        _ text: Text, _ start: Int, _ first: ScalarClass, _ second: (class: ScalarClass, length: Int),
        without letters: ScalarClass, slash: Bool
    ) -> Int {
        let not = letters.union([.letter, .number, .space])
        let isSpace = text.bytes[start] == 0x20
        if isSpace ? second.length > 0 && second.class.isDisjoint(with: not) : !first.contains(.space) {
            var index = text.run(from: start + (isSpace ? 1 : text.character(start).length), without: not)
            while index < text.end {
                let byte = text.bytes[index]
                guard byte == 0x0A || byte == 0x0D || slash && byte == UInt8(ascii: "/") else { break }
                index += 1
            }
            return index
        }
        return blankEnd(text, start, lines: true)
    }

    /// `\s+(?!\S)|\s+` at white space, with `\s*[\r\n]+|` before it if `lines`.
    private static func blankEnd(_ text: Text, _ start: Int, lines: Bool = false) -> Int {
        var (index, last, lineEnd) = (start, start, 0)
        while index < text.end {
            let (found, length) = text.classes.character(text.bytes, index)
            guard found.contains(.space) else { break }
            last = index
            index += length
            if found.contains(.lineBreak) { lineEnd = index }
        }
        if lines, lineEnd > 0 { return lineEnd }
        // The last one belongs to what follows, if it is not the only one.
        return index < text.end && last > start ? last : index
    }

    /// The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at an apostrophe, or 0.
    ///
    /// Without regard to case, ſ (U+017F) is an s, as Unicode folds it.
    private static func contraction(_ text: Text, _ start: Int, ignoringCase: Bool) -> Int {
        let (bytes, rest) = (text.bytes + start, text.end - start)
        guard rest >= 2 else { return 0 }
        let mask: UInt8 = ignoringCase ? 0x20 : 0
        func isLetter(_ byte: UInt8, _ letter: Unicode.Scalar) -> Bool { byte | mask == UInt8(ascii: letter) }
        for letter in ["s", "t", "m", "d"] as [Unicode.Scalar] where isLetter(bytes[1], letter) { return 2 }
        guard rest >= 3 else { return 0 }
        if ignoringCase, bytes[1] == 0xC5, bytes[2] == 0xBF { return 3 }
        if isLetter(bytes[1], "r") || isLetter(bytes[1], "v") { return isLetter(bytes[2], "e") ? 3 : 0 }
        return isLetter(bytes[1], "l") && isLetter(bytes[2], "l") ? 3 : 0
    }
}
