import TestSupport
import Tensors
import Testing

@testable import Signals
@testable import Training

/// Every divergence over outcomes at temperatures 1 and 2: from whole and from top-k distributions.
let everyDivergence: [Loss] = [1, 2].flatMap { temperature -> [Loss] in
    [
        .forwardKL(temperature: temperature), .reverseKL(temperature: temperature),
        .totalVariation(temperature: temperature), .skewForwardKL(temperature: temperature),
        .skewReverseKL(alpha: 0.3, temperature: temperature), .adaptiveKL(temperature: temperature),
    ] + [0, 0.1, 0.5, 0.9, 1].map { .jensenShannon(beta: $0, temperature: temperature) }
        + [(0.2, 0.7), (1, 0), (0, 1), (0.5, 0), (0, 0.5), (1, 1)].map {
            .alphaBeta(alpha: $0, beta: $1, temperature: temperature)
        }
}

/// Losses that need the teacher's whole distribution or its logits.
let everyWholeLoss: [Loss] =
    [.logitMSE, Loss(.logitMSE, standardizesLogits: true)]
    + [1, 2].flatMap { temperature -> [Loss] in
        [
            .universalLogit(temperature: temperature),
            Loss(.forwardKL, temperature: temperature, standardizesLogits: true),
            Loss(.skewReverseKL, temperature: temperature, standardizesLogits: true),
        ]
    }

let everyLoss = [.crossEntropy] + everyDivergence + everyWholeLoss

/// Runs `RowLoss` on one row; writing outside the logits is an issue.
func evaluateRow(
    _ terms: [WeightedLoss], logits: [Float], target: Int = 0, drawn: DrawnToken? = nil,
    teacher: PlainTeacher? = nil, scale: Float = 1, sourceLocation: SourceLocation = #_sourceLocation
) -> (losses: [Float], gradient: [Float], squaredNorms: [Float]) {
    let signal = teacher?.signal(temperature: terms.last!.loss.temperature)
    let teacherVocabulary: Int? = if case .dense(let values)? = teacher { values.count } else { nil }
    let rowLoss = RowLoss(
        terms: terms, vocabulary: logits.count, teacherVocabulary: teacherVocabulary,
        entries: signal?.mostEntries ?? 0)
    let report = Tensor(shape: [2, terms.count])
    report.fill(.nan)
    func run(_ buffer: UnsafeMutablePointer<Float>, _ teacher: RowLoss.Teacher) {
        rowLoss.evaluate(
            logits: buffer, target: Int32(target), drawn: drawn, teacher: teacher, scale: scale,
            report: RowLoss.Report(losses: report.pointer(row: 0), squaredNorms: report.pointer(row: 1)))
    }
    let gradient = guarded(logits.count, initial: logits, sourceLocation: sourceLocation) { buffer in
        switch teacher {
        case nil: run(buffer, .none)
        case .dense(let values):
            var values = values.map(Float.init)
            values.withUnsafeMutableBufferPointer { run(buffer, .dense(logits: [$0.baseAddress!])) }
        case .topK, .sampled: run(buffer, .sparse(signal!, position: 0))
        }
    }
    let values = report.values
    return (Array(values.prefix(terms.count)), gradient, Array(values.suffix(terms.count)))
}
