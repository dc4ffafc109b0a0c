import Corpora
import RecipeSchema
import Signals
import Support

/// Stores a teacher's token distributions over a corpus: a signal cache.
struct LabelStage: Stage {
    static let name = "label"
    static let summary = "Stores a teacher's token distributions over a corpus: a signal cache."
    static let metricNames = ["documents", "positions", "bytes_per_position", "ids_per_position"]

    let model: Reference
    /// Whose tokenizer divides the corpus; nil for the model's own.
    let tokenizer: Reference?
    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    let signal: SignalSettings
    let lossOn: TargetScope
    let systemTurns: SystemTurns
    /// Layers of the teacher, from 1, whose hidden states are stored too.
    let hidden: [Int]
    private let hiddenLocation: SourceLocation
    /// Documents are truncated to this many tokens.
    let contextLength: Int
    let seed: UInt64?
    let outputName: String

    init(_ section: Section) {
        model = section.modelReference("The model whose distributions are stored.")
        tokenizer = section.optional(
            "tokenizer", .reference(to: .tokenizer, .checkpoint), defaultText: "the model's",
            "A student, or a tokenizer, of the model's family whose added tokens differ: the corpus is divided as it does."
        )
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to label.")
        documents = section.corpusDocuments()
        signal = section.section(
            "signal", .section(SignalSettings.self), "What is stored for each token.")
        hidden = section.value(
            "hidden", .list(of: .integer(1...512), atLeast: 0), default: [],
            "Layers of the model, from 1, whose hidden states are stored too (2 bytes a value), for features without a "
                + "teacher.")
        hiddenLocation = section.location(of: "hidden")
        lossOn = section.value("loss_on", .choice, default: .standard, "The tokens to label.")
        systemTurns = section.systemTurns(lossOn)
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Documents are truncated to this many tokens.")
        seed = section.stageSeed()
        outputName = section.artifactName(default: "signals")
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .signals, file: "signals")] }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }

    func check(_ facts: RecipeFacts, at index: Int) {
        if let tokenizer, facts.comparison(of: tokenizer, with: model).isUnrelated {
            facts.problems.add(
                "\(tokenizer.name) has another tokenizer than \(model.name)", at: tokenizer.location,
                hint: "they may differ in added tokens alone; leave it out")
        }
        guard let count = facts.configuration(of: model)?.layers,
            let layer = hidden.first(where: { $0 > count })
        else { return }
        facts.problems.add(
            "there is no layer \(layer): \(model.name) has \(count)", at: hiddenLocation,
            hint: "layers count from 1")
    }
}
