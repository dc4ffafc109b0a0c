/// U+2581 (▁), with which SentencePiece represents a space.
///
/// In a text it is indistinguishable from a space: encoding gives it the ids of a space, and decoding gives a space. The sentencepiece
/// library, transformers and llama.cpp do the same; other ids would differ from those that models were trained on.
public enum SpaceSymbol {
    /// How often it occurs in UTF-8 text.
    public static func count(in text: UnsafeBufferPointer<UInt8>) -> Int {
        let (first, second, third) = Normalizer.spaceBytes
        guard text.count >= 3 else { return 0 }
        return (0..<text.count - 2).count {
            text[$0] == first && text[$0 + 1] == second && text[$0 + 2] == third
        }
    }

    /// A note for the user about a text that contains it; nil for none.
    public static func note(count: Int) -> String? {
        guard count > 0 else { return nil }
        return
            "the text has U+2581 (\u{2581}) \(count == 1 ? "once" : "\(count) times"), as which SentencePiece writes a "
            + "space: it comes back as a space"
    }

    /// The same, of texts.
    public static func note(in texts: some Sequence<String>) -> String? {
        note(
            count: texts.reduce(0) { total, text in
                var text = text
                return total + text.withUTF8 { count(in: $0) }
            })
    }
}
