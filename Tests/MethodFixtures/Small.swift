import Checkpoints
import Corpora
import Foundation
import Signals
import Support
import TestSupport
import Tensors
import Transformer

/// Models and corpora small enough to be trained and labelled in milliseconds.
package enum Small {
    package static let vocabulary = 97

    /// A decoder whose distributions are far from even; two seeds differ everywhere.
    package static func decoder(
        vocabulary: Int = vocabulary, width: Int = 16, layers: Int = 1, tiedHead: Bool = true,
        deviation: Float = 0.4,
        seed: UInt64 = 1
    ) throws -> DecoderModel {
        let configuration = Configuration(
            vocabularySize: vocabulary, width: width, layers: layers, heads: 2, feedForward: 24,
            tiedHead: tiedHead, contextLength: 64)
        var parameters: [String: Tensor] = [:]
        for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
            let stream = RandomStream(seed: seed, purpose: "small weights", index: UInt64(index))
            let tensor = Tensor.normal(shape, deviation: deviation, from: stream)
            if shape.count == 1 { tensor.withUnsafeMutableFloats { for i in $0.indices { $0[i] += 1 } } }
            parameters[name] = tensor
        }
        return try DecoderModel(configuration: configuration, parameters: parameters)
    }

    /// Documents of 2 to `longest` random tokens, about two thirds of them targets.
    package static func documents(
        _ count: Int, vocabulary: Int = vocabulary, longest: Int = 12, seed: UInt64 = 1
    ) -> [EncodedDocument] {
        var stream = RandomStream(seed: seed, purpose: "small documents")
        return (0..<count).map { _ in
            let length = 2 + stream.nextIndex(below: longest - 1)
            let ids = (0..<length).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
            return EncodedDocument(
                ids: ids, lossMask: ids.indices.map { $0 > 0 && stream.nextIndex(below: 3) > 0 })
        }
    }

    package static func batch(of documents: [EncodedDocument]) -> TrainingBatch {
        TrainingBatch(
            tokens: TokenBatch(sequences: documents.map(\.ids)), lossMask: documents.flatMap(\.lossMask))
    }

    package static func origin(
        kind: SparseKind, temperature: Float = 1, vocabulary: Int = vocabulary, template: String? = "{{ x }}",
        teacher: String = "teacher", tokenizer: String = "tokenizer", seed: UInt64 = 3
    ) -> SignalManifest.Origin {
        SignalManifest.Origin(
            teacher: teacher, teacherFingerprint: Fingerprint(hashing: teacher),
            tokenizerFingerprint: Fingerprint(hashing: tokenizer), template: template,
            vocabularySize: vocabulary, kind: kind, temperature: temperature, seed: seed)
    }

    /// Logits at the batch's positions, [M, V], one row an array.
    package static func logits(_ decoder: DecoderModel, _ batch: TrainingBatch) -> [[Double]] {
        let logits = withoutGradients {
            decoder.logits(gatherRows(decoder.hiddenStates(batch.tokens), at: batch.positions))
        }
        let values = logits.values.map(Double.init)
        return (0..<logits.rows).map { Array(values[$0 * logits.width..<($0 + 1) * logits.width]) }
    }
}

/// All files of a directory by name.
package func contents(of directory: URL) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    return try Dictionary(
        uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: directory.appending(path: $0))) })
}
