import Corpora
import Foundation
import Reports
import Support

extension DatasetStage {
    /// Writes the splits and the card into a directory.
    func run(_ context: StageContext) throws -> StageResult {
        let tokenizer = try self.tokenizer.map { try context.form($0).tokenizer }
        let dataset = DatasetDirectory(
            splits.map { DatasetDirectory.Split($0.name, context.reader($0.value)) })
        let report = try filterReport.map { try FilterReport(contentsOf: context.url(of: $0)) }
        var facts: [DatasetDirectory.SplitFacts] = []
        context.progress(.began(stage: context.label, total: splits.count, unit: "splits"))
        try AtomicDirectory.create(
            at: context.output, obsolete: { $0 == "README.md" || $0.hasSuffix(".jsonl") }
        ) {
            directory in
            let written = try dataset.write(to: directory, tokenizer: tokenizer)
            facts = written.splits
            let card = DatasetCard(
                DatasetCard.Description(
                    title: title ?? outputName, text: description, licence: licence, languages: languages,
                    tags: tags),
                columns: written.columns, splits: facts, filters: report)
            try AtomicFile.write(Data(card.text.utf8), to: directory.appending(path: "README.md"))
        }
        let records = facts.reduce(0) { $0 + $1.statistics.records }
        let bytes = facts.reduce(0) { $0 + $1.bytes }
        var metrics = ["records": Double(records), "bytes": Double(bytes)]
        let tokens = facts.reduce(0) { $0 + ($1.statistics.tokens?.total ?? 0) }
        if tokenizer != nil { metrics["tokens"] = Double(tokens) }
        let splits = facts.map { "\($0.name) \($0.statistics.records)" }.joined(separator: ", ")
        return StageResult(
            summary: "\(splits) records\(tokenizer == nil ? "" : ", \(tokens) tokens"), with a card",
            metrics: metrics)
    }
}
