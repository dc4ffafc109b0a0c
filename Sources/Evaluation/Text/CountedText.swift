/// What a measurement on text read, and how it divided it into windows.
public struct CountedText: Codable, Equatable, Sendable {
    /// How the text was divided.
    public let convention: PerplexityConvention
    /// Number of documents.
    public let documents: Int
    /// Number of tokens in all documents, begin tokens and markers included.
    public let tokens: Int
    /// Number of windows with scored tokens.
    public let windows: Int
    /// Number of scored tokens.
    public let scored: Int
    /// Tokens of a window.
    public let context: Int
    /// Tokens between the starts of two windows (`hf` only).
    public let stride: Int?
    /// Whether each text (`hf`) or chunk (`llama.cpp`) begins with the tokenizer's begin token.
    public let addsBegin: Bool
}

extension CountedText: CustomStringConvertible {
    /// A one-line summary.
    public var description: String {
        let begin = addsBegin ? "with the begin token" : "without a begin token"
        switch convention {
        case .hf:
            return
                "\(Self.number(documents, "document")) of \(tokens) tokens, texts \(begin) and no end token; \(scored) scored in "
                + "\(Self.number(windows, "window")) of at most \(context) tokens, stride \(stride ?? context)"
        case .llamaCpp:
            return
                "one text of \(tokens) tokens \(begin) and no end token; \(scored) scored in the second halves of "
                + "\(Self.number(windows, "chunk")) of \(context) tokens"
        }
    }

    private static func number(_ count: Int, _ what: String) -> String {
        "\(count) \(what)\(count == 1 ? "" : "s")"
    }
}
