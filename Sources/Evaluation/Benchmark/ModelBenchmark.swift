import Transformer

/// Rates of a checkpoint: labelling every position, prefill of prompts, and decoding 64 tokens for several prompts at once.
public struct ModelBenchmark: BenchmarkSuite {
    /// `label`, `prefill`, and `decode N` for several batch sizes N.
    public let parts: [String]

    private let model: DecoderModel
    private let runs: Int
    private let context: Int
    private static let batchSizes = [1, 4, 16, 32]

    /// - Parameters:
    ///   - model: the model to measure
    ///   - context: tokens of a labelled sequence and of a prompt; at most the model's context is used
    ///   - runs: runs of each part; the median is reported
    public init(_ model: DecoderModel, context: Int = 256, runs: Int = 5) {
        self.model = model
        self.runs = runs
        self.context = min(context, model.configuration.contextLength)
        parts = ["label", "prefill"] + Self.batchSizes.map { "decode \($0)" }
    }

    /// Measures a part.
    ///
    /// - Throws: `UserError` when there is no memory for the KV cache
    public func run(_ part: String) throws -> BenchmarkResult {
        try workload(part).measure(runs: runs)
    }

    private func workload(_ part: String) throws -> Workload {
        switch part {
        case "label": return .label(model, sequences: 8, context: context)
        case "prefill": return try .prefill(model, sequences: 1, context: context)
        default:
            let sequences = Self.batchSizes.first { part == "decode \($0)" }!
            let room = min(80, model.configuration.contextLength)
            return try .decode(model, sequences: sequences, prompt: room / 5, new: room - room / 5)
        }
    }
}
