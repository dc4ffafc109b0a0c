import Evaluation
import RecipeSchema
import Support

/// A file of questions and how its answers are judged.
struct EvaluatedTask: Sendable {
    var questions: Reference
    /// A system turn before every question.
    var system: String?
    var rule = AnswerRule.exact
}

extension KeyType<EvaluatedTask> {
    /// A reference, or a mapping of a reference, a system turn and a rule.
    static var task: Self {
        .either(
            .reference(to: .corpus, as: .questions), { EvaluatedTask(questions: $0) }, or: RuledTask.self,
            \.task,
            canonical: { task in
                var keys: [String: CanonicalValue] = ["questions": .input(task.questions)]
                if let system = task.system { keys["system"] = .text(system) }
                if let format = task.rule.format { keys["format"] = .text(format) }
                return .map(keys)
            })
    }
}

private struct RuledTask: RecipeSection {
    let task: EvaluatedTask

    init(_ section: Section) {
        let questions = section.value(
            "questions", .reference(to: .corpus, as: .questions),
            "The questions, in a mapping with further keys.")
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
        task = EvaluatedTask(questions: questions, system: system, rule: rule)
    }
}
