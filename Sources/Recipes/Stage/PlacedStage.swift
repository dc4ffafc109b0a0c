import RecipeSchema
import Tokenization

/// A stage of a recipe, its normal form and where it was written.
struct PlacedStage: Sendable {
    var stage: any Stage
    var canonical: CanonicalValue
    var location: SourceLocation
    /// How chats are written, which is a part of the normal form.
    var chats: ChatSettings

    init(stage: any Stage, canonical: CanonicalValue, location: SourceLocation, chats: ChatSettings) {
        self.stage = stage
        self.location = location
        self.chats = chats
        self.canonical = canonical
        if case .map(let keys) = canonical { self.canonical = .map(keys.merging(chats.canonical) { $1 }) }
    }
}

extension RecipeContext {
    /// Makes the outputs of a stage known to the stages after it.
    ///
    /// - Parameter keys: the stage's mapping, for the locations and the names of outputs
    func addOutputs(of stage: any Stage, index: Int, keys: YAMLValue?, at location: SourceLocation) {
        for (number, output) in stage.outputs.enumerated() {
            let key = output.keyPath.reduce(keys) { $0?[$1] }
            // A name with a mistake is still the one that later stages use.
            var name = output.name
            if name.isEmpty, case .scalar(let text, _) = key?.content { name = text }
            add(
                Artifact(
                    name: name, kind: output.kind, target: .output(number, ofStage: index),
                    stageName: type(of: stage).name, metricNames: type(of: stage).metricNames),
                at: key?.location ?? location)
        }
    }
}

extension KeyType<PlacedStage> {
    /// A mapping of one key, the stage's kind, to the stage's keys. Its outputs are known to the stages after it.
    static func stage(of registry: StageRegistry) -> Self {
        let kinds = registry.names
        return Self(
            summary: "one of: \(kinds.joined(separator: ", "))",
            placeholder: { preconditionFailure("a list of stages leaves unreadable ones out") },
            decode: { yaml, context in
                let index = context.nextStage()
                guard let entries = yaml.entries, let entry = entries.first else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location,
                        hint: "expected: a mapping of one stage, such as `- report: {}`")
                    return nil
                }
                if entries.count > 1 {
                    context.problems.add(
                        "a stage is a mapping of one key", at: entries[1].keyLocation,
                        hint:
                            "indent \"\(entries[1].key)\" below \"\(entry.key)\", or begin another item with \"- \""
                    )
                }
                let former = RecipeContext.formerNames
                if !kinds.contains(entry.key) {
                    context.problems.add(
                        "unknown stage \"\(entry.key)\"", at: entry.keyLocation,
                        hint: suggestion(for: entry.key, among: kinds, formerNames: former))
                }
                // A misspelt stage is read as the nearest kind, so that its other mistakes show too.
                let name = intended(by: entry.key, among: kinds, formerNames: former)
                guard let kind = name.flatMap(registry.kind) else { return nil }
                var keys = entry.value
                if keys.isNull { keys.location = entry.keyLocation }
                let section = Section(keys, context: context)
                let stage = kind.init(section)
                section.finish()
                context.addOutputs(of: stage, index: index, keys: keys, at: entry.keyLocation)
                let placed = PlacedStage(
                    stage: stage, canonical: .map(section.canonicalValues), location: entry.keyLocation,
                    chats: context.chats)
                return (placed, placed.canonical)
            }, canonical: \.canonical)
    }
}
