import RecipeSchema
import Support
import Transformer

/// One kind of step in a recipe.
///
/// A kind is a folder in `Stages`: the keys and their checks (`init`), what it makes (`outputs`), what that costs
/// (`estimate`), and how it is made (`run`). It is added by conforming a type and naming it in `StageRegistry.standard`;
/// nothing else in the package depends on the kind of a stage.
///
///     struct CountStage: Stage {
///         static let name = "count"
///         static let summary = "Counts the documents of a corpus."
///         static let metricNames = ["documents"]
///         let corpus: [Reference]
///         let outputName: String
///
///         init(_ section: Section) {
///             corpus = section.value("corpus", .oneOrMore(.reference(to: .corpus)), "The text to count.")
///             outputName = section.artifactName(default: "count")
///         }
///
///         var outputs: [ArtifactDeclaration] { [.init(outputName, .evaluation, file: "count.json")] }
///         func estimate(_ estimator: CostEstimator) -> CostEstimate { CostEstimate(seconds: 1) }
///         func run(_ context: StageContext) throws -> StageResult { … }
///     }
package protocol Stage: RecipeSection, Sendable {
    /// The key of the stage in a recipe.
    static var name: String { get }
    /// One line for the key reference.
    static var summary: String { get }
    /// The metrics that a finished stage may have and a report can show, as keys of `StageResult.metrics`.
    static var metricNames: [String] { get }
    /// Whether the first output is a model that the stage trains; `StageResult.metrics` then has `tokens`.
    static var trainsModel: Bool { get }

    /// What the stage makes; the first is the one that the run directory names after the stage.
    var outputs: [ArtifactDeclaration] { get }
    /// References whose content the outputs do not depend on, such as text that is only measured along the way. They are
    /// no part of the cache key.
    var observed: [Reference] { get }
    /// The name of the stage in progress messages and tables.
    var label: String { get }
    /// Raised when the same keys no longer give the same outputs: a part of the cache key.
    var version: Int { get }

    /// The seed of the stage's random streams; 0 where nothing is random.
    func effectiveSeed(_ seeds: RunSeeds) -> UInt64
    /// The stages that a plan carries out for this one, each with its normal form: a part each for an evaluation of several
    /// models, none for a report.
    func planned(_ canonical: CanonicalValue) -> [(stage: any Stage, canonical: CanonicalValue)]
    /// Reports problems that concern other stages, once all are read.
    func check(_ facts: RecipeFacts, at index: Int)

    // MARK: What other stages need to know of an output

    /// The shape of an output that is a model, as far as it is known before any stage has run.
    func configuration(ofOutput index: Int, _ models: any ModelLookup) -> Configuration?
    /// The pieces of an output that is a tokenizer.
    func vocabularySize(ofOutput index: Int) -> Int?
    /// The corpora that an output is a part of.
    func sources(ofOutput index: Int) -> [Reference]

    // MARK: Cost

    /// The estimated time, memory and disk space.
    func estimate(_ estimator: CostEstimator) -> CostEstimate
    /// The size of an output that is a corpus.
    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent?
    /// What an output that is a model takes on disk; `nil` for weights in Float32.
    func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> WeightBytes?
    /// Whether an output is a model that the recipe trains from random weights: such a teacher is less certain.
    func beginsAtRandom(ofOutput index: Int, _ estimator: CostEstimator) -> Bool

    /// What a plan says of the stage beside its cost; `nil` for nothing.
    var planNote: String? { get }

    // MARK: Running

    /// Looks for what the stage takes from the environment, before any stage runs.
    ///
    /// - Throws: `UserError` that names what is missing
    func requireEnvironment() throws
    /// Makes `context.outputs`, resuming from what an earlier attempt left in `context.work`.
    ///
    /// An output appears under its final name only once it is complete; what a killed attempt leaves in the work directory
    /// is found there again. The work directory is removed after the stage has returned.
    func run(_ context: StageContext) throws -> StageResult

    // MARK: Reports

    /// What the finished stage adds to the report of its run.
    func reportItems(_ finished: FinishedStage) throws -> [ReportItem]
    /// What the stage measures, under the keys that a verdict may name.
    var measurementNames: [String] { get }
    /// The model that the stage measures.
    var measuredModel: Reference? { get }
    /// The options that a report stage sets.
    var reportOptions: ReportOptions? { get }
}

extension Stage {
    package static var metricNames: [String] { [] }
    package static var trainsModel: Bool { false }

    package var observed: [Reference] { [] }
    package var label: String {
        guard let output = outputs.first, output.name != Self.name else { return Self.name }
        return "\(Self.name) \(output.name)"
    }
    package var version: Int { 2 }
    package var planNote: String? { nil }

    package func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { 0 }
    package func planned(_ canonical: CanonicalValue) -> [(stage: any Stage, canonical: CanonicalValue)] {
        [(self, canonical)]
    }
    package func check(_ facts: RecipeFacts, at index: Int) {}

    package func configuration(ofOutput index: Int, _ models: any ModelLookup) -> Configuration? { nil }
    package func vocabularySize(ofOutput index: Int) -> Int? { nil }
    package func sources(ofOutput index: Int) -> [Reference] { [] }

    package func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? { nil }
    package func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> WeightBytes? { nil }
    package func beginsAtRandom(ofOutput index: Int, _ estimator: CostEstimator) -> Bool { false }

    package func requireEnvironment() throws {}
    package func reportItems(_ finished: FinishedStage) throws -> [ReportItem] { [] }
    package var measurementNames: [String] { [] }
    package var measuredModel: Reference? { nil }
    package var reportOptions: ReportOptions? { nil }
}

/// The seeds that a run offers its stages.
package struct RunSeeds: Sendable {
    /// The recipe's.
    package var recipe: UInt64
    /// The one of a study that the run repeats training with; `nil` outside studies.
    package var study: UInt64?

    /// The seed of what a study repeats.
    package var training: UInt64 { study ?? recipe }
}
