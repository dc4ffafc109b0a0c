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
        let models = Models(
            model: model, small: try smallModel.map { try context.checkpoint($0) },
            student: try student.map { try context.checkpoint($0) })
        try models.requireOneVocabulary()
        let (lengths, candidates, chosen) = try choose(reader, models, context)
        // Records are read a second time, since the corpus may not fit into memory.
        try reader.write(recordsAt: chosen, to: context.output)
        let tokens = Self.total(chosen.map { lengths[$0] })
        let total = Self.total(lengths)
        var result = StageResult(
            summary: "\(chosen.count) of \(lengths.count) documents, \(tokens) of \(total) \(unit)",
            metrics: ["documents": Double(chosen.count), unit: Double(tokens)])
        if let model = self.model {
            let read = Self.total(candidates.map { lengths[$0] })
            result.summary += "; \(model.name) has read \(read)"
            result.metrics["model_tokens"] = Double(read)
        }
        return result
    }

    /// The length of each record, which of them may be chosen, and which are.
    private func choose(
        _ reader: CorpusReader, _ models: Models, _ context: StageContext
    ) throws -> (lengths: [UInt32], candidates: [Int], chosen: [Int]) {
        let form = try models.first.map { try TextForm($0) } ?? tokenizer.map { try context.form($0) }
        // Documents longer than a model's context are truncated to it before they are scored.
        let length = min(contextLength, models.contextLength)
        func encode(_ reader: CorpusReader) throws -> EncodedCorpus? {
            try form?.encoder(context: length, scope: lossOn).encodeWhole(
                reader, in: context.work)
        }
        let corpus = try encode(reader)
        // Random selection needs no tokenizer: without one, lengths are measured in bytes.
        let lengths = try corpus?.lengths ?? textLengths(reader)
        let candidates = try candidates(reader, count: lengths.count, context)
        let total = Self.total(lengths)
        let budget = Int((fraction * Double(total)).rounded())
        context.progress(.began(stage: context.label, total: candidates.count, unit: "documents"))
        let chosen: [Int]
        if let corpus {
            let targetCorpus = try target.flatMap {
                try encode(context.reader([$0], documents: documents))
            }
            let selection = models.method(method, target: targetCorpus, seed: context.seed)
            chosen = try selection.choose(from: corpus.choosing(candidates), budget: budget) { done in
                context.progress(.advanced(stage: context.label, done: done, tokens: 0, loss: nil))
            }
        } else {
            precondition(method == .random, "\(method.rawValue) runs without a tokenizer")
            chosen = RandomSelection(seed: context.seed).choose(
                lengths: candidates.map { lengths[$0] }, budget: budget)
        }
        guard !chosen.isEmpty else {
            throw UserError(
                "no document fits \(budget) of \(total) \(unit)", hint: "raise fraction",
                status: .configuration
            )
        }
        return (lengths, candidates, chosen.map { candidates[$0] })
    }

    /// The indices of the records that may be chosen: those whose prompts the excluded corpora do not have.
    private func candidates(_ reader: CorpusReader, count: Int, _ context: StageContext) throws -> [Int] {
        guard !exclude.isEmpty else { return Array(0..<count) }
        func digest(_ record: CorpusRecord) -> TextDigest {
            TextDigest(record, of: .prompt, isNormalized: false)
        }
        var excluded: Set<TextDigest> = []
        try context.reader(exclude, documents: documents).forEach { excluded.insert(digest($0)) }
        var (candidates, index): ([Int], Int) = ([], 0)
        try reader.forEach { record in
            if !excluded.contains(digest(record)) { candidates.append(index) }
            index += 1
        }
        guard !candidates.isEmpty else {
            throw UserError(
                "every prompt is in the corpora that are excluded", hint: "exclude fewer corpora",
                status: .configuration)
        }
        return candidates
    }

    /// The unit of lengths and budgets.
    private var unit: String { model == nil && student == nil && tokenizer == nil ? "bytes" : "tokens" }

    private static func total(_ lengths: [UInt32]) -> Int { lengths.reduce(0) { $0 + Int($1) } }

    private func textLengths(_ reader: CorpusReader) throws -> [UInt32] {
        var lengths: [UInt32] = []
        try reader.forEach { record in
            lengths.append(UInt32(max(1, record.texts.reduce(0) { $0 + $1.utf8.count })))
        }
        return lengths
    }
}
