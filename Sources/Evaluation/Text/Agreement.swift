import Foundation
import Signals
import Support
import Tensors
import Transformer

/// How close a student's distributions are to its teacher's on the same text.
///
/// `Evaluator.agreement` computes it from files; `measure` from windows.
public struct Agreement: Encodable, Equatable, Sendable {
    /// Number of compared positions.
    public let tokens: Int
    /// Mean KL(teacher ‖ student), in nats.
    public let meanKL: Double
    /// Standard error of the mean KL over positions.
    public let standardError: Double
    /// Percentiles of the KL over positions, by name: p50, p90, p95, p99, max.
    public let percentiles: [String: Double]
    /// Fraction of positions where both models have the same most likely token.
    public let topAgreement: Double
    /// Root mean square of the difference between the two probabilities of the text's next token.
    public let probabilityDifference: Double
    /// Expected calibration error of the student on the text, in 15 bins; see `Calibration`.
    public let calibrationError: Double
    /// What was read and how it was divided into windows; nil where windows were given.
    public internal(set) var counted: CountedText?
    /// Sums of the KL over the windows, for comparison with another student.
    public let items: ItemSums

    private enum CodingKeys: String, CodingKey {
        case tokens, meanKL, standardError, percentiles, topAgreement, probabilityDifference,
            calibrationError, counted
    }

    /// Compares two models that share a vocabulary.
    ///
    /// - Parameters:
    ///   - student: its distributions are compared
    ///   - teacher: with these
    ///   - windows: of text
    ///   - progress: called with the number of windows done and of tokens run
    /// - Complexity: 4 bytes are kept per position, for the percentiles
    public static func measure(
        student: DecoderModel, teacher: DecoderModel, windows: [Window],
        progress: ((_ windows: Int, _ tokens: Int) -> Void)? = nil
    ) -> Agreement {
        var rest = windows.makeIterator()
        return measure(
            student: student, teacher: teacher, windows: { () throws(Never) in rest.next() }, progress)
    }

    /// As above, of windows that are made one after another.
    static func measure<Failure: Error>(
        student: DecoderModel, teacher: DecoderModel, windows next: () throws(Failure) -> Window?,
        _ progress: ((_ windows: Int, _ tokens: Int) -> Void)? = nil
    ) throws(Failure) -> Agreement {
        precondition(
            student.configuration.vocabularySize == teacher.configuration.vocabularySize,
            "student and teacher share a vocabulary")
        var (divergences, sameTop, squares): ([Float], Int, Double) = ([], 0, 0)
        var (calibration, items) = (Calibration(), ItemSums())
        var (done, tokens) = (0, 0)
        try forEachBatch(of: next) { windows in
            let packed = TrainingBatch(windows: windows[...])
            let rows = compare(student: student, teacher: teacher, packed)
            divergences += rows.map(\.divergence)
            var rest = rows[...]
            for window in windows {
                let part = rest.prefix(window.lossMask.count { $0 })
                items.add(sum: part.reduce(0) { $0 + Double($1.divergence) }, count: part.count)
                rest = rest.dropFirst(part.count)
            }
            sameTop += rows.count { $0.sameTop }
            squares += rows.reduce(0) { $0 + Double($1.difference * $1.difference) }
            for row in rows { calibration.add(confidence: row.confidence, isRight: row.isRight) }
            done += windows.count
            tokens += packed.tokens.ids.count
            progress?(done, tokens)
        }
        return Agreement(
            divergences: divergences, sameTop: sameTop, squares: squares, calibrationError: calibration.error,
            items: items)
    }

    private init(
        divergences: [Float], sameTop: Int, squares: Double, calibrationError: Double, items: ItemSums
    ) {
        self.items = items
        self.calibrationError = calibrationError
        let statistics = Statistics(divergences)
        let sorted = divergences.sorted()
        tokens = divergences.count
        meanKL = statistics.mean
        standardError = statistics.standardError
        percentiles = [
            "p50": sorted.percentile(0.5), "p90": sorted.percentile(0.9), "p95": sorted.percentile(0.95),
            "p99": sorted.percentile(0.99), "max": sorted.percentile(1),
        ]
        topAgreement = Double(sameTop) / Double(tokens)
        probabilityDifference = (squares / Double(tokens)).squareRoot()
    }

    private struct Row {
        var divergence: Float = 0
        var sameTop = false
        var difference: Float = 0
        /// The student's largest probability, and whether it is that of the next token.
        var confidence: Float = 0
        var isRight = false
    }

    private static func compare(student: DecoderModel, teacher: DecoderModel, _ batch: TrainingBatch) -> [Row]
    {
        let (studentHidden, teacherHidden) = (
            student.frozenHiddenStates(batch.tokens, at: batch.positions),
            teacher.frozenHiddenStates(batch.teacherTokens, at: batch.teacherPositions)
        )
        let vocabulary = student.head.rows
        let chunk = LogitsChunks.rows(of: student.head)
        let teacherLogits = Tensor(shape: [chunk, vocabulary])
        var result = [Row](repeating: Row(), count: batch.targets.count)
        LogitsChunks.forEach(hidden: studentHidden, head: student.head) { rows, logits in
            teacher.head.project(
                teacherHidden.matrix(rows: rows), into: teacherLogits.matrix(rows: 0..<rows.count))
            result.withUnsafeMutableBufferPointer { result in
                let out = result.baseAddress! + rows.lowerBound
                Parallel.forRanges(of: rows.count, grain: 16) { range in
                    for row in range {
                        out[row] = compareRow(
                            studentLogits: logits.pointer + row * logits.stride,
                            teacherLogits: teacherLogits.pointer(row: row), count: vocabulary,
                            target: Int(batch.targets[rows.lowerBound + row]))
                    }
                }
            }
        }
        return result
    }

    /// Both rows of logits are overwritten by probabilities.
    private static func compareRow(
        studentLogits q: UnsafeMutablePointer<Float>, teacherLogits p: UnsafeMutablePointer<Float>,
        count: Int,
        target: Int
    ) -> Row {
        let top = kernels.argmax(q, count)
        let sameTop = top == kernels.argmax(p, count)
        for z in [p, q] {
            let sum = LogSumExp(z, count: count)
            // Logits that are not finite have no distribution.
            guard sum.isFinite else { return Row(divergence: .nan) }
            sum.softmax(of: z, into: z, count: count)
        }
        // Rounding can leave a divergence of equal rows slightly below 0.
        return Row(
            divergence: max(0, kernels.kl_divergence(p, q, count)), sameTop: sameTop,
            difference: q[target] - p[target], confidence: q[Int(top)], isRight: Int(top) == target)
    }
}
