import Foundation
import Reports
import Support
import Tensors

/// Carries out a plan in its run directory.
public struct RecipeRunner {
    /// Does a stage; tests put another in its place.
    package var perform: (any Stage, StageContext) throws -> StageResult = { try $0.run($1) }
    /// The version that reports and records name.
    public var toolVersion: String
    /// The parent of run directories.
    public var runs: URL
    /// Receives the events of the run.
    public var progress: ProgressHandler

    /// A runner that creates run directories in `runs`.
    public init(toolVersion: String, runs: URL, progress: @escaping ProgressHandler) {
        self.toolVersion = toolVersion
        self.runs = runs
        self.progress = progress
    }

    /// The result of a run.
    public struct Outcome: Sendable {
        /// The run directory.
        public let directory: URL
        /// What was measured.
        public let report: ReportData
        /// Stages done by this call, and stages found finished.
        public let performed, reused: Int
    }

    /// Does what is not done yet: a finished stage is reused, a half-done one resumes from its work directory.
    ///
    /// - Parameter fresh: Whether to do everything again.
    /// - Throws: What a stage throws, or `UserError` if the directory cannot be used or a stage needs more memory than there
    ///   can be.
    public func run(_ plan: Plan, fresh: Bool = false) throws -> Outcome {
        let url = runs.appending(path: plan.name, directoryHint: .isDirectory)
        let resources = ResourceCheck(plan, in: url, fresh: fresh)
        try resources.requireMemory()
        for instance in plan.stages where fresh || !RunDirectory.isRecorded(instance, in: url) {
            try instance.stage.requireEnvironment()
        }
        try MatrixProduct.prepare()
        if let disk = resources.disk { progress(.note("warning: \(disk)")) }
        let directory = try RunDirectory(url, for: plan, fresh: fresh)
        var record = record(of: plan)
        try directory.write(try plan.file.snapshot(), named: "recipe.yaml")
        try directory.write(record)
        try directory.removeViews(of: plan)
        var performed = 0
        for (index, instance) in plan.stages.enumerated() {
            progress(.entered(stage: instance.label, number: index + 1, of: plan.stages.count))
            for file in try directory.removeDamaged(of: instance) {
                try tell(
                    .note(
                        "\(instance.label): \(file.relativePath) is missing or damaged: it has not the SHA-256 "
                            + "it was written with; the stage is done again"), directory)
            }
            if let earlier = directory.record(of: instance) {
                try tell(.note("\(instance.label): reused, \(earlier.result.summary)"), directory)
            } else {
                try finish(instance, in: directory, plan: plan)
                performed += 1
            }
            try directory.link(instance, in: plan)
        }
        let report = try ReportData(plan: plan, directory: directory, toolVersion: toolVersion)
        if plan.report != nil {
            try directory.write(MarkdownReport(report).text, named: "report.md")
            try directory.write(HTMLReport(report).text, named: "report.html")
        }
        record.finished = Date()
        try directory.write(record)
        return Outcome(
            directory: url, report: report, performed: performed, reused: plan.stages.count - performed)
    }

    private func record(of plan: Plan) -> RunRecord {
        let recipe = URL(filePath: plan.file.path, relativeTo: plan.file.directory).standardizedFileURL
        return RunRecord(
            name: plan.name, recipe: recipe.path, toolVersion: toolVersion, seed: plan.file.recipe.seed,
            machine: .current, started: Date(),
            runs: plan.runs.map { run in
                RunRecord.Run(
                    variant: run.variant, seed: run.seed, folder: run.folder,
                    stages: run.stages.map { plan.instance($0).directoryName })
            })
    }

    private func finish(_ instance: StageInstance, in directory: RunDirectory, plan: Plan) throws {
        let manager = FileManager.default
        let work = directory.directory(of: instance).appending(path: "work", directoryHint: .isDirectory)
        try manager.createDirectories(at: work)
        try TemporaryNames.removeLeftovers(in: directory.directory(of: instance))
        let started = Date()
        var failure: (any Error)?
        let context = StageContext(
            seed: instance.seed, outputs: directory.outputs(of: instance), work: work,
            metrics: MetricsLog(at: directory.metrics(of: instance)), journals: directory.journals,
            label: instance.label,
            progress: { event in
                do { try tell(event, directory) } catch { failure = failure ?? error }
            },
            chats: instance.chats,
            resolve: { reference in
                switch instance.inputs[reference.target] {
                case .file(let url): url
                case .output(let index, let key): directory.outputs(of: plan.instance(key))[index]
                case nil: preconditionFailure("\(reference.name) is not an input of \(instance.label)")
                }
            })
        let result: StageResult
        do {
            result = try perform(instance.stage, context)
        } catch let error as UserError {
            throw directory.advising(error)
        }
        // The next stage has models and batches of other shapes.
        BufferPool.shared.trim()
        if let failure { throw failure }
        precondition(
            directory.hasOutputs(of: instance),
            "the stage \(instance.label) left no \(context.outputs.map(\.path))")
        let seconds = Date().timeIntervalSince(started)
        try directory.finish(
            instance,
            StageRecord(
                cacheKey: instance.cacheKey, kind: instance.kind, label: instance.label,
                seed: instance.seed, settings: instance.canonical, started: started, seconds: seconds,
                result: result,
                digests: try directory.digests(of: instance)))
        try manager.removeItem(at: work)
        try tell(.finished(stage: instance.label, summary: result.summary), directory)
    }

    private func tell(_ event: ProgressEvent, _ directory: RunDirectory) throws {
        progress(event)
        try directory.log(event)
    }
}
