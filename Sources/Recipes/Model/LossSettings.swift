import Distillation

/// One term of the training loss.
public struct LossSettings: Sendable, RecipeSection {
    public let kind: LossKind
    public let weight: Ramped
    /// `nil`: that of the cached signal, or 1.
    public let temperature: Ramped?
    /// Whether logits are brought to mean 0 and deviation 1 first.
    public let standardizes: Bool
    /// The kind's parameters.
    public let parameters: [String: Double]
    let place: Place
    let temperaturePlace: Place

    init(_ section: Section) {
        let kind = section.value(
            "kind", .lossKind,
            "The term: on the corpus's tokens (cross_entropy) or on the teacher's distributions.")
        self.kind = kind
        weight = section.value(
            "weight", .ramped, default: Ramped(1),
            "Factor of the term in the sum; a mapping changes it on the way.")
        temperature = section.optional(
            "temperature", .ramped, defaultText: "the signal's, or 1",
            only: section.condition(on: "kind", kind.hasTemperature, "with a teacher's distributions"),
            "Divides both models' logits; the term is multiplied by its square.")
        standardizes = section.value(
            "standardize", .boolean, default: false,
            only: section.condition(on: "kind", kind.needsTeacher, "with a teacher's distributions"),
            "Bring both models' logits to mean 0 and deviation 1 first. Needs teacher, not signals.")
        parameters = Self.parameters(section, of: kind)
        place = section.place(of: "kind")
        temperaturePlace = section.place(of: "temperature")
        if kind == .alphaBeta, section.sound("alpha", "beta"), parameters.values.allSatisfy({ $0 == 0 }) {
            section.problem(at: "alpha", "alpha and beta are both 0", remedy: "raise one of them")
        }
    }

    /// One key for each name that any kind gives a parameter.
    private static func parameters(_ section: Section, of kind: LossKind) -> [String: Double] {
        let kinds = LossKind.all
        var names: [String] = []
        for name in kinds.flatMap({ $0.parameters.map(\.name) }) where !names.contains(name) {
            names.append(name)
        }
        var values: [String: Double] = [:]
        for name in names {
            let owners = kinds.filter { $0.parameters.contains { $0.name == name } }
            func parameter(_ kind: LossKind) -> LossKind.Parameter? {
                kind.parameters.first { $0.name == name }
            }
            let own = parameter(kind) ?? parameter(owners[0])!
            let range = Double(own.range.lowerBound)...Double(own.range.upperBound)
            let value = section.value(
                name,
                .number(
                    Bounds(
                        text: "\(own.range.lowerBound) to \(own.range.upperBound)", contains: range.contains)),
                default: Double("\(own.standard)")!,
                defaultText: Set(owners.map { "\(parameter($0)!.standard)" }).count == 1
                    ? "\(own.standard)" : "the kind's",
                only: section.condition(
                    on: "kind", parameter(kind) != nil,
                    "with kind: \(owners.map(\.name).joined(separator: ", "))"),
                owners.map { "\($0.name): \(parameter($0)!.summary)" }.joined(separator: " "))
            if parameter(kind) != nil { values[name] = value }
        }
        return values
    }

    /// The term as the trainer wants it; where the recipe gives no temperature, that of the cached signal, or 1.
    func weighted(signalTemperature: Float?) -> WeightedLoss {
        let temperature = self.temperature?.start ?? signalTemperature.map(Double.init) ?? 1
        return WeightedLoss(
            Loss(
                kind, temperature: kind.hasTemperature ? Float(temperature) : 1,
                parameters: parameters.mapValues { Float($0) }, standardizesLogits: standardizes),
            weight: Float(weight.start), weightRamp: weight.ramp, temperatureRamp: self.temperature?.ramp)
    }

    /// Whether the term changes with the held-out loss, so that measuring it has a part in the result.
    var followsHeldOutLoss: Bool {
        [weight.ramp, temperature?.ramp].contains {
            if case .heldOutLoss? = $0?.driver { true } else { false }
        }
    }
}

extension KeyType where Value == LossKind {
    /// The name of a registered loss.
    static var lossKind: KeyType {
        let words = LossKind.all.map(\.name)
        return KeyType(
            summary: words.joined(separator: ", "), placeholder: { .crossEntropy },
            decode: { yaml, decoding in
                let text: String? = if case .scalar(let text, _) = yaml.content { text } else { nil }
                if let kind = LossKind.all.first(where: { $0.name == text }) {
                    return (kind, .text(kind.name))
                }
                let near =
                    text.flatMap { nearest(to: $0, among: words) }.map { "did you mean \"\($0)\"? " } ?? ""
                decoding.problems.add(
                    "found \(yaml.kindName)", at: yaml.place,
                    remedy: "\(near)accepted: \(words.joined(separator: ", "))")
                return nil
            }, setting: { .text($0.name) })
    }
}
