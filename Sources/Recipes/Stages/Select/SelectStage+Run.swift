import Checkpoints
import Corpora
import Foundation
import Selection
import Support
import Tokenization
import Transformer

extension SelectStage {
    /// Chooses documents; the output is a JSONL corpus in the original order.
    func run(_ context: StageContext) throws -> StageResult {
        let reader = context.reader(corpus, documents: documents)
        // Gradients need weights in Float32.
        let model = try self.model.map {
            try context.checkpoint($0, weights: method == .gradient ? .f32 : .automatic)
        }
        let small = try smallModel.map { try context.checkpoint($0) }
        if let model, let small,
            try !model.requireTokenizer().hasSameIDs(as: small.requireTokenizer())
        {
            throw UserError(
                "has another tokenizer than the model it is compared with", file: small.url.relativePath,
                hint: "train it with the model's tokenizer", status: .configuration)
        }
        let (lengths, chosen) = try choose(reader, model, small, context)
        try write(chosen, of: reader, to: context.output)
        let tokens = chosen.reduce(0) { $0 + Int(lengths[$1]) }
        let total = Self.total(lengths)
        return StageResult(
            summary: "\(chosen.count) of \(lengths.count) documents, \(tokens) of \(total) \(unit)",
            metrics: ["documents": Double(chosen.count), unit: Double(tokens)])
    }

    /// The length of each record, and which records are chosen.
    private func choose(
        _ reader: CorpusReader, _ model: Checkpoint?, _ small: Checkpoint?,
        _ context: StageContext
    ) throws -> (lengths: [UInt32], chosen: [Int]) {
        let form = try model.map { try TextForm($0) } ?? tokenizer.map { try context.form($0) }
        // Documents longer than the model's context are truncated to it before they are scored.
        let length = min(contextLength, model?.decoder.configuration.contextLength ?? .max)
        func encode(_ reader: CorpusReader) throws -> EncodedCorpus? {
            try form?.encoder(context: length, scope: lossOn).encodeWhole(
                reader, in: context.work)
        }
        let corpus = try encode(reader)
        // Random selection needs no tokenizer: without one, lengths are measured in bytes.
        let lengths = try corpus?.lengths ?? textLengths(reader)
        let total = Self.total(lengths)
        let budget = Int((fraction * Double(total)).rounded())
        context.progress(.began(stage: context.label, total: lengths.count, unit: "documents"))
        let chosen: [Int]
        if let corpus {
            let targetCorpus = try target.flatMap {
                try encode(context.reader([$0], documents: documents))
            }
            let selection = Self.method(
                method, model: model?.decoder, small: small?.decoder, target: targetCorpus, seed: context.seed
            )
            chosen = try selection.choose(from: corpus, budget: budget) { done in
                context.progress(.advanced(stage: context.label, done: done, tokens: 0, loss: nil))
            }
        } else {
            chosen = RandomSelection(seed: context.seed).choose(lengths: lengths, budget: budget)
        }
        guard !chosen.isEmpty else {
            throw UserError(
                "no document fits \(budget) of \(total) \(unit)", hint: "raise fraction",
                status: .configuration
            )
        }
        return (lengths, chosen)
    }

    /// The method with the models that it requires; the recipe's checks have ensured that they are given.
    private static func method(
        _ name: SelectionMethodName, model: DecoderModel?, small: DecoderModel?, target: EncodedCorpus?,
        seed: UInt64
    ) -> any SelectionMethod {
        func required<T>(_ value: T?) -> T {
            guard let value else {
                preconditionFailure("the method \(name.rawValue) lacks a model or its target")
            }
            return value
        }
        // No default: a new method without a case here does not compile.
        return switch name {
        case .random: RandomSelection(seed: seed)
        case .coverage: CoverageSelection()
        case .kCenter: KCenterSelection(model: required(model))
        case .herding: HerdingSelection(model: required(model))
        case .difference: LossDifferenceSelection(model: required(model), small: required(small))
        case .gradient: GradientSelection(model: required(model), target: required(target), seed: seed)
        }
    }

    /// The unit of lengths and budgets.
    private var unit: String { model == nil && tokenizer == nil ? "bytes" : "tokens" }

    private static func total(_ lengths: [UInt32]) -> Int { lengths.reduce(0) { $0 + Int($1) } }

    private func textLengths(_ reader: CorpusReader) throws -> [UInt32] {
        var lengths: [UInt32] = []
        try reader.forEach { record in
            lengths.append(UInt32(max(1, record.texts.reduce(0) { $0 + $1.utf8.count })))
        }
        return lengths
    }

    /// Writes the records at the chosen indices, which are ascending.
    private func write(_ chosen: [Int], of reader: CorpusReader, to url: URL) throws {
        try AtomicFile.write(to: url) { writer in
            var (index, next) = (0, chosen[...])
            // Records are read a second time, since the corpus may not fit into memory.
            try reader.forEach { record in
                defer { index += 1 }
                guard index == next.first else { return }
                next = next.dropFirst()
                try writer.write(record)
            }
        }
    }
}
