import Checkpoints
import Corpora
import DatasetDistillation
import Foundation
import Support
import Tokenization

extension DistillDatasetStage {
    /// Learns the sequences; the outputs are a JSONL corpus, their nearest text, and a directory with the sequences.
    func run(_ context: StageContext) throws -> StageResult {
        let model = try context.checkpoint(self.model, weights: .f32)
        try model.decoder.configuration.requireTraining()
        let form = try TextForm(model)
        let encoder = form.encoder(
            context: min(contextLength, model.decoder.configuration.contextLength),
            scope: lossOn)
        let reader = context.reader(self.corpus, documents: documents)
        let corpus = try encoder.encodeWhole(reader, in: context.work)
        let records = try reader.records()
        let markers = form.template.suppressedIDs(in: form.tokenizer)
            .union(form.template.stopIDs(in: form.tokenizer))
        let distiller = DatasetDistiller(
            model.decoder,
            isText: (0..<Int32(form.tokenizer.vocabularySize)).map {
                form.tokenizer.kind(of: $0) == .normal && !markers.contains($0)
            },
            options: .init(
                statistic: method, steps: steps, learningRate: Float(learningRate),
                seed: context.seed))
        // Learning is short and starts over after an interruption.
        try context.metrics.truncate(after: 0)
        var began = false
        let result = try distiller.distill(
            corpus, content: { try encoder.contentRanges(records[$0]) },
            budget: Int((fraction * Double(corpus.tokenCount)).rounded())
        ) { done, total, distance in
            if !began { context.progress(.began(stage: context.label, total: total, unit: "steps")) }
            began = true
            context.progress(.advanced(stage: context.label, done: done, tokens: 0, loss: distance))
            try context.metrics.append(step: done, ["distance": distance])
        }
        let sequences = context.outputs[1]
        try FileManager.default.createDirectories(at: sequences)
        try result.sequences.save(to: sequences.appending(path: SyntheticSequences.fileName))
        try write(result, records, encoder, to: context.output)
        return self.result(result, of: corpus)
    }

    private func write(
        _ result: DatasetDistiller.Result, _ records: [CorpusRecord], _ encoder: CorpusEncoder, to url: URL
    ) throws {
        try AtomicFile.write(to: url) { writer in
            let segments = result.sequences.segments
            for (index, origin) in result.origins.enumerated() {
                let ids = Array(result.sequences.ids[segments[index]..<segments[index + 1]])
                try writer.write(try encoder.record(records[origin], reading: ids))
            }
        }
    }

    private func result(_ result: DatasetDistiller.Result, of corpus: EncodedCorpus) -> StageResult {
        let (first, last) = result.distance
        let tokens = result.sequences.ids.count
        func text(_ number: Double) -> String { number.formatted(.number.precision(.significantDigits(3))) }
        return StageResult(
            summary:
                "\(result.sequences.count) sequences, \(tokens) of \(corpus.tokenCount) tokens, distance "
                + "\(text(first)) to \(text(last))",
            metrics: [
                "documents": Double(result.sequences.count), "tokens": Double(tokens),
                "first_distance": first,
                "distance": last,
            ])
    }
}
