import Corpora
import Foundation
import Support

/// Judges answers by rules: 1 for an answer that passes all of them, 0 for one that fails.
///
/// The rules are filters of corpora, such as a reference answer, a JSON schema or a pattern. An answer that passes the others but that a rule
/// cannot judge (a record without a reference) has no score.
public struct CheckerJudge: AnswerJudge {
    /// The method's name.
    public let method = "checker"
    private let filters: [(kind: String, filter: any RecordFilter)]

    /// - Parameter filters: the rules, with the names of their kinds for reasons
    public init(_ filters: [(kind: String, filter: any RecordFilter)]) { self.filters = filters }

    /// Judges all answers.
    ///
    /// - Throws: `UserError` for mistakes in the files; `Interrupted`
    public func judge(_ context: JudgeContext) throws -> Judgements {
        try context.reader.refuseComparison(with: filters.map { ($0.kind, $0.filter.references) })
        for (_, filter) in filters { try filter.prepare(in: FilterWorkspace(directory: context.work)) }
        var answers: [Judgement] = []
        var counts: [String: Double] = [:]
        try context.reader.forEachCandidates(stage: context.stage, progress: context.progress) { candidates in
            var found = [Judgement](repeating: Judgement(score: 1), count: candidates.count)
            for (kind, filter) in filters {
                let passing = candidates.indices.filter { found[$0].score != 0 }
                for (index, verdict) in zip(passing, try filter.judge(passing.map { candidates[$0] })) {
                    switch verdict {
                    case .keep: break
                    case .unjudged: found[index] = Judgement(unjudged: "\(kind) cannot judge it")
                    case .remove(let reason):
                        found[index] = Judgement(score: 0, reason: "\(kind): \(reason)")
                        counts["failed_\(kind)", default: 0] += 1
                    }
                }
            }
            answers += found
        }
        return Judgements(answers, counts: counts)
    }
}
