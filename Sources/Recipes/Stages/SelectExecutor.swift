import Checkpoints
import Corpora
import Distillation
import Foundation
import Support
import Tokenization

/// Chooses a part of a corpus; the output is a JSONL corpus in the order of the whole.
struct SelectExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .select(let stage) = context.stage else { preconditionFailure("a select stage") }
        let records = try context.records(stage.corpus)
        let model = try stage.model.map(context.checkpoint)
        let small = try stage.small.map(context.checkpoint)
        if let model, let small,
            try model.requireTokenizer().serializedModel != small.requireTokenizer().serializedModel
        {
            throw UserError(
                "has another tokenizer than the model it is compared with", file: small.url.relativePath,
                remedy: "train it with the model's tokenizer", status: .configuration)
        }
        let documents = try self.documents(records, stage, model, context)
        let total = documents.reduce(0) { $0 + $1.ids.count }
        let budget = Int((stage.share * Double(total)).rounded())
        context.progress(.began(stage: context.label, total: documents.count, unit: "documents"))
        let chosen = CorpusSelection(stage.method, seed: context.seed).choose(
            from: documents, budget: budget, model: model?.decoder, small: small?.decoder
        ) { done in
            context.progress(.advanced(stage: context.label, done: done, tokens: 0, loss: nil))
        }
        guard !chosen.isEmpty else {
            throw UserError(
                "no document fits \(budget) of \(total) tokens", remedy: "raise share", status: .configuration
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(to: context.output) { writer in
            for index in chosen {
                try writer.write(try encoder.encode(records[index]))
                try writer.write("\n")
            }
        }
        let tokens = chosen.reduce(0) { $0 + documents[$1].ids.count }
        return StageResult(
            summary: "\(chosen.count) of \(documents.count) documents, \(tokens) of \(total) tokens",
            figures: ["documents": Double(chosen.count), "tokens": Double(tokens)])
    }

    /// One document for each record, cut to the context.
    private func documents(
        _ records: [CorpusRecord], _ stage: SelectStage, _ model: Checkpoint?, _ context: StageContext
    ) throws -> [EncodedDocument] {
        guard let model else {
            // A random choice needs no tokenizer: characters measure a document as well.
            return records.map { record in
                let length = max(1, record.texts.reduce(0) { $0 + $1.utf8.count })
                return EncodedDocument(
                    ids: Array(repeating: 0, count: length), kept: Array(repeating: false, count: length))
            }
        }
        let form = try TextForm(model)
        let length = min(stage.contextLength, model.decoder.configuration.contextLength)
        let encoder = form.encoder(context: length, scope: .all)
        return try records.map { try encoder.document($0).truncated(to: length) }
    }
}
