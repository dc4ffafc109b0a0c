import Foundation
import Support
import Tensors

// M rows, C width of the student, D of the teacher.

extension FeatureKind {
    /// Mean over positions of ‖W h_s − h_t‖² / D (FitNets, arXiv 1412.6550; TinyBERT, arXiv 1909.10351).
    static let hiddenMSE = FeatureKind(
        name: "hidden_mse",
        summary: "Mean squared difference of hidden states, the student's projected by a learned matrix.",
        usualLayers: .all, hasProjector: true
    ) { pair in
        pair.compareHidden { student, teacher, gradient, width in
            var sum = 0.0
            for i in 0..<width {
                let difference = student[i] - teacher[i]
                sum += Double(difference * difference)
                gradient[i] = 2 * difference / Float(width)
            }
            return sum / Double(width)
        }
    }

    /// Mean over positions of 1 − cos(W h_s, h_t).
    static let hiddenCosine = FeatureKind(
        name: "hidden_cosine",
        summary: "1 − cosine of hidden states, the student's projected by a learned matrix.",
        usualLayers: .all, hasProjector: true
    ) { pair in
        pair.compareHidden { student, teacher, gradient, width in
            var dots: (Float, Float, Float) = (0, 0, 0)
            for i in 0..<width {
                dots.0 += student[i] * teacher[i]
                dots.1 += student[i] * student[i]
                dots.2 += teacher[i] * teacher[i]
            }
            // Bounded below, since rows of zeros have no direction.
            let lengths = (max(dots.1, 1e-30).squareRoot(), max(dots.2, 1e-30).squareRoot())
            let cosine = dots.0 / (lengths.0 * lengths.1)
            for i in 0..<width {
                gradient[i] = (cosine * student[i] / lengths.0 - teacher[i] / lengths.1) / lengths.0
            }
            return Double(1 - cosine)
        }
    }
}

extension FeaturePair {
    /// Compares the hidden states at the M positions one by one; the mean is the loss.
    ///
    /// - Parameter compare: returns a row's loss and writes its gradient
    fileprivate func compareHidden(
        _ compare: (
            _ student: UnsafePointer<Float>, _ teacher: UnsafePointer<Float>,
            _ gradient: UnsafeMutablePointer<Float>, _ width: Int
        ) -> Double
    ) -> FeatureValue {
        let rows = gatherRows(student.hidden, at: student.rows)
        let projected = projector.map { linear(rows, weight: $0) } ?? rows
        let target = gatherRows(teacher.hidden, at: teacher.rows)
        let gradient = Tensor(shape: projected.shape)
        let losses = Tensor(shape: [max(projected.rows, 1)])
        Parallel.forRanges(of: projected.rows, grain: 64) { rows in
            for row in rows {
                losses.pointer[row] = Float(
                    compare(
                        projected.pointer(row: row), target.pointer(row: row), gradient.pointer(row: row),
                        projected.width))
            }
        }
        let fraction = 1 / Float(max(projected.rows, 1))
        kernels.scale(gradient.pointer, fraction, gradient.count)
        let sum = losses.values.prefix(projected.rows).reduce(0.0) { $0 + Double($1) }
        return FeatureValue(loss: sum * Double(fraction), gradients: [(projected, gradient)])
    }
}
