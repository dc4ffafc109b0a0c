import Corpora
import RecipeSchema
import Reports
import Support

/// Writes corpora as a dataset with a card, which Hugging Face `datasets` loads.
struct DatasetStage: Stage {
    static let name = "dataset"
    static let summary =
        "Writes corpora as a dataset with a card, which Hugging Face datasets loads from its directory."
    static let metricNames = ["records", "bytes", "tokens"]

    /// The splits by name.
    let splits: [(name: String, value: [Reference])]
    let tokenizer: Reference?
    /// What a filter stage removed before.
    let filterReport: Reference?
    let title: String?
    let description: String?
    let licence: String?
    let languages: [String]
    let tags: [String]
    let outputName: String

    init(_ section: Section) {
        splits = section.value(
            "splits", .named(.oneOrMore(.reference(to: .corpus))), example: "{train: train, test: test}",
            "The corpora of each split, by its name.")
        let source = KeyType<Reference>.reference(to: .tokenizer, .checkpoint)
        tokenizer = section.optional(
            "tokenizer", source, "Counts tokens for the card: a tokenizer, or a model that has one.")
        filterReport = section.optional(
            "filter_report", .reference(to: .evaluation, as: .filterReport), example: "filtered-report",
            "The report of the filter stage before, NAME-report: the card says what was removed.")
        if let filterReport, let artifact = section.context.artifact(at: filterReport.target),
            artifact.stageName != FilterStage.name
        {
            section.problem(
                at: "filter_report", "\"\(filterReport.name)\" is the result of \(artifact.stageName)",
                hint: "name the report of a filter stage")
        }
        title = section.optional(
            "title", .text, defaultText: "the name of the output", "The heading of the card.")
        description = section.optional("description", .text, "What the dataset is for, in Markdown.")
        licence = section.optional(
            "license", .text, example: "cc-by-4.0", "An SPDX identifier, or a name of the hub's list.")
        languages = section.value(
            "languages", .list(of: .text, atLeast: 0), default: [], "ISO 639-1 codes, such as en.")
        tags = section.value("tags", .list(of: .text, atLeast: 0), default: [], "Further tags of the card.")
        outputName = section.artifactName(default: "dataset")
        var seen: Set<String> = []
        for (name, _) in splits where section.sound("splits") {
            if !name.isIdentifier {
                section.problem(
                    at: "splits", "\"\(name)\" cannot be the name of a split",
                    hint: "names have letters, digits and _, no digit first")
            } else if !seen.insert(name).inserted {
                section.problem(
                    at: "splits", "the split \"\(name)\" is given twice", hint: "choose another name")
            }
        }
        if splits.isEmpty, section.sound("splits") {
            section.problem(at: "splits", "there is no split", hint: "give one, such as {train: corpus}")
        }
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .evaluation, file: "dataset")] }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let extent = splits.reduce(CorpusExtent()) { $0 + estimator.extent(of: $1.value) }
        return CostEstimate(
            seconds: 3 * estimator.bytes(extent) / 2e7,
            memoryBytes: CostEstimator.processBytes + 24 * extent.records + 3e7,
            diskBytes: estimator.bytes(extent))
    }
}
