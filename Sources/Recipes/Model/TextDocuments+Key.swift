import Corpora

extension Section {
    private static let documentation =
        "What a document of a text file is: the whole file, a paragraph (blank lines part them) or a line."

    /// The key that says how text files of a corpus are divided.
    ///
    /// The usual division is no part of an address: what was made before the key existed stays.
    func corpusDocuments() -> TextDocuments {
        let documents = value(
            "documents", .choice, default: TextDocuments.paragraph, inAddress: false, Self.documentation)
        if documents != .paragraph { record("documents", .text(documents.rawValue)) }
        return documents
    }

    /// The same of text that is scored.
    func evaluationDocuments() -> TextDocuments {
        value("documents", .choice, default: .file, Self.documentation)
    }
}
