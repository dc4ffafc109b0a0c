import Corpora

/// What a stage does with a file that a key names, and so what the file must hold.
enum FileUse: String {
    /// A model that text is written or read with.
    case model
    /// A model that may lack a tokenizer.
    case weights
    case tokenizer
    case text, prompts, questions
    /// Chats that end with an answer.
    case chats
    /// Rows that fill templates, and Markdown or text files.
    case table, documents
    /// What the stage `filter` removed.
    case filterReport
    case signals, sequences

    init(_ kind: ArtifactKind) {
        self =
            switch kind {
            case .corpus: .text
            case .sequences: .sequences
            case .signals: .signals
            case .checkpoint: .model
            case .tokenizer: .tokenizer
            case .evaluation: preconditionFailure("no key names an evaluation")
            }
    }

    /// What the file is, for messages: "a model".
    var phrase: String {
        switch self {
        case .model, .weights: ArtifactKind.checkpoint.phrase
        case .tokenizer: ArtifactKind.tokenizer.phrase
        case .text: ArtifactKind.corpus.phrase
        case .prompts: "a file of prompts"
        case .questions: "a file of questions"
        case .chats: "a file of chats that end with an answer"
        case .table: "a table (\(TableRows.summary))"
        case .filterReport: "the report of a filter stage"
        case .documents: "a document or a directory of them"
        case .signals: ArtifactKind.signals.phrase
        case .sequences: ArtifactKind.sequences.phrase
        }
    }
}
