import Evaluation

/// What `evaluate --json` prints.
struct Measured<Figures: Encodable>: Encodable {
    let models: [ModelFigures<Figures>]
    /// Each model after the first against the first.
    let comparisons: [PairedComparison]
}

/// Says what was read: in one line where all models read the same.
func printCounted(_ models: [(path: String, counted: CountedText?)]) throws {
    let texts = models.map { $0.counted?.description ?? "nothing" }
    guard Set(texts).count > 1 else { return try Console.print("\nread: \(texts.first ?? "nothing")") }
    try Console.print("")
    for (model, text) in zip(models, texts) { try Console.print("\(model.path) read: \(text)") }
}

/// Says of each model after the first whether it is better than the first.
func printComparisons(_ comparisons: [PairedComparison], models: [String]) throws {
    guard models.count > 1 else { return }
    try Console.print("")
    for comparison in comparisons { try Console.print(comparison.description) }
    if comparisons.count < models.count - 1 {
        try Console.print(
            "compared item by item are models that read the same tokens, over at least \(PairedComparison.fewestItems) items; "
                + "across tokenizers bits/byte compare")
    }
}
