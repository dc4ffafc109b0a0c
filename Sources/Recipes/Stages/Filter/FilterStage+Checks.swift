extension FilterStage {
    /// Checks the models of filters, as far as they are known before any stage has run.
    func check(_ facts: RecipeFacts, at index: Int) {
        for filter in filters where filter.kind.modelPasses > 0 {
            let models = filter.models.map(\.reference)
            for model in models {
                guard let shape = facts.configuration(of: model) else { continue }
                if let layer = filter.integer("layer"), layer > shape.layers {
                    facts.problems.add(
                        "there is no layer \(layer): \(model.name) has \(shape.layers)", at: model.location,
                        hint: "layers count from 1")
                }
                if let context = filter.integer("context"), context > shape.contextLength {
                    facts.problems.add(
                        "a context of \(context) tokens exceeds that of \(model.name), \(shape.contextLength)",
                        at: model.location, hint: "give context: \(shape.contextLength) or less")
                }
            }
            if models.count == 2, facts.tokenizersDiffer(models[0], models[1]) {
                facts.problems.add(
                    "\(models[0].name) and \(models[1].name) have different tokenizers: their perplexities per token "
                        + "do not compare", at: models[1].location, hint: "compare models of one tokenizer")
            }
        }
    }
}
