import Foundation
import Tensors

// S sequences of a batch, each the mean of its rows before targets; C width.

extension FeatureKind {
    /// Relational distillation by distances (RKD, arXiv 1904.05068): Huber loss between the pairwise distances of sequences, each divided by the
    /// model's mean distance. Widths may differ.
    static let distances = FeatureKind(
        name: "rkd_distance",
        summary: "Distances between the sequences of a batch, relative to their mean (RKD).",
        usualLayers: .last
    ) { pair in
        pair.compareGeometry { Geometry.distances($0, $1) }
    }

    /// Relational distillation by angles (RKD, arXiv 1904.05068): Huber loss between the cosines of the angles of all triples of
    /// sequences.
    static let angles = FeatureKind(
        name: "rkd_angle", summary: "Cosines of the angles between the sequences of a batch (RKD).",
        usualLayers: .last
    ) { pair in
        pair.compareGeometry { Geometry.angles($0, $1) }
    }
}

extension FeaturePair {
    /// Compares the mean hidden states of the batch's sequences; with fewer than three the loss is 0.
    fileprivate func compareGeometry(
        _ compare: (_ student: [[Double]], _ teacher: [[Double]]) -> (loss: Double, gradient: [[Double]])
    ) -> FeatureValue {
        let gradient = Tensor.zeros(student.hidden.shape)
        let groups = student.targetRows
        guard groups.count >= 3 else { return FeatureValue(loss: 0, gradients: [(student.hidden, gradient)]) }
        let result = compare(student.means(groups), teacher.means(teacher.targetRows))
        for (group, change) in zip(groups, result.gradient) {
            for row in group {
                let out = gradient.pointer(row: row)
                for i in 0..<gradient.width { out[i] = Float(change[i] / Double(group.count)) }
            }
        }
        return FeatureValue(loss: result.loss, gradients: [(student.hidden, gradient)])
    }
}

extension FeatureView {
    /// The rows before targets of each sequence that has any.
    fileprivate var targetRows: [[Int]] {
        var groups = [[Int]](repeating: [], count: sequences)
        var sequence = 0
        for row in rows {
            while row >= segments[sequence + 1] { sequence += 1 }
            groups[sequence].append(row)
        }
        return groups.filter { !$0.isEmpty }
    }

    fileprivate func means(_ groups: [[Int]]) -> [[Double]] {
        groups.map { group in
            (0..<hidden.width).map { i in
                group.reduce(0.0) { $0 + Double(hidden.pointer(row: $1)[i]) } / Double(group.count)
            }
        }
    }
}

/// Distances and angles of a few points, with gradients. A batch has tens of sequences, so simple loops in Double suffice.
private enum Geometry {
    /// ½ x² up to 1, then |x| − ½, and its derivative.
    static func huber(_ x: Double) -> (value: Double, slope: Double) {
        abs(x) <= 1 ? (0.5 * x * x, x) : (abs(x) - 0.5, x < 0 ? -1 : 1)
    }

    /// The direction of a − b and its length, bounded below.
    static func edge(_ a: [Double], _ b: [Double]) -> (direction: [Double], length: Double) {
        let difference = zip(a, b).map { $0 - $1 }
        let length = max(difference.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        return (difference.map { $0 / length }, length)
    }

    static func distances(
        _ student: [[Double]], _ teacher: [[Double]]
    ) -> (loss: Double, gradient: [[Double]]) {
        let pairs = student.indices.flatMap { i in (0..<i).map { (i, $0) } }
        let edges = pairs.map { edge(student[$0.0], student[$0.1]) }
        let count = Double(pairs.count)
        let mean = edges.reduce(0) { $0 + $1.length } / count
        let target = pairs.map { edge(teacher[$0.0], teacher[$0.1]).length }
        let targetMean = target.reduce(0, +) / count
        let terms = zip(edges, target).map { huber($0.length / mean - $1 / targetMean) }
        // A distance changes its own ratio and, through the mean, all of them.
        let common = zip(terms, edges).reduce(0) { $0 + $1.0.slope * $1.1.length / mean } / count
        var gradient = student.map { $0.map { _ in 0.0 } }
        for (index, (i, j)) in pairs.enumerated() {
            let slope = (terms[index].slope - common) / (mean * count)
            for (k, direction) in edges[index].direction.enumerated() {
                gradient[i][k] += slope * direction
                gradient[j][k] -= slope * direction
            }
        }
        return (terms.reduce(0) { $0 + $1.value } / count, gradient)
    }

    static func angles(
        _ student: [[Double]], _ teacher: [[Double]]
    ) -> (loss: Double, gradient: [[Double]]) {
        let points = student.indices
        let count = Double(points.count * (points.count - 1) * (points.count - 2) / 2)
        var (loss, gradient) = (0.0, student.map { $0.map { _ in 0.0 } })
        for vertex in points {
            let others = points.filter { $0 != vertex }
            let edges = others.map { edge(student[$0], student[vertex]) }
            let targets = others.map { edge(teacher[$0], teacher[vertex]).direction }
            for a in edges.indices {
                for b in 0..<a {
                    let (u, v) = (edges[a].direction, edges[b].direction)
                    let cosine = dotProduct(u, v)
                    let term = huber(cosine - dotProduct(targets[a], targets[b]))
                    loss += term.value / count
                    for k in u.indices {
                        let du = term.slope * (v[k] - cosine * u[k]) / (edges[a].length * count)
                        let dv = term.slope * (u[k] - cosine * v[k]) / (edges[b].length * count)
                        gradient[others[a]][k] += du
                        gradient[others[b]][k] += dv
                        gradient[vertex][k] -= du + dv
                    }
                }
            }
        }
        return (loss, gradient)
    }
}
