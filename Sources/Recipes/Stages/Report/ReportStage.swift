import RecipeSchema

/// Writes `report.md` and `report.html` once every run is done.
struct ReportStage: Stage {
    static let name = "report"
    static let summary = "Writes report.md and report.html."

    private let options: ReportOptions

    init(_ section: Section) {
        let title = section.optional(
            "title", .text, defaultText: "the recipe's name", "The heading of the report.")
        let metrics = section.value(
            "metrics", .named(.stageMetric), default: [],
            example: "{bytes a token: signals.bytes_per_position}",
            "More columns of the table of models: metrics of the stages that a model came from, as STAGE.METRIC."
        )
        options = ReportOptions(title: title, metrics: metrics.map { ($0.name, $0.value) })
    }

    var outputs: [ArtifactDeclaration] { [] }

    /// A report is written after all runs, not by one of them.
    func planned(_ canonical: CanonicalValue) -> [(stage: any Stage, canonical: CanonicalValue)] { [] }

    func check(_ facts: RecipeFacts, at index: Int) {
        guard index != facts.stages.count - 1 else { return }
        facts.problems.add(
            "a report is the last stage", at: facts.stages[index].location, hint: "move it to the end")
    }

    func estimate(_ estimator: CostEstimator) -> CostEstimate { CostEstimate() }

    func run(_ context: StageContext) throws -> StageResult { StageResult(summary: "written") }

    var measurementNames: [String] { options.metrics.map(\.label) }

    var reportOptions: ReportOptions? { options }
}

extension KeyType<StageMetric> {
    /// The name of an output, a dot, and a metric of the stage that makes it.
    fileprivate static var stageMetric: Self {
        let summary = "STAGE.METRIC, such as student.tokens_per_second"
        return Self(
            summary: summary, placeholder: { StageMetric(artifact: "", metric: "") },
            decode: { yaml, context in
                guard case .scalar(let text, _) = yaml.content, let dot = text.lastIndex(of: ".") else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                let (name, metric) = (String(text[..<dot]), String(text[text.index(after: dot)...]))
                guard let artifact = context.artifact(named: name) else {
                    context.problems.add(
                        "no earlier stage makes \"\(name)\"", at: yaml.location,
                        hint: suggestion(for: name, among: context.artifacts.map(\.name)))
                    return nil
                }
                guard artifact.metricNames.contains(metric) else {
                    context.problems.add(
                        "a stage \(artifact.stageName) has no metric \"\(metric)\"", at: yaml.location,
                        hint: suggestion(for: metric, among: artifact.metricNames))
                    return nil
                }
                return (StageMetric(artifact: name, metric: metric), .text("\(name).\(metric)"))
            }, canonical: { .text("\($0.artifact).\($0.metric)") })
    }
}
