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
        /// Pieces that a vocabulary must have so that no token changes: those of the text, all that they are made from, and
        /// what stays in any case.
        public var neededPieces = 0

        /// `changedTokens` as a fraction of `tokens`.
        public var changedFraction: Double { Double(changedTokens) / Double(max(tokens, 1)) }

        /// How many pieces would divide the text as before, where `pieces` do not.
        public func hint(for pieces: Int) -> String? {
            changedTokens > 0 && neededPieces > pieces ? "\(neededPieces) pieces would change none" : nil
        }
    }

    /// The trimmed vocabulary.
    public let tokenizer: Tokenizer
    /// For each id of `tokenizer` the id it had in the whole vocabulary, rising.
    public let rows: [Int32]
    /// What the text used of the whole vocabulary.
    public let usage: Usage

    /// What errors call the trimmed vocabulary's file.
    static let name = "the trimmed vocabulary"

    /// Why a vocabulary cannot be trimmed to a size, whatever the text; nil if it can.
    ///
    /// - Parameters: As of `init`.
    public static func problem(
        of whole: Tokenizer, to size: Int, required: Set<Int32> = [], symbols: [Symbol] = []
    ) -> UserError? {
        do {
            _ = try Choice(whole, to: size, required: required, symbols: symbols)
            return nil
        } catch let error as UserError {
            return error
        } catch {
            return UserError(error.localizedDescription, status: .configuration)
        }
    }

    /// The fewest pieces that a vocabulary can be trimmed to, whatever the text; all where it cannot be trimmed.
    public static func leastSize(of whole: Tokenizer, required: Set<Int32> = []) -> Int {
        (try? Choice(whole, required: required, symbols: []).kept.count) ?? whole.vocabularySize
    }

    /// Chooses pieces.
    ///
    /// What stays in any case and what pieces are made from depends on the kind of vocabulary: see `SentencePieceTrimming` and
    /// `BytePairTrimming`. Then come the pieces of the text, the most frequent first, each with what it is made from: in BPE all
    /// pieces that merging it passes through. The places left go to the pieces that `preferring` names, and then to
    /// those with the best scores, which most other text needs. So text is divided as before: where all its pieces are kept, the
    /// same path stays the most probable (unigram), and the same merges happen in the same order (BPE).
    ///
    /// - Parameters:
    ///   - size: Pieces in all.
    ///   - texts: The text that is to be divided as before.
    ///   - required: Ids that must stay, such as those that end a generated text.
    ///   - symbols: Symbols that take the ids of pieces. In a `tokenizer.json` they are special tokens.
    ///   - wishes: A priority for each piece of the original vocabulary, 0 for none; for example its mean probability under a
    ///     model.
    /// - Throws: `UserError` if the vocabulary cannot be trimmed to the size (see `problem`).
    public init(
        _ whole: Tokenizer, to size: Int, texts: some Sequence<String>, required: Set<Int32> = [],
        symbols: [Symbol] = [], preferring wishes: [Float]? = nil
    ) throws {
        precondition(wishes.map { $0.count == whole.vocabularySize } ?? true, "a priority for each piece")
        var choice = try Choice(whole, to: size, required: required, symbols: symbols)
        let texts = Array(texts)
        var counts = [Int](repeating: 0, count: whole.vocabularySize)
        for text in texts {
            whole.forEachReading(of: text) { ids in
                for id in ids { counts[Int(id)] += 1 }
            }
        }
        let used = counts.indices.filter { counts[$0] > 0 }.map(Int32.init)
        let needed = used.reduce(into: choice.kept) {
            $0.formUnion(choice.vocabulary.ingredients(of: $1).ids)
        }
        for id in used.sorted(by: { (counts[Int($0)], $1) > (counts[Int($1)], $0) }) { choice.add(id) }
        for id in choice.vocabulary.candidates(preferring: wishes) where !choice.isFull {
            choice.addFormed(id)
        }
        rows = choice.kept.sorted()
        tokenizer = try choice.vocabulary.trimmed(to: rows, renaming: choice.replaced)
        var usage = Usage(tokens: counts.reduce(0, +), pieces: used.count, neededPieces: needed.count)
        if used.contains(where: { !choice.kept.contains($0) || choice.replaced[$0] != nil }) {
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
}

extension Tokenizer {
    /// The ids of a text as all that reads it forms them: at the begin of a sequence and after other tokens, which
    /// differ where the model puts a space before a text.
    fileprivate func forEachReading(of text: String, _ body: ([Int32]) -> Void) {
        body(encodeContent(text))
        if addsDummyPrefix { body(encodeContent(text, continuing: true)) }
    }
}
