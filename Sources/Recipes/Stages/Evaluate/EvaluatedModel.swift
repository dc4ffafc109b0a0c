import RecipeSchema

/// A model that is measured: whole, or truncated after an exit.
struct EvaluatedModel: Sendable {
    var reference: Reference
    /// The last layer, from 1; `nil` is the model's last.
    var exit: Int?
    var exitLocation = SourceLocation(origin: "")

    /// For tables: `student`, or `student, exit 2`.
    var name: String { exit.map { "\(reference.name), exit \($0)" } ?? reference.name }

    /// For file names: `student`, or `student-exit-2`.
    var fileName: String {
        let name = reference.name.split(separator: "/").last.map(String.init) ?? "model"
        return exit.map { "\(name)-exit-\($0)" } ?? name
    }

    var canonical: CanonicalValue {
        guard let exit else { return .input(reference) }
        return .map(["model": .input(reference), "exit": .integer(exit)])
    }
}

extension KeyType<EvaluatedModel> {
    /// A reference, or a mapping of a reference and an exit.
    static var evaluatedModel: Self {
        .either(
            .reference(to: .checkpoint), { EvaluatedModel(reference: $0) }, or: ExitChoice.self, \.model,
            canonical: \.canonical)
    }
}

private struct ExitChoice: RecipeSection {
    let model: EvaluatedModel

    init(_ section: Section) {
        let reference = section.value(
            "model", .reference(to: .checkpoint), "The model, in a mapping with further keys.")
        let exit = section.optional(
            "exit", .integer(1...512), defaultText: "the last",
            "The layer it ends after, from 1: one that it was trained to end at.")
        model = EvaluatedModel(reference: reference, exit: exit, exitLocation: section.location(of: "exit"))
    }
}
