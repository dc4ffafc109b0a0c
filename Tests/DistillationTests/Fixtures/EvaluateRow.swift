import TestSupport
import Tensors
import Testing

@testable import Distillation

/// Every loss at temperatures 1 and 2.
let everyLoss: [Loss] =
    [.crossEntropy]
    + [1, 2].flatMap { temperature in
        [.forwardKL(temperature: temperature), .reverseKL(temperature: temperature)]
            + [0.1, 0.5, 0.9].map { Loss.jensenShannon(beta: $0, temperature: temperature) }
    }

let everyDivergence = everyLoss.filter(\.needsTeacher)

/// Runs `RowLoss` on one row; writing outside the logits is an issue.
func evaluateRow(
    _ terms: [WeightedLoss], logits: [Float], target: Int = 0, teacher: PlainTeacher? = nil, scale: Float = 1,
    sourceLocation: SourceLocation = #_sourceLocation
) -> (losses: [Float], gradient: [Float]) {
    let signal = teacher?.signal(temperature: terms.last!.loss.temperature)
    let rowLoss = RowLoss(terms: terms, vocabulary: logits.count, entries: signal?.mostEntries ?? 0)
    var losses = [Float](repeating: .nan, count: terms.count)
    func run(_ buffer: UnsafeMutablePointer<Float>, _ teacher: RowLoss.Teacher) {
        rowLoss.evaluate(
            logits: buffer, target: Int32(target), teacher: teacher, scale: scale, losses: &losses)
    }
    let gradient = guarded(logits.count, initial: logits, sourceLocation: sourceLocation) { buffer in
        switch teacher {
        case nil: run(buffer, .none)
        case .dense(let values):
            var values = values.map(Float.init)
            values.withUnsafeMutableBufferPointer { run(buffer, .dense(logits: $0.baseAddress!)) }
        case .topK, .sampled: run(buffer, .sparse(signal!, position: 0))
        }
    }
    return (losses, gradient)
}
