import Training

extension KeyType {
    /// One of some values, by its name.
    static func named(_ values: [Value], _ name: @escaping (Value) -> String) -> KeyType {
        let words = values.map(name)
        return KeyType(
            summary: words.joined(separator: ", "), placeholder: { values[0] },
            decode: { yaml, decoding in
                let text: String? = if case .scalar(let text, _) = yaml.content { text } else { nil }
                if let value = values.first(where: { name($0) == text }) {
                    return (value, .text(name(value)))
                }
                let near =
                    text.flatMap { nearest(to: $0, among: words) }.map { "did you mean \"\($0)\"? " } ?? ""
                decoding.problems.add(
                    "found \(yaml.kindName)", at: yaml.place,
                    hint: "\(near)accepted: \(words.joined(separator: ", "))")
                return nil
            }, setting: { .text(name($0)) })
    }
}

extension Section {
    /// The parameters of a kind of loss: one key for each name that any kind gives a parameter.
    func parameters<Kind: Equatable>(
        of kind: Kind, among kinds: [Kind], name: (Kind) -> String,
        parameters: (Kind) -> [LossKind.Parameter]
    ) -> [String: Double] {
        var names: [String] = []
        for name in kinds.flatMap({ parameters($0).map(\.name) }) where !names.contains(name) {
            names.append(name)
        }
        var values: [String: Double] = [:]
        for key in names {
            func parameter(_ kind: Kind) -> LossKind.Parameter? { parameters(kind).first { $0.name == key } }
            let owners = kinds.filter { parameter($0) != nil }
            let own = parameter(kind) ?? parameter(owners[0])!
            let value = self.value(
                key,
                .number(own.limits),
                default: decimal(own.standard),
                defaultText: Set(owners.map { parameter($0)!.standard }).count == 1 ? nil : "the kind's",
                only: condition(
                    on: "kind", parameter(kind) != nil,
                    "with kind: \(owners.map(name).joined(separator: ", "))"),
                owners.map { "\(name($0)): \(parameter($0)!.summary)" }.joined(separator: " "))
            if parameter(kind) != nil { values[key] = value }
        }
        return values
    }
}
