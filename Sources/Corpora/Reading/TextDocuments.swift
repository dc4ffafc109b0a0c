/// How a text file is divided into documents.
public enum TextDocuments: String, CaseIterable, Codable, Sendable {
    /// The whole file is one document.
    case file
    /// Blank lines separate documents; the lines of one are joined by `\n`.
    case paragraph
    /// Each line that is not blank is a document.
    case line
}
