import Tokenization

/// A byte-level BPE vocabulary of the 256 bytes, the given merges and added tokens, in this order.
///
/// - Parameters:
///   - merges: in the order of their ranks: two pieces with a space between them, each a byte or made before
///   - added: spellings of added tokens; those like `<|x|>` are special
///   - preTokenizer: llama.cpp's name of the way that text is divided into words
///   - begin: the added token that texts begin with
///   - firstAdded: whether added tokens come before the merges' pieces
public func smallBytePair(
    merges: [String] = ["t h", "th e", "\u{120} the", "e r", "o n"],
    added: [String] = ["<|end|>", "<|im_start|>", "<|im_end|>"],
    preTokenizer: String = "qwen2", firstAdded: Bool = false, begin: String? = nil
) throws -> Tokenizer {
    // GPT-2's alphabet: printable bytes are their own characters, the others come from U+0100 on.
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    var next: UInt32 = 0x100
    let alphabet = (0..<256).map { byte in
        if printable.contains(byte) { return String(Unicode.Scalar(UInt8(byte))) }
        defer { next += 1 }
        return String(Unicode.Scalar(next)!)
    }
    let formed = merges.map { ($0.replacing(" ", with: ""), PieceKind.normal) }
    let tokens = added.map { ($0, $0.hasPrefix("<|") ? PieceKind.control : .userDefined) }
    let pieces = alphabet.map { ($0, PieceKind.normal) } + (firstAdded ? tokens + formed : formed + tokens)
    var roles = TokenizerConfiguration()
    (roles.beginToken, roles.endToken) = (begin, added.first)
    return try Tokenizer(
        BytePairModel(
            pieces: pieces.map(\.0), kinds: pieces.map(\.1), merges: merges,
            preTokenizer: NamedPreTokenizer(preTokenizer)!),
        configuration: roles, name: "small")
}
