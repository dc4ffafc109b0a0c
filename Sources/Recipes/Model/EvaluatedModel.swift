/// A model that is measured, whole or as it is when it ends at an exit.
public struct EvaluatedModel: Sendable {
    public var reference: Reference
    /// The last layer, from 1; `nil` is the model's last.
    public var exit: Int?
    var exitPlace = SourceLocation(origin: "")

    /// For tables: `student`, or `student, exit 2`.
    public var name: String { exit.map { "\(reference.name), exit \($0)" } ?? reference.name }

    /// For file names: `student`, or `student-exit-2`.
    var fileName: String {
        let name = reference.name.split(separator: "/").last.map(String.init) ?? "model"
        return exit.map { "\(name)-exit-\($0)" } ?? name
    }

    var setting: CanonicalValue {
        guard let exit else { return .reference(reference) }
        return .map(["model": .reference(reference), "exit": .integer(exit)])
    }
}

extension KeyType where Value == EvaluatedModel {
    /// A reference, or a mapping of a reference and an exit.
    static var evaluatedModel: KeyType {
        let plain = KeyType<Reference>.reference(to: .checkpoint)
        let section = KeyType<ExitChoice>.section(ExitChoice.self)
        return KeyType(
            summary: plain.summary, placeholder: { EvaluatedModel(reference: plain.placeholder()) },
            nested: section.nested, use: plain.use,
            decode: { yaml, decoding in
                let model =
                    yaml.entries == nil
                    ? plain.decode(yaml, decoding).map { EvaluatedModel(reference: $0.value) }
                    : section.decode(yaml, decoding)?.value.model
                return model.map { ($0, $0.setting) }
            }, setting: \.setting)
    }
}

private struct ExitChoice: RecipeSection {
    let model: EvaluatedModel

    init(_ section: Section) {
        let reference = section.value(
            "model", .reference(to: .checkpoint), "The model, where it has an exit.")
        let exit = section.optional(
            "exit", .integer(1...512), defaultText: "the last",
            "The layer it ends after, from 1: one that it was trained to end at.")
        model = EvaluatedModel(reference: reference, exit: exit, exitPlace: section.place(of: "exit"))
    }
}
