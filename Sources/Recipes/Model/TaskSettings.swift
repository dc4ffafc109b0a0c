import Evaluation
import Support

/// A file of questions and how its answers are judged.
public struct TaskSettings: Sendable {
    public var questions: Reference
    /// A system turn before every question.
    public var system: String?
    public var rule: AnswerRule
}

extension KeyType where Value == TaskSettings {
    /// A reference, or a mapping of a reference, a system turn and a rule.
    static var task: KeyType {
        let plain = KeyType<Reference>.reference(to: .corpus, as: .questions)
        let ruled = KeyType<RuledTask>.section(RuledTask.self)
        return KeyType(
            summary: plain.summary,
            placeholder: { TaskSettings(questions: plain.placeholder(), rule: .exact) }, nested: ruled.nested,
            use: plain.use,
            decode: { yaml, decoding in
                if yaml.entries != nil {
                    return ruled.decode(yaml, decoding).map { ($0.value.task, setting(of: $0.value.task)) }
                }
                return plain.decode(yaml, decoding).map { reference in
                    let task = TaskSettings(questions: reference.value, rule: .exact)
                    return (task, setting(of: task))
                }
            }, setting: setting(of:))
    }

    private static func setting(of task: TaskSettings) -> CanonicalValue {
        var settings: [String: CanonicalValue] = ["questions": .reference(task.questions)]
        if let system = task.system { settings["system"] = .text(system) }
        if let format = task.rule.format { settings["format"] = .text(format) }
        return .map(settings)
    }
}

private struct RuledTask: RecipeSection {
    let task: TaskSettings

    init(_ section: Section) {
        let questions = section.value(
            "questions", .reference(to: .corpus, as: .questions),
            "The questions, where there is more to say of them.")
        let system = section.optional("system", .text, "A system turn before every question.")
        let format = section.optional(
            "format", .text,
            "A regular expression the whole answer must match; what its first group, if any, matches must be an "
                + "accepted answer.")
        var rule = AnswerRule.exact
        if let format {
            do { rule = try AnswerRule(format: format) } catch {
                let error = error as? UserError
                section.problem(
                    at: "format", error?.problem ?? "not a regular expression", hint: error?.hint)
            }
        }
        task = TaskSettings(questions: questions, system: system, rule: rule)
    }
}
