import Foundation
import Support
import Tensors

// T tokens of a sequence, A relation heads.

extension FeatureKind {
    /// MiniLM v2 (arXiv 2012.15828): queries, keys and values are each split into A relation heads. For each head the relations
    /// softmax(XXᵀ/√d) of each token to the preceding ones are compared by KL(teacher ‖ student), averaged over heads and
    /// tokens, and summed over queries, keys and values. Widths and numbers of heads may differ.
    static let relations = FeatureKind(
        name: "minilm", summary: "KL between the relations of queries, keys and values (MiniLM v2).",
        parameters: [
            LossKind.Parameter(
                "relation_heads", in: 1...1024, standard: 4,
                "Parts that queries, keys and values are split into; must divide their widths in both models."
            )
        ], usualLayers: .last, comparesTokens: true
    ) { pair in
        let heads = Int(pair.parameters["relation_heads"]!)
        return pair.compareSequences { sequence, gradient in
            pair.compareRelations(sequence, heads: heads, gradient: gradient)
        }
    }
}

extension WeightedFeature {
    /// Checks that relation heads divide the queries, keys and values of both models. Other kinds always pass.
    ///
    /// - Parameter widths: of all queries, and of all keys and values, of each model
    /// - Throws: `UserError` that names the accepted numbers
    public func checkRelationHeads(dividing widths: Set<Int>) throws(UserError) {
        guard kind == .relations else { return }
        let heads = Int(parameters["relation_heads"]!)
        let widths = widths.sorted()
        guard widths.contains(where: { $0 % heads != 0 }) else { return }
        let accepted = (1...widths[0]).filter { count in widths.allSatisfy { $0 % count == 0 } }
        throw UserError(
            "\(heads) relation heads do not divide the widths \(widths) of queries, keys and values",
            hint: "accepted: \(accepted.map(String.init).joined(separator: ", "))", status: .configuration)
    }
}

extension FeaturePair {
    fileprivate func compareRelations(_ sequence: Int, heads: Int, gradient: Tensor) -> Double {
        let length = student.segments[sequence + 1] - student.segments[sequence]
        let (p, q) = (Tensor(shape: [length, length]), Tensor(shape: [length, length]))
        let fraction = 1 / Float(heads * length)
        var sum = 0.0
        for (own, other) in zip(student.relationColumns(heads), teacher.relationColumns(heads)) {
            func map(_ view: FeatureView, _ columns: Range<Int>) -> CausalMap {
                let x = view.block(sequence, columns: columns)
                return CausalMap(x: x, y: x, scale: 1 / Float(columns.count).squareRoot())
            }
            map(teacher, other).write(to: p.pointer)
            let relation = map(student, own)
            relation.write(to: q.pointer)
            for row in 0..<length {
                let visible = row + 1
                for column in 0..<visible {
                    // Bounded below for the logarithm: exp may underflow.
                    p.pointer(row: row)[column] = max(p.pointer(row: row)[column], smallestProbability)
                    q.pointer(row: row)[column] = max(q.pointer(row: row)[column], smallestProbability)
                }
                sum += Double(kernels.kl_divergence(p.pointer(row: row), q.pointer(row: row), visible))
            }
            // ∂KL/∂scores = q − p.
            kernels.add_scaled(p.pointer, -1, q.pointer, p.count)
            kernels.scale(q.pointer, fraction, q.count)
            let out = student.block(sequence, columns: own, of: gradient)
            relation.backward(dscores: q.pointer, dx: out, dy: out)
        }
        return sum * Double(fraction)
    }
}

extension FeatureView {
    /// The columns of every relation head: of the queries, then of keys and values.
    fileprivate func relationColumns(_ heads: Int) -> [Range<Int>] {
        var start = 0
        return [shape.queryWidth, shape.keyValueWidth, shape.keyValueWidth].flatMap { width in
            precondition(width % heads == 0, "\(heads) relation heads do not divide a width of \(width)")
            defer { start += width }
            let size = width / heads
            return (0..<heads).map { start + $0 * size..<start + ($0 + 1) * size }
        }
    }
}
