extension ChatTemplate {
    /// The role-marker template where a vocabulary has its symbols: the guess for a model that comes without a template
    /// we know.
    public static func roleMarkers(in tokenizer: Tokenizer) -> ChatTemplate? {
        roleMarkers.fits(tokenizer) ? roleMarkers : nil
    }

    /// Whether the vocabulary has all symbols of the template.
    public func fits(_ tokenizer: Tokenizer) -> Bool { symbols.allSatisfy { tokenizer.id(of: $0) != nil } }
}
