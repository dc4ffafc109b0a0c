import Transformer

/// Rates of a checkpoint: labelling every position, reading prompts, and writing 64 tokens to several prompts at once.
public struct ModelBenchmark: BenchmarkSuite {
    public let parts: [String]

    private let model: DecoderModel
    private let runs: Int
    private let context: Int
    private static let batchSizes = [1, 4, 16, 32]

    /// - Parameter context: tokens of a labelled sequence and of a prompt; no more than the model's own
    public init(_ model: DecoderModel, context: Int = 256, runs: Int = 5) {
        self.model = model
        self.runs = runs
        self.context = min(context, model.configuration.contextLength)
        parts = ["label", "prefill"] + Self.batchSizes.map { "decode \($0)" }
    }

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
