import Foundation
import Support

/// A vocabulary trimmed to the pieces that some text needs, which segments that text as the whole one does.
public struct VocabularyTrim: Sendable {
    /// How many pieces may be kept.
    public static let sizeLimits = 1...16_777_216

    /// A symbol, such as a role marker, that replaces a piece: it takes the piece's id and, in a model, its row.
    public struct Symbol: Equatable, Sendable {
        /// How the symbol is spelled.
        public var spelling: String
        /// The piece that goes, best one whose meaning comes near and that text can do without: `</p>` for the end of a
        /// turn.
        public var replaced: String

        /// A symbol and the piece whose id it takes.
        public init(_ spelling: String, replacing replaced: String) {
            self.spelling = spelling
            self.replaced = replaced
        }
    }

    /// How the text used the whole vocabulary.
    public struct Usage: Codable, Equatable, Sendable {
        /// Tokens of the text.
        public var tokens = 0
        /// Different pieces among them.
        public var pieces = 0
        /// Tokens that the trimmed vocabulary divides otherwise: 0 unless the text uses more pieces than are kept.
        public var changedTokens = 0

        /// `changedTokens` as a fraction of `tokens`.
        public var changedFraction: Double { Double(changedTokens) / Double(max(tokens, 1)) }
    }

    /// The trimmed vocabulary.
    public let tokenizer: Tokenizer
    /// For each id of `tokenizer` the id it had in the whole vocabulary, rising.
    public let rows: [Int32]
    /// What the text used of the whole vocabulary.
    public let usage: Usage

    private static let unsupported = UserError(
        "the vocabulary is a byte-level BPE, and only SentencePiece ones can be trimmed",
        hint: "keep the whole vocabulary", status: .configuration)

    /// Why a vocabulary cannot be trimmed, whatever the text; nil if it can.
    public static func problem(of tokenizer: Tokenizer) -> UserError? {
        tokenizer.isSentencePiece ? nil : unsupported
    }

    /// Chooses pieces.
    ///
    /// Kept in any case are special, byte and user-defined pieces, without the placeholders that some vocabularies
    /// reserve (`<unused42>`), and of unigram models the least probable piece, which sets the score of unknown
    /// characters. Then come the pieces of the text, the most frequent first, each with what it is made from: in BPE all
    /// pieces that merging it passes through. The places left go to the pieces that `preferring` names, and then to
    /// those with the best scores, which most other text needs. So text is divided as before: where all its pieces are kept, the same path stays the most probable
    /// (unigram), and the same merges happen in the same order (BPE).
    ///
    /// - Parameters:
    ///   - size: Pieces in all.
    ///   - texts: The text that is to be divided as before.
    ///   - required: Ids that must stay, such as those that end a generated text.
    ///   - wishes: A priority for each piece of the original vocabulary, 0 for none; for example its mean probability under a
    ///     model.
    /// - Throws: `UserError` if the vocabulary cannot be trimmed (see `problem`), the size is too small for what must stay or above
    ///   the vocabulary's, or a symbol is there already, or is like no piece.
    public init(
        _ whole: Tokenizer, to size: Int, texts: some Sequence<String>, required: Set<Int32> = [],
        symbols: [Symbol] = [], preferring wishes: [Float]? = nil
    ) throws {
        guard let engine = whole.sentencePiece else { throw Self.unsupported }
        precondition(wishes.map { $0.count == whole.vocabularySize } ?? true, "a priority for each piece")
        let replaced = try Self.replaced(by: symbols, in: whole)
        guard size < whole.vocabularySize else {
            throw UserError(
                "\(size) pieces are no fewer than the vocabulary has, \(whole.vocabularySize)",
                hint: "keep fewer, or do not trim it", status: .configuration)
        }
        let texts = Array(texts)
        var counts = [Int](repeating: 0, count: whole.vocabularySize)
        for text in texts {
            whole.forEachReading(of: text) { ids in
                for id in ids { counts[Int(id)] += 1 }
            }
        }
        var choice = Choice(engine, capacity: size)
        for id in required.union(engine.indispensableIDs).union(replaced.keys) { choice.insert(id) }
        guard choice.isWithinCapacity else {
            let least = choice.kept.count
            throw UserError(
                "\(size) pieces are too few: special, byte and user-defined pieces alone are \(least)",
                hint: "keep more than \(least)", status: .configuration)
        }
        let ids = counts.indices.map(Int32.init)
        for id in ids.filter({ counts[Int($0)] > 0 }).sorted(by: {
            (counts[Int($0)], $1) > (counts[Int($1)], $0)
        }) { choice.add(id) }
        func merit(_ id: Int32) -> (Float, Float, Int32) { (wishes?[Int(id)] ?? 0, whole.score(of: id), -id) }
        for id in ids.filter({ whole.kind(of: $0) == .normal }).sorted(by: { merit($0) > merit($1) })
        where !choice.isFull { choice.addFormed(id) }

        let kept = choice.kept.sorted()
        tokenizer = try Tokenizer(
            serializedModel: engine.model.serialized(keeping: kept, renaming: replaced),
            name: "the trimmed vocabulary")
        rows = kept
        var usage = Usage(tokens: counts.reduce(0, +), pieces: counts.count { $0 > 0 })
        let isChanged = { (id: Int32) in !choice.kept.contains(id) || replaced[id] != nil }
        if ids.contains(where: { counts[Int($0)] > 0 && isChanged($0) }) {
            for text in texts { usage.changedTokens += Self.changes(in: text, whole, tokenizer, rows) }
        }
        self.usage = usage
    }

    /// The new id of an old one, if it was kept.
    public func id(of old: Int32) -> Int32? {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle] < old { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low] == old ? Int32(low) : nil
    }

    /// The pieces that symbols take the place of, and the symbols' spellings.
    private static func replaced(by symbols: [Symbol], in whole: Tokenizer) throws -> [Int32: String] {
        var replaced: [Int32: String] = [:]
        for symbol in symbols {
            let name = symbol.spelling.debugDescription
            if symbol.spelling.isEmpty || replaced.values.contains(symbol.spelling)
                || whole.id(of: symbol.spelling) != nil
            {
                throw UserError(
                    "the symbol \(name) is empty or there already",
                    hint: "name symbols that the vocabulary does not have", status: .configuration)
            }
            let spelling = symbol.replaced.replacing(" ", with: "\u{2581}")
            guard let id = whole.id(of: spelling),
                [.normal, .userDefined, .control].contains(whole.kind(of: id)),
                ![whole.beginID, whole.endID, whole.paddingID].contains(id), replaced[id] == nil
            else {
                throw UserError(
                    "the symbol \(name) cannot replace \(symbol.replaced.debugDescription)",
                    hint: "choose a piece of the vocabulary that is neither special nor replaced already",
                    status: .configuration)
            }
            replaced[id] = symbol.spelling
        }
        return replaced
    }

    /// Tokens of a text that the trimmed vocabulary does not have at their place.
    private static func changes(
        in text: String, _ whole: Tokenizer, _ trimmed: Tokenizer, _ rows: [Int32]
    ) -> Int {
        var readings: [[Int32]] = []
        whole.forEachReading(of: text) { readings.append($0) }
        var changed = 0
        var next = 0
        trimmed.forEachReading(of: text) { new in
            var (index, place, oldPlace) = (0, 0, 0)
            for old in readings[next] {
                while index < new.count, place < oldPlace {
                    place += trimmed.surfaces[new[index]].count
                    index += 1
                }
                let isSame =
                    place == oldPlace && index < new.count && rows[Int(new[index])] == old
                    && trimmed.piece(new[index]) == whole.piece(old)
                if !isSame { changed += 1 }
                oldPlace += whole.surfaces[old].count
            }
            next += 1
        }
        return changed
    }

    /// The pieces kept so far.
    private struct Choice {
        let whole: SentencePieceEngine
        let capacity: Int
        private(set) var kept: Set<Int32> = []

        init(_ whole: SentencePieceEngine, capacity: Int) {
            self.whole = whole
            self.capacity = capacity
        }

        var isWithinCapacity: Bool { kept.count <= capacity }
        var isFull: Bool { kept.count >= capacity }

        mutating func insert(_ id: Int32) { kept.insert(id) }

        /// Keeps a piece with what it is made from, if there is room for all of it.
        mutating func add(_ id: Int32) { add(whole.ingredients(of: id)) }

        /// As `add`, for a piece that text can become.
        mutating func addFormed(_ id: Int32) {
            let ingredients = whole.ingredients(of: id)
            if whole.model.kind == .unigram || ingredients.isFormed { add(ingredients) }
        }

        private mutating func add(_ ingredients: (ids: Set<Int32>, isFormed: Bool)) {
            let new = ingredients.ids.subtracting(kept)
            if kept.count + new.count <= capacity { kept.formUnion(new) }
        }
    }
}

extension Tokenizer {
    /// The ids of a text as all that reads it forms them: at the begin of a sequence and after other tokens, which
    /// differ where the model puts a space before a text.
    fileprivate func forEachReading(of text: String, _ body: ([Int32]) -> Void) {
        body(encodeContent(text))
        if addsDummyPrefix { body(encodeContent(text, continuing: true)) }
    }
}

extension SentencePieceEngine {
    /// What no model can do without, and symbols that text is divided at.
    fileprivate var indispensableIDs: [Int32] {
        let pieces = model.pieces
        var ids = pieces.indices.filter { index in
            switch pieces[index].kind {
            case .unknown, .byte: true
            case .normal: false
            // In BPE they are passed through on the way to others.
            case .unused: model.kind == .bpe && !Self.isPlaceholder(pieces[index].spelling)
            case .control, .userDefined: !Self.isPlaceholder(pieces[index].spelling)
            }
        }
        if model.kind == .unigram {
            let normal = pieces.indices.filter { pieces[$0].kind == .normal }
            if let least = normal.min(by: { pieces[$0].score < pieces[$1].score }) { ids.append(least) }
        }
        return ids.map(Int32.init)
    }

    /// Room for pieces to come, which nothing uses: Gemma 3 has 6,242 of them.
    private static func isPlaceholder(_ spelling: String) -> Bool {
        ["<unused", "<reserved"].contains { spelling.hasPrefix($0) } && spelling.hasSuffix(">")
            && spelling.contains(where: \.isNumber)
    }

    /// A piece and those it is made from; and whether its own spelling becomes it, as in BPE not every one does.
    ///
    /// The single characters of a BPE piece are among them: our merges do without, those of other engines do not.
    fileprivate func ingredients(of id: Int32) -> (ids: Set<Int32>, isFormed: Bool) {
        var ids: Set<Int32> = [id]
        guard case .pair(let pair) = segmenter, model.pieces[Int(id)].kind == .normal else {
            return (ids, true)
        }
        var spelling = model.pieces[Int(id)].spelling
        if spelling.unicodeScalars.count == 1 { return (ids, true) }
        var isFormed = false
        spelling.withUTF8 { text in
            let segments = pair.divide(text, guarding: false) { piece in
                ids.insert(piece)
                return false
            }
            isFormed = segments.count == 1
        }
        for scalar in spelling.unicodeScalars {
            if let character = self.id(of: String(scalar)), model.pieces[Int(character)].kind == .normal {
                ids.insert(character)
            }
        }
        return (ids, isFormed)
    }
}
