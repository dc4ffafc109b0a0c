import RecipeSchema
import Training

extension Section {
    /// The parameters of a kind of loss: one key for each name that any kind gives a parameter.
    func parameters<Kind: Equatable>(
        of kind: Kind, among kinds: [Kind], name: (Kind) -> String,
        parameters: (Kind) -> [LossKind.Parameter]
    ) -> [String: Float] {
        var names: [String] = []
        for name in kinds.flatMap({ parameters($0).map(\.name) }) where !names.contains(name) {
            names.append(name)
        }
        var values: [String: Float] = [:]
        for key in names {
            func parameter(_ kind: Kind) -> LossKind.Parameter? { parameters(kind).first { $0.name == key } }
            let owners = kinds.filter { parameter($0) != nil }
            let own = parameter(kind) ?? parameter(owners[0])!
            let value = self.value(
                key,
                .float(own.limits),
                default: own.standard,
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
