import Support
import Tensors

// T tokens of a sequence, D components.

/// A causal softmax map: row i is softmax(x_i · y_j · scale) over j ≤ i. Of queries and keys it is attention; of equal vectors a
/// relation.
struct CausalMap {
    /// [T, D] each
    let x: MatrixView
    let y: MatrixView
    let scale: Float

    /// - Parameter map: [T, T], zeros above the diagonal
    func write(to map: UnsafeMutablePointer<Float>) {
        let length = x.rows
        MatrixProduct.multiplySerially(x, y.transposed, into: MatrixView(map, rows: length, columns: length))
        let logSums = Tensor(shape: [length])
        kernels.causal_softmax(map, length, length, length, 1, length, scale, logSums.pointer, 1)
    }

    /// Adds the gradients of x and y; `dx` and `dy` may be the same.
    ///
    /// - Parameter dscores: [T, T], the gradient with respect to x · y · scale, zeros above the diagonal
    func backward(dscores: UnsafeMutablePointer<Float>, dx: MatrixView, dy: MatrixView) {
        let scores = MatrixView(dscores, rows: x.rows, columns: x.rows)
        MatrixProduct.multiplySerially(scores, y, into: dx, alpha: scale, beta: 1)
        MatrixProduct.multiplySerially(scores.transposed, x, into: dy, alpha: scale, beta: 1)
    }
}

extension FeatureView {
    /// Columns `columns` of the queries, keys and values of sequence `index`, of this view's activations or of a gradient
    /// of the same shape.
    func block(_ index: Int, columns: Range<Int>, of tensor: Tensor? = nil) -> MatrixView {
        let tensor = tensor ?? queryKeyValue
        return MatrixView(
            tensor.pointer + segments[index] * tensor.width + columns.lowerBound,
            rows: segments[index + 1] - segments[index], columns: columns.count, stride: tensor.width)
    }

    var sequences: Int { segments.count - 1 }
    /// Tokens of the longest sequence.
    var longest: Int { zip(segments, segments.dropFirst()).map { $1 - $0 }.max() ?? 0 }
}

extension FeaturePair {
    /// Compares the two models sequence by sequence, on all threads; the mean over sequences is the loss.
    ///
    /// - Parameter compare: returns a sequence's loss and adds its gradient to the buffer, shaped as the student's queries,
    ///   keys and values
    func compareSequences(_ compare: (_ sequence: Int, _ gradient: Tensor) -> Double) -> FeatureValue {
        precondition(student.segments == teacher.segments, "both models read the same sequences")
        let gradient = Tensor.zeros(student.queryKeyValue.shape)
        let losses = Tensor(shape: [student.sequences])
        Parallel.forEach(count: student.sequences) { losses.pointer[$0] = Float(compare($0, gradient)) }
        let fraction = 1 / Float(student.sequences)
        kernels.scale(gradient.pointer, fraction, gradient.count)
        let sum = losses.values.reduce(0.0) { $0 + Double($1) }
        return FeatureValue(loss: sum * Double(fraction), gradients: [(student.queryKeyValue, gradient)])
    }
}
