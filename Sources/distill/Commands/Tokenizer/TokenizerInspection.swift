import ArgumentParser
import Foundation
import Tokenization

extension TokenizerCommand {
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Describe a tokenizer.",
            discussion: """
                EXAMPLES
                  distill tokenizer inspect tokenizer.model
                  distill tokenizer inspect checkpoint --json
                """)

        @OptionGroup var model: Model
        @Flag(help: "Print the description as JSON.")
        var json = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let inspection = TokenizerInspection(try model.load(general))
                if json { return try printJSON(inspection) }
                try Console.print("\(inspection)")
            }
        }
    }
}

/// What `distill tokenizer inspect` prints.
struct TokenizerInspection: Encodable, CustomStringConvertible {
    struct Piece: Encodable {
        let id: Int32
        let piece: String
    }

    /// `sentencepiece` or `tokenizer.json`.
    let format: String
    let kind: TokenizerKind
    let vocabularySize: Int
    let normalization: String
    let addsDummyPrefix: Bool
    let removesExtraWhitespace: Bool
    let hasByteFallback: Bool
    /// Characters that do not survive a round trip even without normalization.
    let rewrittenCharacters: [String: String]
    /// The unknown, begin, end and padding pieces, by purpose.
    let special: [String: Piece]
    let userDefined: [Piece]
    /// Number of pieces of each kind.
    let kinds: [String: Int]
    /// Evenly spaced normal pieces.
    let sample: [Piece]

    init(_ tokenizer: Tokenizer) {
        func piece(_ id: Int32) -> Piece { Piece(id: id, piece: tokenizer.piece(id)) }
        format = tokenizer.isSentencePiece ? "sentencepiece" : "tokenizer.json"
        rewrittenCharacters = tokenizer.isSentencePiece ? ["\u{2581}": " "] : [:]
        kind = tokenizer.kind
        vocabularySize = tokenizer.vocabularySize
        normalization = tokenizer.normalization
        addsDummyPrefix = tokenizer.addsDummyPrefix
        removesExtraWhitespace = tokenizer.removesExtraWhitespace
        hasByteFallback = tokenizer.hasByteFallback
        let ids: [(String, Int32?)] = [
            ("unknown", tokenizer.unknownID),
            ("begin", tokenizer.beginTokenID), ("end", tokenizer.endID), ("padding", tokenizer.paddingID),
        ]
        special = Dictionary(
            uniqueKeysWithValues: ids.compactMap { name, id in id.map { (name, piece($0)) } })
        userDefined = tokenizer.userDefinedIDs.map(piece)
        kinds = Dictionary(
            uniqueKeysWithValues: PieceKind.allCases.map { ($0.key, tokenizer.ids(of: $0).count) })
        let normal = tokenizer.ids(of: .normal)
        sample = stride(from: 0, to: normal.count, by: max(1, normal.count / 12)).map { piece(normal[$0]) }
    }

    var description: String {
        func list(_ pieces: [Piece]) -> String {
            pieces.isEmpty
                ? "none" : pieces.map { "\($0.id) \($0.piece.debugDescription)" }.joined(separator: "  ")
        }
        let counts = PieceKind.allCases.compactMap { kind in
            kinds[kind.key].flatMap { $0 > 0 ? "\($0) \(kind.key)" : nil }
        }
        let specials = special.sorted { $0.value.id < $1.value.id }
            .map { "\($0.key) \($0.value.id) \($0.value.piece)" }
        return """
            kind            \(kind.rawValue) (\(format))
            pieces          \(vocabularySize): \(counts.joined(separator: ", "))
            special         \(specials.joined(separator: "  "))
            symbols         \(list(userDefined))
            normalization   \(normalization.isEmpty ? "unnamed" : normalization)\
            \(removesExtraWhitespace ? ", extra white space removed" : "")\
            \(addsDummyPrefix ? ", a space put before every text" : "")\
            \(rewrittenCharacters.isEmpty ? "" : ", U+2581 (▁) becomes a space")
            byte fallback   \(hasByteFallback ? "yes" : "no")
            sample          \(list(sample))
            """
    }
}

extension PieceKind {
    /// The key in printed JSON, in snake_case.
    fileprivate var key: String { self == .userDefined ? "user_defined" : rawValue }
}
