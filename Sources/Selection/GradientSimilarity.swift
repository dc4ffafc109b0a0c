import Corpora
import Signals
import Support
import Tensors
import Training
import Transformer

// P weights of the model, D components of a sketch.

/// The similarity of each document's update direction to that of a target text (LESS, arXiv 2402.04333).
///
/// LESS uses the direction of Adam's update on a document. Here Adam's second moments are the mean squared gradients of some
/// documents at fixed weights; the first moment is the same for all documents and is left out. Directions are projected to D
/// components that preserve inner products in expectation: each weight is added to one component, with a random sign (feature
/// hashing, Weinberger et al. 2009, arXiv 0902.2206), which takes P additions where a dense projection takes P·D.
struct GradientSimilarity {
    /// D; the standard error of a cosine is 1 / √D.
    static let components = 4_096
    /// Number of documents that the second moments are averaged over.
    static let momentDocuments = 256

    private let model: DecoderModel
    private let seed: UInt64
    /// For each weight its component, and its sign in the lowest bit.
    private let buckets: [[UInt16]]

    /// - Parameter model: unchanged afterwards
    init(_ model: DecoderModel, seed: UInt64) {
        self.model = model
        self.seed = seed
        buckets = model.parameters.enumerated().map { index, parameter in
            var stream = RandomStream(seed: seed, purpose: "gradient sketch", index: UInt64(index))
            return (0..<parameter.tensor.count).map { _ in
                UInt16(stream.nextIndex(below: 2 * Self.components))
            }
        }
    }

    /// The cosine of each document's direction with the mean gradient of the target text; 0 for one without targets.
    ///
    /// - Throws: `UserError` when the model has no gradients, or the disk fails
    func scores(
        of corpus: EncodedCorpus, target: EncodedCorpus, progress: ((_ done: Int) -> Void)?
    ) throws -> [Double] {
        try model.configuration.requireTraining()
        model.requireGradients()
        defer { model.requireGradients(false) }
        var wanted = [Double](repeating: 0, count: Self.components)
        for index in 0..<target.count {
            let sketch = sketch(try gradients(target.document(index))) { _, _, gradient in gradient }
            for i in wanted.indices { wanted[i] += sketch[i] }
        }
        let moments = try secondMoments(corpus)
        let count = Float(min(Self.momentDocuments, corpus.count))
        return try (0..<corpus.count).map { index in
            defer { progress?(index + 1) }
            let sketch = sketch(try gradients(corpus.document(index))) { parameter, weight, gradient in
                // As in Adam the document's own squared gradient counts too, which bounds the quotient.
                let moment =
                    (count * moments[parameter].pointer[weight] + gradient * gradient) / (count + 1)
                return gradient / (moment.squareRoot() + 1e-12)
            }
            return Self.cosine(sketch, wanted)
        }
    }

    /// The mean squared gradients of some documents, one tensor for each of the model's.
    private func secondMoments(_ corpus: EncodedCorpus) throws -> [Tensor] {
        let moments = model.parameters.map { Tensor.zeros($0.tensor.shape) }
        var stream = RandomStream(seed: seed, purpose: "gradient moments")
        let sample = stream.permutation(of: corpus.count).prefix(Self.momentDocuments)
        for index in sample {
            for (moment, gradient) in zip(moments, try gradients(corpus.document(index))) {
                guard let gradient else { continue }
                for i in 0..<moment.count {
                    moment.pointer[i] += gradient.pointer[i] * gradient.pointer[i] / Float(sample.count)
                }
            }
        }
        return moments
    }

    /// The gradient of the mean of −ln p over a document's targets, for each of the model's tensors.
    private func gradients(_ document: EncodedDocument) -> [Tensor?] {
        let batch = TrainingBatch(PackedBatch([document]))
        guard !batch.targets.isEmpty else { return model.parameters.map { _ in nil } }
        let (objective, tape) = Tape.record {
            HeadLoss([WeightedLoss(.crossEntropy)])(
                hidden: gatherRows(model.hiddenStates(batch.tokens), at: batch.positions), head: model.head,
                targets: batch.targets, teacher: nil, scale: 1 / Float(batch.targets.count)
            ).objective
        }
        tape.backward(from: objective)
        return model.parameters.map { parameter in
            defer { parameter.tensor.gradient = nil }
            return parameter.tensor.gradient
        }
    }

    /// Projects gradients to D components.
    ///
    /// - Parameter scaled: replaces each gradient, given the indices of its tensor and its weight
    private func sketch(
        _ gradients: [Tensor?], _ scaled: (_ parameter: Int, _ weight: Int, _ gradient: Float) -> Float
    ) -> [Double] {
        var sums = [Double](repeating: 0, count: Self.components)
        for (parameter, gradient) in gradients.enumerated() {
            guard let gradient else { continue }
            let buckets = buckets[parameter]
            for weight in buckets.indices {
                let value = Double(scaled(parameter, weight, gradient.pointer[weight]))
                let bucket = Int(buckets[weight])
                sums[bucket >> 1] += bucket & 1 == 0 ? value : -value
            }
        }
        return sums
    }

    private static func cosine(_ a: [Double], _ b: [Double]) -> Double {
        let length = (dotProduct(a, a) * dotProduct(b, b)).squareRoot()
        return length > 0 ? dotProduct(a, b) / length : 0
    }
}
