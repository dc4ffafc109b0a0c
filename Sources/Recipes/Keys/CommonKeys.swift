import Corpora
import RecipeSchema

/// Keys that several stages have.
extension Section {
    /// The key `to`, which every stage with an output has.
    func artifactName(at key: String = "to", default name: String) -> String {
        value(
            key, .name(reserved: ["teacher", "stages", "events"]), default: name, defaultText: name,
            inCacheKey: false,
            "The name of the output, for later stages and in the run directory.")
    }

    /// The key of the stages that read a model; the recipe's teacher unless said otherwise.
    func modelReference(at key: String = "model", _ documentation: String) -> Reference {
        let type = KeyType<Reference>.reference(to: .checkpoint)
        if let teacher = context.teacher {
            return value(key, type, default: teacher, defaultText: "teacher", documentation)
        }
        if let endpoint = context.teacherEndpoint, !has(key) {
            problem(
                at: key,
                "the recipe's teacher \"\(endpoint.name)\" is a model behind an API, without weights to read",
                hint: "name a model on disk with \"\(key)\"")
            return optional(key, type, defaultText: "teacher", documentation) ?? .placeholder
        }
        return value(key, type, defaultText: "teacher", documentation)
    }

    /// The key of the stages that only ask a model, which may be behind an API.
    func answererReference(at key: String = "model", _ documentation: String) -> Reference {
        let type = KeyType<Reference>.reference(to: .checkpoint, allowsEndpoints: true)
        guard let teacher = context.teacherEndpoint ?? context.teacher else {
            return value(key, type, defaultText: "teacher", documentation)
        }
        let reference = value(key, type, default: teacher, defaultText: "teacher", documentation)
        record(key, context.canonical(of: reference))
        return reference
    }

    /// The key `tokenizer`: by default that of the checkpoint training starts from, the recipe's, or the teacher's.
    func tokenizerReference(for model: ModelSettings) -> Reference {
        let type = KeyType<Reference>.reference(to: .tokenizer, .checkpoint)
        let documentation = "The tokenizer, or a model that has one."
        var fallback =
            context.tokenizer ?? context.artifacts.last { $0.kind == .tokenizer }.map {
                Reference(name: $0.name, target: $0.target, location: location)
            } ?? context.teacher
        if case .checkpoint(let checkpoint) = model.origin { fallback = checkpoint }
        return value(
            "tokenizer", type, default: fallback,
            defaultText: "the recipe's tokenizer, or an earlier stage's",
            documentation)
    }

    /// Reports a problem unless one of several sections is given.
    ///
    /// - Parameters:
    ///   - names: their keys
    ///   - missing: the problem where none is given
    ///   - several: the beginning of the problem where several are
    ///   - hint: what to do instead of giving several
    func requireOne(of names: [String], missing: String, several: String, hint: String? = nil) {
        let given = names.filter { has($0) }
        guard given.count != 1 else { return }
        context.problems.add(
            given.isEmpty ? missing : "\(several) \(given.joined(separator: " and "))", at: location,
            hint: "give one of \(names.joined(separator: ", "))" + (hint.map { "; \($0)" } ?? ""))
    }

    /// The key `seed` of a stage.
    func stageSeed() -> UInt64? {
        optional(
            "seed", .seed, defaultText: "the recipe's", inCacheKey: false, "The seed of this stage alone.")
    }

    /// The key `system_turns`, which goes with a loss on the assistant's tokens alone.
    func systemTurns(_ lossOn: TargetScope) -> SystemTurns {
        let turns: SystemTurns = value(
            "system_turns", .choice, default: .both,
            "Which models are given the system turns of chats. teacher: context distillation, the student is "
                + "trained without them."
        )
        guard turns == .teacher, lossOn != .assistant else { return turns }
        if sound("system_turns", "loss_on") {
            problem(
                at: "system_turns", "the student cannot learn all tokens of a chat it sees only in part",
                hint: "set loss_on: assistant")
        }
        return .both
    }

    private static var documentsText: String {
        "What a document of a text file is: the whole file, a paragraph (separated by blank lines) or a line."
    }

    /// The key that says how text files of a corpus are divided.
    ///
    /// The default is no part of a cache key, so that adding the key did not change those of earlier recipes.
    func corpusDocuments() -> TextDocuments {
        let documents = value(
            "documents", .choice, default: TextDocuments.paragraph, inCacheKey: false, Self.documentsText)
        if documents != .paragraph { record("documents", .text(documents.rawValue)) }
        return documents
    }

    /// The same for text that is scored.
    func evaluationDocuments() -> TextDocuments {
        value("documents", .choice, default: .file, Self.documentsText)
    }
}

extension TargetScope {
    /// The default of all stages and of the command `label`.
    package static let standard = TargetScope.all
}
