import Checkpoints
import Foundation
import Signals
import Support
import Tensors
import Training

extension SyntheticSequences {
    /// Writes one safetensors file.
    ///
    /// - Throws: `UserError` when the disk refuses
    public func save(to url: URL) throws {
        guard case .topK(let k) = labels.kind else { preconditionFailure("labels are top-k") }
        try SafetensorsWriter.write(
            [
                SafetensorsEntry(name: "segments", shape: [segments.count], values: segments.map(Int32.init)),
                SafetensorsEntry(name: "ids", shape: [ids.count], values: ids),
                SafetensorsEntry(
                    name: "is_target", shape: [ids.count], values: lossMask.map { UInt8($0 ? 1 : 0) }),
                SafetensorsEntry(name: "embeddings", tensor: embeddings),
                SafetensorsEntry(name: "labels.ids", shape: [labels.positions, k], values: labels.ids),
                SafetensorsEntry(
                    name: "labels.probabilities", shape: [labels.positions, k], values: labels.weights),
                SafetensorsEntry(name: "labels.tails", shape: [labels.positions], values: labels.tails),
            ], metadata: ["temperature": "\(labels.temperature)"], to: url)
    }

    /// Refuses a file that has no synthetic sequences, without reading them.
    ///
    /// - Throws: `UserError` naming the file
    public static func check(_ url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        for name in ["segments", "ids", "is_target", "embeddings", "labels.ids"] { _ = try file.view(name) }
    }

    /// Reads what `save` wrote.
    ///
    /// - Parameters:
    ///   - url: the file
    ///   - vocabularySize: of the model that is trained on them
    ///   - width: of that model
    /// - Throws: `UserError` when the file is damaged, or was made for another shape
    public init(contentsOf url: URL, vocabularySize: Int, width: Int) throws {
        let file = try SafetensorsFile(contentsOf: url)
        func damaged(_ problem: String) -> UserError {
            UserError(
                problem, file: url.relativePath, hint: "delete it and run the stage distill_dataset again")
        }
        embeddings = try file.floats("embeddings")
        guard embeddings.shape.count == 2, embeddings.width == width else {
            throw UserError(
                "was made for a model of width \(embeddings.shape.last ?? 0), not \(width)",
                file: url.relativePath, hint: "train the model that it was made for, or train on its text",
                status: .configuration)
        }
        let segments = try file.values("segments", as: Int32.self).map(Int.init)
        let ids = try file.values("ids", as: Int32.self)
        let lossMask = try file.values("is_target", as: UInt8.self).map { $0 != 0 }
        let shape = try file.view("labels.ids").shape
        let temperature = file.metadata["temperature"].flatMap(Float.init)
        guard shape.count == 2, let temperature, Loss.temperatureLimits.contains(temperature),
            ids.count == embeddings.rows, lossMask.count == ids.count,
            lossMask.count(where: { $0 }) == shape[0],
            segments.count > 1, segments.first == 0, segments.last == ids.count,
            zip(segments, segments.dropFirst()).allSatisfy({ $0 < $1 && $1 <= ids.count && !lossMask[$0] })
        else { throw damaged("its sequences, targets and labels do not belong together") }
        var labels = SparseSignal(kind: .topK(k: shape[1]), temperature: temperature)
        labels.ids = try file.values("labels.ids", as: Int32.self)
        labels.weights = try file.values("labels.probabilities", as: Float.self)
        labels.tails = try file.values("labels.tails", as: Float.self)
        labels.offsets = (0...shape[0]).map { $0 * shape[1] }
        guard labels.weights.count == labels.ids.count, labels.tails.count == shape[0],
            (labels.ids + ids).allSatisfy({ (0..<Int32(vocabularySize)).contains($0) })
        else { throw damaged("its labels do not fit the vocabulary of \(vocabularySize) pieces") }
        (self.segments, self.ids, self.lossMask, self.labels) = (segments, ids, lossMask, labels)
    }
}
