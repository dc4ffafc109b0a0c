/// The added tokens of a `tokenizer.json`: found in text before anything else.
struct AddedTokens: Sendable {
    /// One added token.
    struct Token: Equatable, Sendable {
        var id: Int32
        var content: String
        /// It takes white space before, or behind it, with it.
        var stripsLeft = false, stripsRight = false
        /// It is found only where no letter, mark, digit or _ is beside it.
        var isSingleWord = false
        /// It is found in normalized text; else in the text as it is.
        var isNormalized = false
        /// It marks structure; text never becomes it.
        var isSpecial = false
    }

    /// By the order of the file.
    let tokens: [Token]
    /// Those found in the text as it is, and in normalized text: places in `tokens` by content.
    let raw: Search
    let normalized: Search

    struct Search: Sendable {
        var trie = PieceTrie()
        var first = [Bool](repeating: false, count: 256)
        /// Without other than special tokens nothing is found.
        var isNeeded = false
    }

    /// - Throws: `PieceTrie.Full` if the tokens have too many bytes.
    init(_ tokens: [Token], _ normalizer: TextNormalizer) throws(PieceTrie.Full) {
        self.tokens = tokens
        func search(_ isNormalized: Bool) throws(PieceTrie.Full) -> Search {
            var search = Search()
            for (index, token) in tokens.enumerated() where token.isNormalized == isNormalized {
                let content = Self.searchedBytes(of: token, normalizer)
                guard let first = content.first else { continue }
                search.first[Int(first)] = true
                if !token.isSpecial { search.isNeeded = true }
                _ = try search.trie.insertChecked(content, id: Int32(index))
            }
            return search
        }
        (raw, normalized) = (try search(false), try search(true))
    }

    /// What is searched for in a text.
    static func searchedBytes(of token: Token, _ normalizer: TextNormalizer) -> [UInt8] {
        let bytes = Array(token.content.utf8)
        return token.isNormalized ? normalizer.normalize(bytes) : bytes
    }

    /// Whether one of them has a space behind a letter or digit, or takes with it what follows one: then a text may not be
    /// divided before any space.
    var reachesOverSpaces: Bool {
        tokens.contains { token in
            let isOpen = token.stripsRight && token.content.unicodeScalars.last.map(Self.isWord) ?? false
            let scalars = Array(token.content.unicodeScalars)
            return isOpen
                || zip(scalars, scalars.dropFirst()).contains {
                    Self.isWord($0) && ($1 == " " || $1 == "\u{2581}")
                }
        }
    }

    /// Divides text at added tokens that are not special, and at those special ones that are allowed.
    ///
    /// As `tokenizers` does with `encode_special_tokens`: of tokens that begin at one place the longest is found, the search goes
    /// on behind it, and a special one that is not allowed then counts as text.
    ///
    /// - Parameters:
    ///   - isNormalized: Whether the text is normalized.
    ///   - allowsSpecial: Whether a special token may be found at a range of bytes; nil for nowhere.
    ///   - body: Called with parts of the text, and the id of each that is a token.
    func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, isNormalized: Bool,
        allowsSpecial: ((Range<Int>) -> Bool)? = nil,
        _ body: (_ part: UnsafeBufferPointer<UInt8>, _ id: Int32?) -> Void
    ) {
        let search = isNormalized ? normalized : raw
        guard search.isNeeded || allowsSpecial != nil else { return body(text, nil) }
        func part(_ start: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: text[start..<end])
        }
        var (index, begin) = (0, 0)
        search.first.withUnsafeBufferPointer { first in
            while index < text.count {
                guard first[Int(text[index])] else {
                    index += 1
                    continue
                }
                var (node, length, found) = (PieceTrie.root, 0, Int32(-1))
                for place in index..<text.count {
                    node = search.trie.child(of: node, text[place])
                    if node == PieceTrie.none { break }
                    let id = search.trie.id(at: node)
                    if id >= 0 { (length, found) = (place + 1 - index, id) }
                }
                guard found >= 0 else {
                    index += 1
                    continue
                }
                let token = tokens[Int(found)]
                var (start, end) = (index, index + length)
                index = end
                if token.isSpecial, allowsSpecial?(start..<end) != true { continue }
                if token.isSingleWord,
                    Self.endsWithWord(part(0, start)) || Self.beginsWithWord(part(end, text.count))
                {
                    continue
                }
                if token.stripsLeft { start = max(Self.endWithoutSpaces(text, start), begin) }
                if token.stripsRight { end = Self.endOfSpaces(text, end) }
                if begin < start { body(part(begin, start), nil) }
                body(part(min(start, end), end), token.id)
                begin = end
            }
        }
        if begin < text.count { body(part(begin, text.count), nil) }
    }

    // MARK: - Characters around a token

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ScalarClasses.shared[scalar.value].contains(.word)
    }

    private static func endsWithWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        lastScalar(text, text.count).map { isWord($0.scalar) } ?? false
    }

    private static func beginsWithWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        firstScalar(text, 0).map { isWord($0.scalar) } ?? false
    }

    private static func endWithoutSpaces(_ text: UnsafeBufferPointer<UInt8>, _ end: Int) -> Int {
        var end = end
        while let (scalar, start) = lastScalar(text, end), scalar.properties.isWhitespace { end = start }
        return end
    }

    private static func endOfSpaces(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var start = start
        while let (scalar, end) = firstScalar(text, start), scalar.properties.isWhitespace { start = end }
        return start
    }

    private static func firstScalar(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int
    ) -> (scalar: Unicode.Scalar, end: Int)? {
        guard start < text.count, let bytes = text.baseAddress else { return nil }
        let (value, length) = UnsafeScalarClasses.scalar(bytes, start)
        return Unicode.Scalar(value).map { ($0, start + length) }
    }

    private static func lastScalar(
        _ text: UnsafeBufferPointer<UInt8>, _ end: Int
    ) -> (scalar: Unicode.Scalar, start: Int)? {
        guard end > 0, let bytes = text.baseAddress else { return nil }
        let start = UnsafeScalarClasses.before(bytes, end)
        return Unicode.Scalar(UnsafeScalarClasses.scalar(bytes, start).0).map { ($0, start) }
    }
}
