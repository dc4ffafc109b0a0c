import Generation
import RecipeSchema
import Support

/// Templates whose slots take all combinations of values, or a sample of them.
struct GridSource: PromptSource {
    static let name = "grid"
    static let summary = "Templates whose slots take all combinations of their values, or a sample of them."
    static let usesModel = false

    private let grid: PromptGrid?
    private let count: Int?

    init(_ section: Section) {
        let templates = section.value(
            "templates", .oneOrMore(.template()), example: "Explain {topic} to {persona}.", "The user's turn."
        )
        let system = section.optional("system", .template(), "A system turn, which may have slots, too.")
        let slots = section.value(
            "slots", .named(.slotValues), default: [], defaultText: "none",
            "The values of each slot: a list, or a mapping of values to weights.")
        count = section.optional(
            "count", .integer(1...10_000_000), defaultText: "all",
            "Draw this many different combinations, in proportion to their weights.")
        guard section.sound("templates", "system", "slots") else {
            grid = nil
            return
        }
        do {
            let grid = try PromptGrid(
                templates: templates, system: system,
                slots: slots.map { PromptGrid.Slot($0.name, $0.value.values, weights: $0.value.weights) })
            self.grid = grid
            if let size = grid.size, let count, count > size {
                section.problem(
                    at: "count", "the grid has \(size) combinations",
                    hint: "give at most count: \(size), or more values")
            } else if count == nil, grid.size ?? .max > PromptGrid.mostCombinations {
                section.problem(
                    at: "slots", "more than \(PromptGrid.mostCombinations) combinations",
                    hint: "give count, to draw a sample of them")
            }
        } catch {
            grid = nil
            let refusal = error as? UserError
            section.problem(at: "slots", refusal?.problem ?? "\(error)", hint: refusal?.hint)
        }
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        PromptSizes(prompts: Double(count ?? grid?.size ?? 0))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        guard let grid else { preconditionFailure("a grid with problems is not run") }
        return PromptResult(prompts: try grid.prompts(count: count, seed: context.seed))
    }
}

/// The values of a slot, with weights if they are a mapping.
struct SlotValues {
    let values: [String]
    let weights: [Double]?
}

extension KeyType<SlotValues> {
    /// A list of texts, or a mapping of texts to weights.
    static var slotValues: Self {
        let list = KeyType<[String]>.list(of: .text)
        let weights = KeyType<[(name: String, value: Double)]>.named(
            .number(NumberLimits(above: 0, upTo: 1e6)))
        return Self(
            summary: "list of texts, or a mapping of texts to weights",
            placeholder: { SlotValues(values: [""], weights: nil) },
            decode: { yaml, context in
                let found: (value: SlotValues, canonical: Canonical)?
                if yaml.entries != nil {
                    found = weights.decode(yaml, context).map {
                        (
                            SlotValues(values: $0.value.map(\.name), weights: $0.value.map(\.value)),
                            $0.canonical
                        )
                    }
                } else {
                    found = list.decode(yaml, context).map {
                        (SlotValues(values: $0.value, weights: nil), $0.canonical)
                    }
                }
                if let values = found?.value.values,
                    let twice = values.first(where: { value in values.count { $0 == value } > 1 })
                {
                    context.problems.add(
                        "the value \(twice.debugDescription) is given twice", at: yaml.location,
                        hint: "a mapping of values to weights makes one more frequent")
                    return nil
                }
                guard let found, !found.value.values.isEmpty else { return nil }
                return found
            },
            canonical: { _ in preconditionFailure("slots have no default") })
    }
}
