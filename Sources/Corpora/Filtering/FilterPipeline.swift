import Foundation
import Support

/// Runs filters over a corpus, in order: each sees the records that those before it have kept.
///
///     let pipeline = FilterPipeline([LengthFilter(of: .answer, minimum: 20), ExactDuplicateFilter()])
///     let report = try pipeline.run(CorpusReader([url]), to: clean)
///     print(report.summary)                       // 930 of 1000 records kept, 96.1% of the characters
///
/// Records are streamed: memory does not depend on their number, except for what duplicates are compared with (see the filters). Which
/// records are kept depends on their order alone, not on threads. A filter that reads all records before it judges one
/// (`RecordFilter.needsSurvey`) takes a further pass over the files through the filters before it.
public struct FilterPipeline: Sendable {
    /// A filter and the name of its kind.
    public struct Step: Sendable {
        let kind: String
        let filter: any RecordFilter

        /// - Parameters:
        ///   - kind: the name in the report
        ///   - filter: the filter
        public init(_ kind: String, _ filter: any RecordFilter) { (self.kind, self.filter) = (kind, filter) }
    }

    private let steps: [Step]

    /// Filters with the names of their kinds in the report.
    public init(_ steps: [Step]) { self.steps = steps }

    /// Filters, which the report calls by their types.
    public init(_ filters: [any RecordFilter]) { steps = filters.map { Step("\(type(of: $0))", $0) } }

    /// Filters files into a JSONL file.
    ///
    /// A kept record is written as the bytes of its line, followed by `\n`; a document of a text file as `{"text": …}`. Files appear
    /// under their names once they are complete.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - output: where kept records go
    ///   - removed: where removed records go, one line each: `{"filter", "reason", "file", "line", "record"}`; nil for nowhere
    ///   - directory: for temporary files
    ///   - scores: a directory where the values that models give records are kept, so that a run that is killed and started again does not
    ///     compute them twice; nil for nowhere
    /// - Throws: `UserError` for mistakes in the files, for a file that is compared with itself, and if the disk is full;
    ///   `Interrupted` after a signal
    public func run(
        _ reader: CorpusReader, to output: URL, removed: URL? = nil, in directory: URL = .temporaryDirectory,
        scores: URL? = nil, stage: String = "filter", progress: @escaping ProgressHandler = { _ in }
    ) throws -> FilterReport {
        var report = FilterReport(filters: [])
        try AtomicFile.write(to: output) { kept in
            func write(to removed: (RemovedRecord) throws -> Void) throws {
                report = try run(
                    reader, in: directory, scores: scores, stage: stage, progress: progress,
                    kept: { try kept.writeLine($0) }, removed: removed)
            }
            guard let removed else { return try write { _ in } }
            try AtomicFile.write(to: removed) { writer in
                try write { try writer.writeLine($0.line()) }
            }
        }
        return report
    }

    /// Filters files; `kept` receives lines without their line breaks, `removed` the other records, each in order.
    ///
    /// - Throws: as `run(_:to:removed:in:stage:progress:)`, and what the receivers throw
    public func run(
        _ reader: CorpusReader, in directory: URL = .temporaryDirectory, scores: URL? = nil,
        stage: String = "filter", progress: @escaping ProgressHandler = { _ in }, kept: (Data) throws -> Void,
        removed: (RemovedRecord) throws -> Void = { _ in }
    ) throws -> FilterReport {
        try reader.requireInputs()
        try reader.refuseComparison(with: steps.map { ($0.kind, $0.filter.references) })
        let values = scores ?? TemporaryNames.reserve(for: directory.appending(path: "scores"))
        defer {
            if scores == nil {
                try? FileManager.default.removeItem(at: values)
                TemporaryNames.release(values)
            }
        }
        func label(_ number: Int) -> String { "\(number + 1)-\(steps[number].kind)" }
        func prepare(_ steps: Range<Int>, first: Bool) throws {
            for number in steps {
                try self.steps[number].filter.prepare(
                    in: FilterWorkspace(
                        directory: directory, isFirstPass: first, scores: values, label: label(number),
                        stage: stage, progress: progress))
            }
        }
        try prepare(steps.indices, first: true)
        for (number, step) in steps.enumerated() where step.filter.needsSurvey {
            var run = FilterRun(steps: Array(steps[..<number]))
            try reader.forEachCandidates(stage: "\(stage): \(label(number))", progress: progress) {
                try step.filter.survey(run.passing($0))
            }
            try prepare(0..<number + 1, first: false)
        }
        var run = FilterRun(steps: steps)
        try reader.forEachCandidates(stage: stage, progress: progress) {
            try run.add($0, kept: kept, removed: removed)
        }
        return run.finished()
    }
}

/// Filters and their counts so far.
private struct FilterRun {
    let steps: [FilterPipeline.Step]
    var report: FilterReport

    init(steps: [FilterPipeline.Step]) {
        self.steps = steps
        report = FilterReport(filters: steps.map { .init(kind: $0.kind, part: $0.filter.part) })
    }

    mutating func add(
        _ records: [CandidateRecord], kept: (Data) throws -> Void,
        removed: (RemovedRecord) throws -> Void
    ) throws {
        let reasons = try judge(records)
        for (record, reason) in zip(records, reasons) {
            if let reason {
                try removed(note(record, removedBy: reason.step, for: reason.reason))
            } else {
                report.kept.add(record.record)
                try kept(record.lineBytes())
            }
        }
    }

    /// The records that pass all filters.
    mutating func passing(_ records: [CandidateRecord]) throws -> [CandidateRecord] {
        let reasons = try judge(records)
        return zip(records, reasons).filter { $0.1 == nil }.map(\.0)
    }

    /// For each record the filter that removes it and why.
    private mutating func judge(
        _ records: [CandidateRecord]
    ) throws -> [(step: Int, reason: String)?] {
        for record in records { report.read.add(record.record) }
        var reasons = [(step: Int, reason: String)?](repeating: nil, count: records.count)
        var passing = Array(records.indices)
        for (number, step) in steps.enumerated() where !passing.isEmpty {
            let verdicts = try step.filter.judge(passing.map { records[$0] })
            precondition(verdicts.count == passing.count, "a filter gives one verdict a record")
            report.filters[number].examined += passing.count
            for (index, verdict) in zip(passing, verdicts) {
                switch verdict {
                case .keep: break
                case .unjudged: report.filters[number].unjudged += 1
                case .remove(let reason): reasons[index] = (number, reason)
                }
            }
            passing.removeAll { reasons[$0] != nil }
        }
        return reasons
    }

    private mutating func note(
        _ record: CandidateRecord, removedBy step: Int, for reason: String
    ) -> RemovedRecord {
        report.filters[step].removed += 1
        if report.filters[step].examples.count < FilterReport.mostExamples {
            report.filters[step].examples.append(
                .init(file: record.location.file, line: record.location.line, reason: reason))
        }
        return RemovedRecord(record: record, filter: steps[step].kind, reason: reason)
    }

    func finished() -> FilterReport {
        var report = report
        for (number, step) in steps.enumerated() { report.filters[number].notes = step.filter.notes }
        return report
    }
}
