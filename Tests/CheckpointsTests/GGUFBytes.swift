import Foundation
import Tokenization

/// Puts a GGUF file together from parts that may be wrong.
struct GGUFBytes {
    var magic = "GGUF"
    var version: UInt32 = 3
    /// Claimed counts; those of the parts when nil.
    var tensorCount: UInt64?
    var pairCount: UInt64?
    var pairs: [(key: String, type: UInt32, value: [UInt8])] = []
    var tensors: [(name: String, shape: [UInt64], type: UInt32, offset: UInt64)] = []
    /// Bytes after the header, which is padded to a multiple of 32.
    var data: [UInt8] = []

    static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + text.utf8 }

    mutating func add(_ key: String, _ value: String) { pairs.append((key, 8, Self.text(value))) }
    mutating func add(_ key: String, _ value: UInt32) { pairs.append((key, 4, Self.bytes(value))) }
    mutating func add(_ key: String, _ value: Float) {
        pairs.append((key, 6, Self.bytes(value.bitPattern)))
    }
    mutating func add(_ key: String, _ value: Bool) { pairs.append((key, 7, [value ? 1 : 0])) }
    mutating func add(_ key: String, list type: UInt32, count: Int, _ elements: [UInt8]) {
        pairs.append((key, 9, Self.bytes(type) + Self.bytes(UInt64(count)) + elements))
    }

    var file: Data {
        var out = Array(magic.utf8) + Self.bytes(version)
        out += Self.bytes(tensorCount ?? UInt64(tensors.count)) + Self.bytes(pairCount ?? UInt64(pairs.count))
        for (key, type, value) in pairs { out += Self.text(key) + Self.bytes(type) + value }
        for (name, shape, type, offset) in tensors {
            out += Self.text(name) + Self.bytes(UInt32(shape.count))
            for extent in shape.reversed() { out += Self.bytes(extent) }
            out += Self.bytes(type) + Self.bytes(offset)
        }
        out += [UInt8](repeating: 0, count: (32 - out.count % 32) % 32)
        return Data(out + data)
    }

    /// The smallest whole model of the llama architecture, of one layer and a vocabulary of `rows` pieces.
    static func model(rows: Int = 4) -> GGUFBytes {
        var file = GGUFBytes()
        file.add("general.architecture", "llama")
        for (key, value): (String, UInt32) in [
            ("context_length", 16), ("embedding_length", 4), ("block_count", 1), ("feed_forward_length", 4),
            ("attention.head_count", 1),
        ] { file.add("llama.\(key)", value) }
        file.add("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
        let square = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
        let shapes: [(String, [UInt64])] =
            [("token_embd.weight", [UInt64(rows), 4]), ("output_norm.weight", [4])]
            + square.map { ("blk.0.\($0).weight", [4, 4]) }
            + [("blk.0.attn_norm.weight", [4]), ("blk.0.ffn_norm.weight", [4])]
        for (name, shape) in shapes {
            file.tensors.append((name, shape, 0, UInt64(file.data.count)))
            let count = Int(shape.reduce(1, *))
            for index in 0..<count { file.data += bytes(Float(index % 7).bitPattern) }
            file.data += [UInt8](repeating: 0, count: (32 - file.data.count % 32) % 32)
        }
        return file
    }

    /// Adds the vocabulary of a tokenizer as converters write it.
    mutating func add(_ tokenizer: Tokenizer) {
        let ids = (0..<Int32(tokenizer.vocabularySize))
        add("tokenizer.ggml.model", "llama")
        add(
            "tokenizer.ggml.tokens", list: 8, count: ids.count,
            ids.flatMap { id in
                let piece = tokenizer.piece(id)
                let isSymbol = tokenizer.kind(of: id) == .userDefined
                return Self.text(isSymbol ? piece.replacing("\u{2581}", with: " ") : piece)
            })
        add(
            "tokenizer.ggml.scores", list: 6, count: ids.count,
            ids.flatMap { Self.bytes(tokenizer.score(of: $0).bitPattern) })
        add(
            "tokenizer.ggml.token_type", list: 5, count: ids.count,
            ids.flatMap { id -> [UInt8] in
                // Converters write the unknown piece as a control piece.
                let kind = tokenizer.kind(of: id)
                let number = Int32(kind == .unknown ? PieceKind.control.number : kind.number)
                return Self.bytes(number)
            })
        add("tokenizer.ggml.unknown_token_id", UInt32(tokenizer.unknownID!))
        if let begin = tokenizer.beginID { add("tokenizer.ggml.bos_token_id", UInt32(begin)) }
        if let end = tokenizer.endID { add("tokenizer.ggml.eos_token_id", UInt32(end)) }
        add("tokenizer.ggml.add_space_prefix", tokenizer.addsDummyPrefix)
    }
}
