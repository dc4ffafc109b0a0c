import Evaluation

/// What `evaluate --json` prints.
struct Measured<Metrics: Encodable>: Encodable {
    let models: [ModelMetrics<Metrics>]
    /// Each model after the first, compared with the first.
    let comparisons: [PairedComparison]
}

/// Prints what was read: one line when all models read the same.
func printCounted(_ models: [(path: String, counted: CountedText?)]) throws {
    let texts = models.map { $0.counted?.description ?? "nothing" }
    guard Set(texts).count > 1 else { return try Console.print("\nread: \(texts.first ?? "nothing")") }
    try Console.print("")
    for (model, text) in zip(models, texts) { try Console.print("\(model.path) read: \(text)") }
}

/// Prints for each model after the first whether it is better than the first.
func printComparisons(_ comparisons: [PairedComparison], models: [String]) throws {
    guard models.count > 1 else { return }
    try Console.print("")
    for comparison in comparisons { try Console.print(comparison.description) }
    if comparisons.count < models.count - 1 {
        try Console.print(
            "the paired comparison needs models that read the same tokens, and at least "
                + "\(PairedComparison.fewestItems) items; across tokenizers compare bits/byte")
    }
}
