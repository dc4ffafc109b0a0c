/// What a stage can make, or a file can be.
package enum ArtifactKind: String, Codable, Sendable {
    case corpus, sequences, signals, checkpoint, tokenizer, evaluation

    /// For messages: "a corpus".
    var phrase: String {
        switch self {
        case .corpus: "a corpus"
        case .sequences: "a set of synthetic sequences"
        case .signals: "a signal cache"
        case .checkpoint: "a model"
        case .tokenizer: "a tokenizer"
        case .evaluation: "an evaluation"
        }
    }
}

/// One output of a stage, as the stage declares it.
package struct ArtifactDeclaration: Sendable {
    /// The name that later stages use, from the key `to`.
    package var name: String
    package var kind: ArtifactKind
    /// The file or directory in the stage's directory.
    package var file: String
    /// The name that a run directory shows it under.
    package var link: String
    /// The path of keys that gives `name`, for messages.
    package var keyPath: [String]

    /// - Parameter link: by default the name with the file's extension
    package init(
        _ name: String, _ kind: ArtifactKind, file: String, link: String? = nil, keyPath: [String] = ["to"]
    ) {
        self.name = name
        self.kind = kind
        self.file = file
        self.keyPath = keyPath
        let parts = file.split(separator: ".")
        self.link = link ?? (parts.count > 1 ? "\(name).\(parts[parts.count - 1])" : name)
    }
}

/// An output of an earlier stage, as a recipe refers to it.
struct Artifact: Sendable {
    var name: String
    var kind: ArtifactKind
    var target: Reference.Target
    /// The kind of stage that makes it, and what that stage measures.
    var stageName: String
    var metricNames: [String]
}
