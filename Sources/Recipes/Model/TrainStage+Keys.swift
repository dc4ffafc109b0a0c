import Corpora
import Training

extension KeyType where Value == ModelSettings {
    /// A mapping of the model's keys.
    static var model: KeyType { .section(ModelSettings.self) }
}

extension KeyType where Value == TrainStage.Interval {
    /// A number of steps, or a time such as `60s`.
    static var interval: KeyType {
        let summary = "a number of steps, or seconds such as 60s"
        return KeyType(
            summary: summary, placeholder: { .seconds(60) }, limits: .integer(1...Int.max),
            decode: { yaml, decoding in
                if case .scalar(let text, _) = yaml.content {
                    if let steps = integerValue(text), steps > 0 { return (.steps(steps), .integer(steps)) }
                    if text.hasSuffix("s"), let seconds = numberValue(String(text.dropLast())) {
                        let limits = TrainingOptions.Limits.saveSeconds
                        if limits.contains(seconds) { return (.seconds(seconds), .text(text)) }
                        decoding.problems.add(
                            "\(text) is out of range", at: yaml.place, hint: "expected: \(limits) seconds")
                        return nil
                    }
                }
                decoding.problems.add(
                    "found \(yaml.kindName)", at: yaml.place, hint: "expected: \(summary)")
                return nil
            },
            setting: { interval in
                switch interval {
                case .steps(let steps): .integer(steps)
                case .seconds(let seconds): .text("\(Int(seconds))s")
                }
            })
    }
}

extension Section {
    /// The key `system_turns`, which goes with a loss on the assistant's tokens alone.
    func systemTurns(_ lossOn: LossScope) -> SystemTurns {
        let turns: SystemTurns = value(
            "system_turns", .choice, default: .both,
            "Who reads the system turns of chats. teacher: context distillation, the student learns to do without."
        )
        guard turns == .teacher, lossOn != .assistant else { return turns }
        if sound("system_turns", "loss_on") {
            problem(
                at: "system_turns", "the student cannot learn all tokens of a chat it sees only in part",
                hint: "set loss_on: assistant")
        }
        return .both
    }

    /// The key `tokenizer`: by default that of the checkpoint training goes on from, the recipe's, or the teacher's.
    func tokenizerReference(for model: ModelSettings) -> Reference {
        let type = KeyType<Reference>.reference(to: .tokenizer, .checkpoint)
        let documentation = "The tokenizer, or a model that has one."
        var fallback =
            decoding.tokenizer ?? decoding.artefacts.last { $0.kind == .tokenizer }.map {
                Reference(name: $0.name, target: $0.target, place: place)
            } ?? decoding.teacher
        if case .checkpoint(let checkpoint) = model.origin { fallback = checkpoint }
        return value(
            "tokenizer", type, default: fallback,
            defaultText: "the recipe's tokenizer, or an earlier stage's",
            documentation)
    }
}
