import Foundation
import Tensors

// M rows, V vocabulary.

/// Mean cross-entropy over the rows, −ln softmax(logits)[target], as plainly as it can be written. Tests only: it holds
/// M × V floats, which the toolkit's own losses never do.
///
/// - Parameters:
///   - logits: [M, V]
///   - targets: M token ids
/// - Returns: a scalar on the tape
public func plainCrossEntropy(_ logits: Tensor, targets: [Int32]) -> Tensor {
    precondition(targets.count == logits.rows, "one target per row of logits")
    let (rows, width) = (logits.rows, logits.width)
    let gradient = Tensor(shape: logits.shape)
    var loss = 0.0
    let values = logits.values
    gradient.withUnsafeMutableFloats { gradient in
        for row in 0..<rows {
            let p = Reference.softmax(values[row * width..<(row + 1) * width].map(Double.init))
            loss -= log(p[Int(targets[row])]) / Double(rows)
            for column in 0..<width {
                let wanted = column == Int(targets[row]) ? 1.0 : 0.0
                gradient[row * width + column] = Float((p[column] - wanted) / Double(rows))
            }
        }
    }
    let output = Tensor(shape: [], values: [Float(loss)])
    Tape.append(output: output, inputs: [logits]) { doutput in
        let factor = doutput.values[0]
        gradient.withUnsafeMutableFloats { for i in $0.indices { $0[i] *= factor } }
        logits.gradientSlot?.adopt(gradient)
    }
    return output
}
