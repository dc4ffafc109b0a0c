import Corpora
import Evaluation
import Foundation
import RecipeSchema
import Support

/// Judges the answers of a corpus and keeps the best.
struct JudgeStage: Stage {
    static let name = "judge"
    static let summary =
        "Judges answers and keeps the best of each prompt: by likelihood, rules, majority, or a model's scores or comparisons."
    static let metricNames = ["records", "prompts", "judged", "unjudged", "kept", "mean_score"]

    let corpus: [Reference]
    /// nil after a problem.
    let method: (any JudgeMethod)?
    /// The key that the answers to a prompt have in common; nil for the prompt itself.
    let key: String?
    let keep: JudgedCorpus.Keep
    let least: Double?
    let seed: UInt64?
    let outputName: String

    /// The ways of judging, in the order of the key reference.
    private static let methods: [any JudgeMethod.Type] = [
        LikelihoodMethod.self, CheckerMethod.self, MajorityMethod.self, ScoreMethod.self,
        PairwiseMethod.self,
    ]
    private static let leastLimits = NumberLimits(-1e6...1e6)

    private static func read<Method: JudgeMethod>(_ type: Method.Type, _ section: Section) -> (
        any JudgeMethod
    )? {
        section.optional(Method.name, .section(type), Method.summary)
    }

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "answers",
            "The answers; of several corpora, those to the same prompt are judged together.")
        method = Self.methods.compactMap { Self.read($0, section) }.first
        section.requireOne(
            of: Self.methods.map { $0.name }, missing: "nothing says how the answers are judged",
            several: "answers are judged by one of", hint: "several stages judge by several methods")
        key = section.optional(
            "group_by", .text, defaultText: "the prompt itself", example: "meta.prompt",
            "A key of the record that all answers to a prompt have in common.")
        keep = section.value(
            "keep", .choice, default: .best, "Which answers are written: the best of each prompt, or all.")
        let standard = method.flatMap { type(of: $0).standardLeast }
        least =
            section.optional(
                "at_least", .number(Self.leastLimits), defaultText: "no bound; 1 with checker",
                "Leave out answers with a lower score, and those without one.") ?? standard
        seed = section.stageSeed()
        outputName = section.artifactName(default: "judged")
    }

    var outputs: [ArtifactDeclaration] {
        [
            .init(outputName, .corpus, file: "corpus.jsonl"),
            .init("\(outputName)-report", .evaluation, file: "report.json"),
        ] + (method is PairwiseMethod ? [preferences] : [])
    }

    /// The comparisons that were decided.
    private var preferences: ArtifactDeclaration {
        .init("\(outputName)-preferences", .evaluation, file: "preferences.jsonl")
    }

    func sources(ofOutput index: Int) -> [Reference] { corpus }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }

    func requireEnvironment() throws { try method?.endpoint?.endpoint.requireKeys() }

    // MARK: Cost

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let extent = estimator.extent(of: corpus)
        var estimate = method?.estimate(extent, estimator) ?? CostEstimate()
        // The place of each record among those of its prompt.
        estimate.memoryBytes += 200 * extent.records
        estimate.diskBytes += estimator.bytes(extent) + CostEstimator.recordBytes * extent.records
        return estimate
    }

    /// At most all of it: how many answers a prompt has is not known before.
    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        index == 0 ? estimator.extent(of: corpus) : nil
    }

    // MARK: Running

    /// Judges the corpus; the outputs are the answers that are kept, as JSONL, and the report.
    func run(_ context: StageContext) throws -> StageResult {
        guard let method else { preconditionFailure("a stage with problems is not run") }
        let reader = context.reader(corpus)
        let groups = try AnswerGroups(reader, by: key)
        return try method.judge(context) { judge in
            let judged = context.work.appending(path: "corpus.jsonl")
            let (report, judgements) = try JudgedCorpus(judge: judge, keeping: keep, atLeast: least).run(
                JudgeContext(
                    reader: reader, groups: groups, work: context.work, stage: context.label,
                    progress: context.progress), to: judged)
            guard report.kept > 0 else {
                throw UserError(
                    "no answer is kept: \(report.parts.joined(separator: ", "))",
                    hint: "see the reasons with keep: all", status: .configuration)
            }
            try AtomicFile.install(judged, as: context.outputs[0])
            try AtomicFile.write(report.json(), to: context.outputs[1])
            if context.outputs.count > 2 {
                try PreferenceRecord.write(judgements.preferences, to: context.outputs[2])
            }
            var metrics = [
                "records": Double(report.records), "prompts": Double(report.prompts),
                "judged": Double(report.judged), "unjudged": Double(report.unjudged),
                "kept": Double(report.kept),
            ]
            metrics["mean_score"] = report.meanScore
            return StageResult(
                summary: (report.parts + judgements.parts).joined(separator: ", "), metrics: metrics)
        }
    }
}
