/// What a measurement on text read, and how it cut it.
public struct CountedText: Codable, Equatable, Sendable {
    public let convention: PerplexityConvention
    public let documents: Int
    /// Tokens of all documents, begin tokens and markers included.
    public let tokens: Int
    /// Windows with scored tokens, and those tokens.
    public let windows, scored: Int
    /// Tokens of a window, and between the starts of two (`hf`).
    public let context: Int
    public let stride: Int?
    /// Whether each text (`hf`) or chunk (`llama.cpp`) begins with the tokenizer's begin token.
    public let addsBegin: Bool
}

extension CountedText: CustomStringConvertible {
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
