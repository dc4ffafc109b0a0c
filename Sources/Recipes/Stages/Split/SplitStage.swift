import Corpora
import RecipeSchema
import Support

/// Divides a corpus into parts for training, validation and test, by the origin of its records.
struct SplitStage: Stage {
    static let name = "split"
    static let summary =
        "Divides a corpus into train, validation and test; records of one origin stay together."
    static let metricNames = ["train", "validation", "test", "origins"]

    let corpus: [Reference]
    let documents: TextDocuments
    let validation: Double
    let test: Double
    /// The key that holds the origin; nil for what `generate` and `prompts` write, else the first question.
    let key: String?
    let seed: UInt64?
    let names: [String]

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The corpus.")
        documents = section.corpusDocuments()
        validation = section.value(
            "validation", .number(.fraction), default: 0.05,
            "Expected fraction of the origins for validation.")
        test = section.value(
            "test", .number(.fraction), default: 0.05, "Expected fraction of the origins for the test.")
        key = section.optional(
            "by", .text, defaultText: "the origin of the prompt, or the first question",
            example: "meta.topic",
            "The key of a record that holds its origin.")
        seed = section.stageSeed()
        names = CorpusSplit.partNames.map { part in
            section.value(
                Self.nameKey(of: part), .name(reserved: ["teacher", "stages", "events"]),
                default: part,
                inCacheKey: false, "The name of the part for \(part == "train" ? "training" : part).")
        }
        if section.sound("validation", "test"), validation + test >= 1 {
            section.problem(
                at: section.has("validation") ? "validation" : "test", "nothing is left for training",
                hint: "validation and test together are below 1")
        }
    }

    private static func nameKey(of part: String) -> String { part == "train" ? "to" : "\(part)_to" }

    var outputs: [ArtifactDeclaration] {
        zip(CorpusSplit.partNames, names).map { part, name in
            ArtifactDeclaration(
                name, .corpus, file: "\(part).jsonl", keyPath: [Self.nameKey(of: part)])
        }
    }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }

    func sources(ofOutput index: Int) -> [Reference] { corpus }

    private func fraction(_ index: Int) -> Double { [1 - validation - test, validation, test][index] }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let extent = estimator.extent(of: corpus)
        // About 50 MB a second, and a hash for each origin.
        return CostEstimate(
            seconds: estimator.bytes(extent) / 5e7,
            memoryBytes: CostEstimator.processBytes + 40 * extent.records,
            diskBytes: estimator.bytes(extent))
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        estimator.extent(of: corpus).scaled(by: fraction(index))
    }

    /// Writes the three parts.
    func run(_ context: StageContext) throws -> StageResult {
        let split = CorpusSplit(validation: validation, test: test, key: key, seed: context.seed)
        let summary = try split.run(context.reader(corpus, documents: documents), to: context.outputs)
        let records = summary.records
        let total = records.reduce(0, +)
        var text = zip(CorpusSplit.partNames, records).map { "\($0) \($1)" }.joined(separator: ", ")
        text += " records of \(summary.origins.reduce(0, +)) origins"
        if summary.largestOrigin * 5 > total {
            text += "; \(summary.largestOrigin) records are of one origin"
        }
        var metrics = Dictionary(uniqueKeysWithValues: zip(CorpusSplit.partNames, records.map(Double.init)))
        metrics["origins"] = Double(summary.origins.reduce(0, +))
        return StageResult(summary: text, metrics: metrics)
    }
}
