import Foundation
import Support

/// The parts of a byte-level BPE vocabulary, for those that come from another format than `tokenizer.json`.
///
/// GGUF files hold pieces, their types, merges and the name of a pre-tokenizer (`tokenizer.ggml.pre`):
///
///     guard let preTokenizer = NamedPreTokenizer("qwen2") else { … }
///     let model = BytePairModel(pieces: tokens, kinds: kinds, merges: merges, preTokenizer: preTokenizer)
///     let tokenizer = try Tokenizer(model, configuration: roles, name: "model.gguf")
///
/// From the parts a `tokenizer.json` is written that the `tokenizers` library opens with equal ids; it is what
/// `Tokenizer.serializedModel` holds.
public struct BytePairModel: Sendable {
    /// Pieces in their byte-level spelling (a space is U+0120, Ġ), in the order of their ids; control pieces and user-defined
    /// symbols as they look in a text.
    public var pieces: [String]
    /// What each piece is for. Control, unknown and unused pieces become special tokens, which text never becomes.
    public var kinds: [PieceKind]
    /// Pairs of pieces, separated by a space, in the order in which they merge.
    public var merges: [String]
    /// How text is normalized and divided into words.
    public var preTokenizer: NamedPreTokenizer
    /// Whether a word that is a piece becomes it whatever the merges lead to; nil for what the pre-tokenizer's models do.
    public var ignoresMerges: Bool?
    /// The id that is put before every text, and behind it.
    public var beginID, endID: Int32?

    /// A vocabulary.
    public init(
        pieces: [String], kinds: [PieceKind], merges: [String], preTokenizer: NamedPreTokenizer,
        ignoresMerges: Bool? = nil, beginID: Int32? = nil, endID: Int32? = nil
    ) {
        self.pieces = pieces
        self.kinds = kinds
        self.merges = merges
        self.preTokenizer = preTokenizer
        self.ignoresMerges = ignoresMerges
        self.beginID = beginID
        self.endID = endID
    }

    /// The bytes of a `tokenizer.json`.
    ///
    /// - Throws: `UserError` if the lists contradict each other; `name` is what it calls the file.
    public func tokenizerJSON(name: String) throws -> Data {
        func failure(_ problem: String, _ hint: String) -> UserError {
            UserError(problem, file: name, hint: hint)
        }
        guard pieces.count == kinds.count, pieces.count < TokenizerJSON.mostPieces else {
            throw failure(
                "the vocabulary has \(pieces.count) pieces and \(kinds.count) types",
                "as many are expected, at most \(TokenizerJSON.mostPieces - 1)")
        }
        for id in [beginID, endID].compactMap({ $0 }) where !pieces.indices.contains(Int(id)) {
            throw failure("the token id \(id) is not of the vocabulary", "ids are 0 to \(pieces.count - 1)")
        }
        var output = JSONText()
        output.raw(#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#)
        var isFirst = true
        for (id, kind) in kinds.enumerated() where kind != .normal && kind != .byte {
            if !isFirst { output.raw(",\n") }
            isFirst = false
            output.raw(#"{"id":\#(id),"content":"#)
            output.string(pieces[id])
            output.raw(
                #","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":\#(kind != .userDefined)}"#
            )
        }
        output.raw("],\n\"normalizer\":\(preTokenizer.normalizer.map { #"{"type":"\#($0)"}"# } ?? "null"),\n")
        output.raw("\"pre_tokenizer\":")
        output.raw(preTokenizer.json)
        output.raw(",\n\"post_processor\":")
        output.raw(postProcessor)
        output.raw(
            ",\n"
                + #""decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"#
                + "\n"
                + #""model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"#
                + #""end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"#
                + #""ignore_merges":\#(ignoresMerges ?? preTokenizer.ignoresMerges),"# + "\n\"vocab\":{")
        for (id, piece) in pieces.enumerated() {
            if id > 0 { output.raw(",\n") }
            output.string(piece)
            output.raw(":\(id)")
        }
        output.raw("},\n\"merges\":[")
        for (rank, merge) in merges.enumerated() {
            if rank > 0 { output.raw(",\n") }
            output.string(merge)
        }
        output.raw("]}}\n")
        return Data(output.bytes)
    }

    private var postProcessor: String {
        guard beginID != nil || endID != nil else {
            return #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}"#
        }
        var special = JSONText()
        func part(_ id: Int32?, type: Int) -> [String] {
            guard let id else { return [] }
            var name = JSONText()
            name.string(pieces[Int(id)])
            return [#"{"SpecialToken":{"id":\#(name.text),"type_id":\#(type)}}"#]
        }
        func text(_ name: String, type: Int) -> [String] {
            part(beginID, type: type) + [#"{"Sequence":{"id":"\#(name)","type_id":\#(type)}}"#]
                + part(endID, type: type)
        }
        for (index, id) in Set([beginID, endID].compactMap { $0 }).sorted().enumerated() {
            if index > 0 { special.raw(",") }
            special.string(pieces[Int(id)])
            special.raw(#":{"id":"#)
            special.string(pieces[Int(id)])
            special.raw(#","ids":[\#(id)],"tokens":["#)
            special.string(pieces[Int(id)])
            special.raw("]}")
        }
        let single = text("A", type: 0).joined(separator: ",")
        let pair = (text("A", type: 0) + text("B", type: 1)).joined(separator: ",")
        return
            #"{"type":"TemplateProcessing","single":[\#(single)],"pair":[\#(pair)],"special_tokens":{\#(special.text)}}"#
    }
}

extension BytePairEngine {
    /// The parts of a byte-level vocabulary, as GGUF files hold them; nil where GGUF has no name for how it divides text.
    ///
    /// - Parameter begin: The id that is put before every text.
    func parts(begin: Int32?) -> BytePairModel? {
        guard let named = NamedPreTokenizer(of: self) else { return nil }
        let ids = (0..<Int32(pieces.count))
        return BytePairModel(
            pieces: ids.map { pieces.isEmpty($0) ? "[PAD\($0)]" : pieces.spelling($0) }, kinds: kinds,
            merges: merges.sorted.map { "\(pieces.spelling($0.left)) \(pieces.spelling($0.right))" },
            preTokenizer: named, ignoresMerges: model.ignoresMerges, beginID: begin)
    }
}
