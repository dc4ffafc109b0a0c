extension ChatTemplate {
    /// Guesses the template of a model that comes without one, from the markers in its vocabulary or from its name.
    ///
    /// - Parameter name: the model's name, such as `TinyLlama-1.1B-Chat-v1.0`
    /// - Returns: nil where neither tells: most likely a base model
    public static func guess(for tokenizer: Tokenizer, named name: String) -> ChatTemplate? {
        if let marked = [roleMarkers, gemma, chatML].first(where: { $0.fits(tokenizer) }) { return marked }
        let name = name.lowercased()
        func has(_ words: String...) -> Bool { words.allSatisfy(name.contains) }
        let named: ChatTemplate? =
            if has("tinyllama", "chat") || has("zephyr") {
                zephyr
            } else if has("llama", "2", "chat") {
                llama2
            } else if has("mistral", "instruct") || has("mixtral", "instruct") {
                mistral
            } else {
                nil
            }
        return named.flatMap { $0.fits(tokenizer) ? $0 : nil }
    }
}
