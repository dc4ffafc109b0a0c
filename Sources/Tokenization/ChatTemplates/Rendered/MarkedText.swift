/// Text of which some stretches may spell special tokens: those that a chat template wrote.
struct MarkedText {
    /// The text in UTF-8.
    let bytes: [UInt8]
    /// What the template wrote, in order; stretches do not touch.
    let written: [Range<Int>]

    init(bytes: [UInt8], written: [Range<Int>]) { (self.bytes, self.written) = (bytes, written) }

    /// Text that a template wrote all of.
    init(all bytes: ArraySlice<UInt8>) { self.init(bytes: Array(bytes), written: [0..<bytes.count]) }

    /// Whether the template wrote all of a range.
    func isWritten(_ range: Range<Int>) -> Bool {
        // The last stretch that begins at or before the range.
        var (low, high) = (0, written.count)
        while low < high {
            let middle = (low + high) / 2
            if written[middle].lowerBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low > 0 && written[low - 1].upperBound >= range.upperBound
    }
}

/// The special tokens of a vocabulary, as they are found in the text of a chat.
struct MarkerSearch: Sendable {
    /// A special token or another added one in a text.
    struct Found {
        let range: Range<Int>
        let id: Int32
    }

    private let added: AddedTokens
    private let special: Set<Int32>

    /// - Throws: `PieceTrie.Full` if a SentencePiece vocabulary's symbols have too many bytes.
    init(_ tokenizer: Tokenizer) throws(PieceTrie.Full) {
        if let engine = tokenizer.bytePair {
            added = engine.added
            special = Set(added.tokens.filter(\.isSpecial).map(\.id))
            return
        }
        let symbols =
            tokenizer.ids(of: .control)
            + tokenizer.userDefinedIDs.filter {
                Vocabulary.isMarker(tokenizer.piece($0))
            }
        added = try AddedTokens(
            symbols.map { AddedTokens.Token(id: $0, content: tokenizer.piece($0), isSpecial: true) },
            TextNormalizer())
        special = Set(symbols)
    }

    /// Whether text never becomes this token.
    func isSpecial(_ found: Found) -> Bool { special.contains(found.id) }

    /// The special tokens in text that a template wrote, in order.
    func specials(in written: ArraySlice<UInt8>) -> [Found] {
        find(in: MarkedText(all: written)).filter(isSpecial)
    }

    /// The tokens in a text, in order. Special ones are found only where the template wrote them.
    func find(in text: MarkedText) -> [Found] {
        var found: [Found] = []
        text.bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            added.forEachPart(of: bytes, isNormalized: false, allowsSpecial: text.isWritten) { part, id in
                if let id { found.append(Found(range: start..<start + part.count, id: id)) }
                start += part.count
            }
        }
        return found
    }
}

extension Tokenizer {
    /// Encodes a text with the special tokens that its template wrote.
    ///
    /// - Parameter cuts: Places in the text where masks change, ascending. In a stretch that the vocabulary rewrites (NFC, unknown
    ///   characters) the tokens before each are found by encoding what precedes it.
    /// - Returns: The ids, and where the text of each begins; where that is not known, the last cut before it.
    func encode(_ text: MarkedText, markers: MarkerSearch, cuts: [Int]) -> (ids: [Int32], starts: [Int]) {
        var (ids, starts) = ([Int32](), [Int]())
        func append(_ range: Range<Int>) {
            guard !range.isEmpty else { return }
            let first = ids.count
            appendPart(text.bytes[range], continuing: range.lowerBound > 0, to: &ids)
            let lengths = ids[first...].map { bytes(of: $0).count }
            // The space that some vocabularies put before a text, or before each part of it, is no part of it.
            let excess = lengths.reduce(0, +) - range.count
            let addsSpace = excess == 1 && bytes(of: ids[first]).first == UInt8(ascii: " ")
            if excess == 0 || addsSpace {
                var start = range.lowerBound
                for (index, length) in lengths.enumerated() {
                    starts.append(start)
                    start += index == 0 && addsSpace ? max(length - 1, 0) : length
                }
                return
            }
            starts += repeatElement(range.lowerBound, count: lengths.count)
            for cut in cuts where cut > range.lowerBound && cut < range.upperBound {
                var before: [Int32] = []
                appendPart(text.bytes[range.lowerBound..<cut], continuing: range.lowerBound > 0, to: &before)
                let common = zip(before, ids[first...]).prefix { $0 == $1 }.count
                // A token that is another one without what follows reaches over the cut.
                let next = first + common + (common < before.count ? 1 : 0)
                for index in starts.indices[min(next, starts.endIndex)...] { starts[index] = cut }
            }
        }
        var end = 0
        for found in markers.find(in: text) {
            append(end..<found.range.lowerBound)
            ids.append(found.id)
            starts.append(found.range.lowerBound)
            end = found.range.upperBound
        }
        append(end..<text.bytes.count)
        return (ids, starts)
    }

    /// Appends the ids of a stretch between special tokens.
    private func appendPart(_ bytes: ArraySlice<UInt8>, continuing: Bool, to ids: inout [Int32]) {
        bytes.withUnsafeBufferPointer {
            appendIDs(of: $0, options: continuing ? [.guarding, .continuing] : .guarding, to: &ids)
        }
    }
}
