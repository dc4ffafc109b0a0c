import Corpora
import Foundation
import Support

/// Writes the answers of a corpus that a judge finds good, with what it found in `meta.judge`.
///
///     let judged = JudgedCorpus(judge: MajorityJudge(), keeping: .best)
///     let (report, _) = try judged.run(context, to: output)
public struct JudgedCorpus {
    /// Which answers are written.
    public enum Keep: String, CaseIterable, Sendable {
        /// The best answer to each prompt.
        case best
        /// All answers.
        case all
    }

    /// The key of `meta` that a judgement is written to.
    public static let key = "judge"

    private let judge: any AnswerJudge
    private let keep: Keep
    private let least: Double?

    /// - Parameters:
    ///   - judge: the way of judging
    ///   - keep: which answers are written
    ///   - least: answers with a lower score, and those without one, are left out; nil for no bound. Of the best of each prompt those without
    ///     a score are left out in any case
    public init(judge: any AnswerJudge, keeping keep: Keep, atLeast least: Double? = nil) {
        (self.judge, self.keep, self.least) = (judge, keep, least)
    }

    /// Judges a corpus.
    ///
    /// Records keep their order, and all their bytes but `meta.judge`: `{"method", "score", "answers", …}`, or `{"method", "reason"}` of an
    /// answer that could not be judged.
    ///
    /// - Parameters:
    ///   - context: the corpus and where the judge works
    ///   - output: the JSONL file; appears under its name once it is complete
    /// - Throws: `UserError` for mistakes in the files or the model, and if the disk is full; `Interrupted`
    public func run(_ context: JudgeContext, to output: URL) throws -> (
        report: JudgeReport, judgements: Judgements
    ) {
        let judgements = try judge.judge(context)
        precondition(
            judgements.answers.count == context.groups.recordCount, "a judge finds something of each answer")
        var report = JudgeReport(
            method: judge.method, model: judge.model, records: context.groups.recordCount,
            prompts: context.groups.promptCount, counts: judgements.counts)
        let isKept = choose(judgements.answers, context.groups, &report)
        count(judgements.answers, isKept, &report)
        try AtomicFile.write(to: output) { writer in
            var record = 0
            try context.reader.forEachCandidates(
                stage: "\(context.stage), writing", progress: context.progress
            ) { candidates in
                for candidate in candidates {
                    let judgement = judgements.answers[record]
                    if judgement.score == nil, report.examples.count < JudgeReport.mostExamples {
                        report.examples.append(
                            .init(
                                file: candidate.location.file, line: candidate.location.line,
                                reason: judgement.reason ?? ""))
                    }
                    if isKept[record] {
                        let answers = context.groups.recordsOfPrompt[context.groups.promptOfRecord[record]]
                            .count
                        try writer.writeLine(
                            try candidate.lineBytes(
                                settingMeta: Self.key, to: value(of: judgement, answers: answers)))
                    }
                    record += 1
                }
            }
        }
        return (report, judgements)
    }

    private func value(of judgement: Judgement, answers: Int) -> Data {
        var members = [OrderedJSON.Member("method", .string(judge.method))]
        if let model = judge.model { members.append(.init("model", .string(model))) }
        if let score = judgement.score {
            // Six digits are more than any method is sure of.
            members.append(.init("score", .number((score * 1e6).rounded() / 1e6)))
        }
        members += judgement.details
        if let reason = judgement.reason { members.append(.init("reason", .string(reason))) }
        members.append(.init("answers", .integer(answers)))
        return Data(OrderedJSON.object(members).text.utf8)
    }

    /// Whether each answer is written.
    private func choose(
        _ judgements: [Judgement], _ groups: AnswerGroups, _ report: inout JudgeReport
    ) -> [Bool] {
        var isKept = [Bool](repeating: false, count: judgements.count)
        for records in groups.recordsOfPrompt {
            let passing = records.filter { record in
                guard let score = judgements[record].score else { return keep == .all && least == nil }
                guard score >= least ?? -.infinity else {
                    report.below += 1
                    return false
                }
                return true
            }
            if passing.isEmpty { report.promptsWithoutAnswer += 1 }
            let best = passing.compactMap { judgements[$0].score }.max()
            let tied = passing.filter { best != nil && judgements[$0].score == best }
            if tied.count > 1,
                tied.contains(where: { judgements[$0].choice == nil })
                    || Set(tied.map { judgements[$0].choice }).count > 1
            {
                report.tiedPrompts += 1
            }
            for record in keep == .all ? passing : Array(tied.prefix(1)) { isKept[record] = true }
        }
        return isKept
    }

    private func count(_ judgements: [Judgement], _ isKept: [Bool], _ report: inout JudgeReport) {
        let scores = judgements.compactMap(\.score)
        let kept = zip(judgements, isKept).filter(\.1).compactMap(\.0.score)
        report.judged = scores.count
        report.unjudged = judgements.count - scores.count
        report.kept = isKept.count { $0 }
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        (report.meanScore, report.meanKeptScore) = (mean(scores), mean(kept))
        guard scores.allSatisfy({ $0 == $0.rounded() }) else { return }
        let counted = Dictionary(grouping: scores) { String(Int($0)) }.mapValues(\.count)
        if counted.count <= JudgeReport.mostScores { report.scores = counted }
    }
}
