/// Splits a template into tokens, with the settings of transformers: `trim_blocks` and `lstrip_blocks`.
///
/// A line break after a block or comment is dropped, and so is white space before one that stands first in its line. `-` in a tag
/// strips all white space on its side, `+` none.
struct Lexer {
    /// Templates of models have up to 100 KB.
    static let mostBytes = 1 << 20

    private let source: [UInt8]
    private var place = 0
    private var line = 1
    private var countedTo = 0
    private(set) var tokens: [Token] = []
    /// Closing brackets that are expected, the innermost last.
    private var brackets: [UInt8] = []

    /// All tokens of a template.
    /// - Throws: `JinjaError` of kind `syntax`.
    static func tokens(of source: String) throws(JinjaError) -> [Token] {
        guard source.utf8.count <= mostBytes else {
            throw JinjaError(.limit, "the template has more than \(mostBytes >> 20) MiB")
        }
        var lexer = Lexer(source)
        while lexer.place < lexer.source.count { try lexer.readData() }
        lexer.add(.end)
        return lexer.tokens
    }

    /// Line breaks of all kinds become `\n`, and the last one is dropped.
    private init(_ text: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 13 || byte != 10 || previous != 13 { bytes.append(byte == 13 ? 10 : byte) }
            previous = byte
        }
        if bytes.last == 10 { bytes.removeLast() }
        source = bytes
    }

    // MARK: - Outside of tags

    private struct Tag {
        enum Kind { case variable, block, comment, raw }
        var kind: Kind
        var start: Int
        var sign: UInt8?
        /// Where its content starts.
        var end: Int
    }

    private mutating func readData() throws(JinjaError) {
        let start = place
        guard let tag = nextTag() else {
            addData(start..<source.count)
            place = source.count
            return
        }
        addData(start..<dataEnd(start, tag))
        place = tag.end
        switch tag.kind {
        case .comment: try skipComment()
        case .raw: try readRaw()
        case .variable:
            add(.variableBegin)
            try readTag(isBlock: false)
        case .block:
            add(.blockBegin)
            try readTag(isBlock: true)
        }
    }

    private func nextTag() -> Tag? {
        var start = place
        while start + 1 < source.count {
            guard source[start] == UInt8(ascii: "{") else {
                start += 1
                continue
            }
            let kind: Tag.Kind
            switch source[start + 1] {
            case UInt8(ascii: "{"): kind = .variable
            case UInt8(ascii: "%"): kind = .block
            case UInt8(ascii: "#"): kind = .comment
            default:
                start += 1
                continue
            }
            var end = start + 2
            let sign = self.sign(at: end)
            if sign != nil { end += 1 }
            if kind == .block, let raw = rawEnd(from: end) {
                return Tag(kind: .raw, start: start, sign: sign, end: raw)
            }
            return Tag(kind: kind, start: start, sign: sign, end: end)
        }
        return nil
    }

    private func sign(at place: Int) -> UInt8? {
        guard place < source.count, source[place] == UInt8(ascii: "-") || source[place] == UInt8(ascii: "+")
        else {
            return nil
        }
        return source[place]
    }

    /// Where the text before a tag ends, once white space is stripped.
    private func dataEnd(_ start: Int, _ tag: Tag) -> Int {
        let range = start..<tag.start
        if tag.sign == UInt8(ascii: "-") {
            return PythonText.strip(source, range, left: false, right: true, PythonText.isSpace).upperBound
        }
        guard tag.sign == nil, tag.kind != .variable else { return tag.start }
        let lineStart = source[range].lastIndex(of: 10).map { $0 + 1 } ?? start
        guard lineStart > start || start == 0 || source[start - 1] == 10 else { return tag.start }
        return PythonText.strip(source, lineStart..<tag.start, left: false, right: true, PythonText.isSpace)
            .isEmpty
            ? lineStart : tag.start
    }

    private mutating func skipComment() throws(JinjaError) {
        let start = place
        while place + 1 < source.count {
            if source[place] == UInt8(ascii: "#"), source[place + 1] == UInt8(ascii: "}") {
                let sign = place > start ? sign(at: place - 1) : nil
                place += 2
                trimAfterTag(sign)
                return
            }
            place += 1
        }
        // Jinja asks for the end where something follows.
        if start < source.count { throw error("missing end of comment tag") }
        place = source.count
    }

    /// Passes what a closing tag takes with it.
    private mutating func trimAfterTag(_ sign: UInt8?) {
        if sign == UInt8(ascii: "-") {
            skipSpace()
        } else if sign == nil, place < source.count, source[place] == 10 {
            place += 1
        }
    }

    // MARK: - Raw blocks

    /// Where the content of a raw block starts, if the tag whose inside starts at `start` opens one.
    private func rawEnd(from start: Int) -> Int? {
        guard var end = word("raw", from: start) else { return nil }
        let strips = end < source.count && source[end] == UInt8(ascii: "-")
        if strips { end += 1 }
        guard isBlockEnd(end) else { return nil }
        end += 2
        return strips
            ? PythonText.strip(source, end..<source.count, left: true, right: false, PythonText.isSpace)
                .lowerBound : end
    }

    /// Where the text goes on behind a word with white space around it.
    private func word(_ word: StaticString, from start: Int) -> Int? {
        let rest = PythonText.strip(
            source, start..<source.count, left: true, right: false, PythonText.isSpace
        ).lowerBound
        let end = rest + word.utf8CodeUnitCount
        let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard end <= source.count, source[rest..<end].elementsEqual(letters) else { return nil }
        return PythonText.strip(source, end..<source.count, left: true, right: false, PythonText.isSpace)
            .lowerBound
    }

    private func isBlockEnd(_ place: Int) -> Bool {
        place + 1 < source.count && source[place] == UInt8(ascii: "%")
            && source[place + 1] == UInt8(ascii: "}")
    }

    private mutating func readRaw() throws(JinjaError) {
        let start = place
        while place + 1 < source.count {
            guard source[place] == UInt8(ascii: "{"), source[place + 1] == UInt8(ascii: "%") else {
                place += 1
                continue
            }
            let opening = sign(at: place + 2)
            guard var end = word("endraw", from: place + (opening == nil ? 2 : 3)) else {
                place += 1
                continue
            }
            let closing = sign(at: end)
            if closing != nil { end += 1 }
            guard isBlockEnd(end) else {
                place += 1
                continue
            }
            addData(start..<dataEnd(start, Tag(kind: .raw, start: place, sign: opening, end: end)))
            place = end + 2
            trimAfterTag(closing)
            return
        }
        if start < source.count { throw error("missing end of raw directive") }
        place = source.count
    }

    // MARK: - Inside of tags

    private mutating func readTag(isBlock: Bool) throws(JinjaError) {
        brackets = []
        while true {
            skipSpace()
            guard place < source.count else { return }
            if brackets.isEmpty, readTagEnd(isBlock: isBlock) { return }
            try readToken()
        }
    }

    private mutating func readTagEnd(isBlock: Bool) -> Bool {
        let closing = isBlock ? UInt8(ascii: "%") : UInt8(ascii: "}")
        var end = place
        let sign = sign(at: end)
        if let sign {
            // Only blocks end with a plus sign.
            guard isBlock || sign == UInt8(ascii: "-") else { return false }
            end += 1
        }
        guard end + 1 < source.count, source[end] == closing, source[end + 1] == UInt8(ascii: "}") else {
            return false
        }
        add(isBlock ? .blockEnd : .variableEnd)
        place = end + 2
        if isBlock { trimAfterTag(sign) } else if sign != nil { skipSpace() }
        return true
    }

    private mutating func readToken() throws(JinjaError) {
        let byte = source[place]
        if byte.isASCIIDigit { return try readNumber() }
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try readString() }
        if PythonText.isWord(PythonText.scalar(source, place).scalar) || byte >= 0x80 {
            return try readName()
        }
        try readSymbol()
    }

    private mutating func readName() throws(JinjaError) {
        let start = place
        while place < source.count {
            let (scalar, length) = PythonText.scalar(source, place)
            guard PythonText.isWord(scalar) || scalar.properties.isXIDContinue else { break }
            place += length
        }
        guard place > start else {
            throw error("unexpected character '\(PythonText.scalar(source, start).scalar)'")
        }
        let name = String(decoding: source[start..<place], as: UTF8.self)
        guard TracedString(name).isIdentifier else {
            throw error("invalid character in identifier '\(name)'")
        }
        add(.name, name)
    }

    private mutating func readSymbol() throws(JinjaError) {
        let two = String(decoding: source[place..<min(place + 2, source.count)], as: UTF8.self)
        if ["==", "!=", ">=", "<=", "//", "**"].contains(two) {
            add(.symbol, two)
            place += 2
            return
        }
        let byte = source[place]
        guard "+-/*%~[](){}><=.:|,;".utf8.contains(byte) else {
            throw error("unexpected character '\(PythonText.scalar(source, place).scalar)'")
        }
        switch byte {
        case UInt8(ascii: "{"): brackets.append(UInt8(ascii: "}"))
        case UInt8(ascii: "("): brackets.append(UInt8(ascii: ")"))
        case UInt8(ascii: "["): brackets.append(UInt8(ascii: "]"))
        case UInt8(ascii: "}"), UInt8(ascii: ")"), UInt8(ascii: "]"):
            guard let expected = brackets.popLast() else {
                throw error("unexpected '\(Character(Unicode.Scalar(byte)))'")
            }
            guard expected == byte else {
                throw error(
                    "unexpected '\(Character(Unicode.Scalar(byte)))', expected '\(Character(Unicode.Scalar(expected)))'"
                )
            }
        default: break
        }
        add(.symbol, String(Unicode.Scalar(byte)))
        place += 1
    }

    private mutating func readString() throws(JinjaError) {
        let quote = source[place]
        var end = place + 1
        while end < source.count, source[end] != quote { end += source[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < source.count else {
            throw error("unexpected character '\(Character(Unicode.Scalar(quote)))'")
        }
        var literal = StringLiteral(source, place + 1..<end)
        let bytes: [UInt8]
        do { bytes = try literal.read() } catch { throw error.at(currentLine()) }
        add(.string, value: .string(TracedString(bytes: bytes, mark: .template)))
        place = end + 1
    }

    private mutating func readNumber() throws(JinjaError) {
        let literal = NumberLiteral(source, place)
        let digits = literal.text.filter { $0 != "_" }
        if literal.isFloat {
            add(.float, literal.text, value: .float(Double(digits) ?? .infinity))
        } else {
            let value: Int?
            do { value = try PythonFloat.integer(digits, base: 0) } catch { throw error.at(currentLine()) }
            guard let value else { throw error("invalid number '\(digits.prefix(40))'") }
            add(.integer, literal.text, value: .int(value))
        }
        place = literal.end
    }

    // MARK: - Tokens

    private mutating func skipSpace() {
        place =
            PythonText.strip(source, place..<source.count, left: true, right: false, PythonText.isSpace)
            .lowerBound
    }

    private mutating func currentLine() -> Int {
        for byte in source[countedTo..<max(countedTo, min(place, source.count))] where byte == 10 {
            line += 1
        }
        countedTo = max(countedTo, min(place, source.count))
        return line
    }

    private mutating func add(_ kind: Token.Kind, _ text: String = "", value: JinjaValue? = nil) {
        tokens.append(Token(kind: kind, text: text, value: value, line: currentLine()))
    }

    private mutating func addData(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let bytes = Array(source[range])
        tokens.append(
            Token(
                kind: .data, text: "", value: .string(TracedString(bytes: bytes, mark: .template)),
                line: currentLine()))
    }

    private mutating func error(_ message: String) -> JinjaError {
        JinjaError(.syntax, message, line: currentLine())
    }
}
