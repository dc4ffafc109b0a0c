import Corpora
import Signals
import Support
import Tensors
import Training
import Transformer

/// Features and losses of documents, computed by a model.
enum DocumentFeatures {
    /// For each document the mean final hidden state over its targets, [C].
    static func meanHiddenStates(
        _ corpus: EncodedCorpus, of model: DecoderModel, _ progress: ((Int) -> Void)?
    ) throws -> [[Float]] {
        try (0..<corpus.count).map { index in
            defer { progress?(index + 1) }
            let (hidden, batch) = hidden(try corpus.document(index), of: model)
            return (0..<hidden.width).map { i in
                batch.positions.indices.reduce(0) { $0 + hidden.pointer(row: $1)[i] }
                    / Float(max(batch.positions.count, 1))
            }
        }
    }

    /// For each document the mean of −ln p over its targets.
    static func losses(
        _ corpus: EncodedCorpus, of model: DecoderModel, _ progress: ((Int) -> Void)?
    ) throws -> [Double] {
        try meanLosses(.crossEntropy, corpus, of: model, progress)
    }

    /// For each document the mean of KL(teacher ‖ student) over its targets.
    static func divergences(
        _ corpus: EncodedCorpus, student: DecoderModel, teacher: DecoderModel, _ progress: ((Int) -> Void)?
    ) throws -> [Double] {
        try meanLosses(.forwardKL, corpus, of: student, teacher: teacher, progress)
    }

    private static func meanLosses(
        _ kind: LossKind, _ corpus: EncodedCorpus, of model: DecoderModel, teacher: DecoderModel? = nil,
        _ progress: ((Int) -> Void)?
    ) throws -> [Double] {
        let loss = HeadLoss([WeightedLoss(Loss(kind))])
        return try (0..<corpus.count).map { index in
            defer { progress?(index + 1) }
            let document = try corpus.document(index)
            let (hidden, batch) = hidden(document, of: model)
            let signal = teacher.map {
                TeacherSignal.dense(hidden: Self.hidden(document, of: $0).hidden, head: $0.head)
            }
            return withoutGradients {
                loss(
                    hidden: hidden, head: model.head, targets: batch.targets, teacher: signal, scale: 1
                ).means[0]
            }
        }
    }

    /// The final hidden states before the document's targets, [M, C].
    static func hidden(
        _ document: EncodedDocument, of model: DecoderModel
    ) -> (hidden: Tensor, batch: TrainingBatch) {
        let batch = TrainingBatch(PackedBatch([document]))
        return (
            withoutGradients { gatherRows(model.hiddenStates(batch.tokens), at: batch.positions) }, batch
        )
    }

    static func mean(_ features: [[Float]]) -> [Float] {
        guard let width = features.first?.count else { return [] }
        return (0..<width).map { i in features.reduce(0) { $0 + $1[i] / Float(features.count) } }
    }

    static func squaredDistance(_ a: [Float], _ b: [Float]) -> Float {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sum: Float = 0
                for i in 0..<min(a.count, b.count) { sum += (a[i] - b[i]) * (a[i] - b[i]) }
                return sum
            }
        }
    }
}
