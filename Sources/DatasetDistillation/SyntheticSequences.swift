import Checkpoints
import Foundation
import Signals
import Support
import Tensors
import Training
import Transformer

// N positions of all sequences together, C width of the model they were learned for.

/// Sequences that no text spells: what a model reads in place of embedded tokens, and the distributions that are to follow.
public struct SyntheticSequences: Sendable {
    /// Bounds of the sequences, from 0 to N.
    public let segments: [Int]
    /// The token whose embedding is nearest, at each position.
    public let ids: [Int32]
    /// Whether each position's token is a target; the first of a sequence never is.
    public let isTarget: [Bool]
    /// [N, C]
    public let embeddings: Tensor
    /// The distributions at the positions before targets.
    public let labels: SparseSignal

    init(
        segments: [Int], ids: [Int32], isTarget: [Bool], embeddings: Tensor, labels: SparseSignal
    ) {
        (self.segments, self.ids, self.isTarget) = (segments, ids, isTarget)
        (self.embeddings, self.labels) = (embeddings, labels)
    }

    public var count: Int { segments.count - 1 }
    /// Tokens of each sequence.
    public var lengths: [UInt32] { zip(segments, segments.dropFirst()).map { UInt32($1 - $0) } }

    /// Some of the sequences as one batch.
    func batch(_ indices: [Int]) -> TrainingBatch {
        let rows = indices.flatMap { Array(segments[$0]..<segments[$0 + 1]) }
        let bounds = indices.reduce(into: [0]) { $0.append($0.last! + segments[$1 + 1] - segments[$1]) }
        /// Labels come in the order of targets.
        let places = isTarget.reduce(into: [0]) { $0.append($0.last! + ($1 ? 1 : 0)) }
        var signal = SparseSignal(kind: labels.kind, temperature: labels.temperature)
        for row in rows where isTarget[row] {
            let position = places[row]
            let entries = labels.offsets[position]..<labels.offsets[position + 1]
            signal.ids += labels.ids[entries]
            signal.weights += labels.weights[entries]
            signal.tails.append(labels.tails[position])
            signal.offsets.append(signal.ids.count)
        }
        return TrainingBatch(
            tokens: TokenBatch(
                ids: rows.map { ids[$0] }, segments: bounds,
                embeddings: withoutGradients { gatherRows(embeddings, at: rows) }),
            isTarget: rows.map { isTarget[$0] }, signal: signal)
    }
}

// MARK: - On disk

extension SyntheticSequences {
    private static let k = "k"

    /// Writes one safetensors file.
    ///
    /// - Throws: `UserError` when the disk refuses
    public func save(to url: URL) throws {
        guard case .topK(let k) = labels.kind else { preconditionFailure("labels are the likeliest tokens") }
        try SafetensorsWriter.write(
            [
                SafetensorsEntry(name: "segments", shape: [segments.count], values: segments.map(Int32.init)),
                SafetensorsEntry(name: "ids", shape: [ids.count], values: ids),
                SafetensorsEntry(
                    name: "is_target", shape: [ids.count], values: isTarget.map { UInt8($0 ? 1 : 0) }),
                SafetensorsEntry(name: "embeddings", tensor: embeddings),
                SafetensorsEntry(name: "labels.ids", shape: [labels.positions, k], values: labels.ids),
                SafetensorsEntry(
                    name: "labels.probabilities", shape: [labels.positions, k], values: labels.weights),
                SafetensorsEntry(name: "labels.tails", shape: [labels.positions], values: labels.tails),
            ], metadata: ["temperature": "\(labels.temperature)"], to: url)
    }

    /// Refuses a file that holds no learned sequences, without reading them.
    ///
    /// - Throws: `UserError` naming the file
    public static func check(_ url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        for name in ["segments", "ids", "is_target", "embeddings", "labels.ids"] { _ = try file.view(name) }
    }

    /// Reads what `save` wrote.
    ///
    /// - Parameters:
    ///   - vocabularySize, width: of the model that is to read them
    /// - Throws: `UserError` when the file is damaged, or was learned for another shape
    public init(contentsOf url: URL, vocabularySize: Int, width: Int) throws {
        let file = try SafetensorsFile(contentsOf: url)
        func damaged(_ problem: String) -> UserError {
            UserError(problem, file: url.relativePath, hint: "let the stage learn make it again")
        }
        embeddings = try file.floats("embeddings")
        guard embeddings.shape.count == 2, embeddings.width == width else {
            throw UserError(
                "was learned for a model of width \(embeddings.shape.last ?? 0), not \(width)",
                file: url.relativePath, hint: "train the model it was learned for, or train on its text",
                status: .configuration)
        }
        let segments = try file.values("segments", as: Int32.self).map(Int.init)
        let ids = try file.values("ids", as: Int32.self)
        let isTarget = try file.values("is_target", as: UInt8.self).map { $0 != 0 }
        let shape = try file.view("labels.ids").shape
        let temperature = file.metadata["temperature"].flatMap(Float.init)
        guard shape.count == 2, let temperature, Loss.temperatureLimits.contains(temperature),
            ids.count == embeddings.rows, isTarget.count == ids.count,
            isTarget.count(where: { $0 }) == shape[0],
            segments.count > 1, segments.first == 0, segments.last == ids.count,
            zip(segments, segments.dropFirst()).allSatisfy({ $0 < $1 && $1 <= ids.count && !isTarget[$0] })
        else { throw damaged("its sequences, targets and labels do not belong together") }
        var labels = SparseSignal(kind: .topK(k: shape[1]), temperature: temperature)
        labels.ids = try file.values("labels.ids", as: Int32.self)
        labels.weights = try file.values("labels.probabilities", as: Float.self)
        labels.tails = try file.values("labels.tails", as: Float.self)
        labels.offsets = (0...shape[0]).map { $0 * shape[1] }
        guard labels.weights.count == labels.ids.count, labels.tails.count == shape[0],
            (labels.ids + ids).allSatisfy({ (0..<Int32(vocabularySize)).contains($0) })
        else { throw damaged("its labels do not fit the vocabulary of \(vocabularySize) pieces") }
        (self.segments, self.ids, self.isTarget, self.labels) = (segments, ids, isTarget, labels)
    }
}
