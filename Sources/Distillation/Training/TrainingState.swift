import Checkpoints
import Foundation
import Support
import Tensors

/// The saved state of a training run: one safetensors file, replaced whole, so that a run killed at any moment leaves
/// either the old state or the new one.
enum TrainingState {
    private static let positionKey = "position"

    /// - Throws: `UserError` when the disk refuses; the state saved before then stays.
    static func save(
        _ position: Trainer.Position, tensors: [(name: String, tensor: Tensor)], to url: URL
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try SafetensorsWriter.write(
            tensors.map { SafetensorsEntry(name: $0.name, tensor: $0.tensor) },
            metadata: [positionKey: String(decoding: try encoder.encode(position), as: UTF8.self)], to: url)
    }

    /// Copies a saved state into `tensors`.
    ///
    /// - Parameter steps: of the whole run; a state past them does not fit
    /// - Returns: nil where none was saved
    /// - Throws: `UserError` when the file is damaged or belongs to another run
    static func restore(
        into tensors: [(name: String, tensor: Tensor)], steps: Int, from url: URL
    ) throws -> Trainer.Position? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        let file = try SafetensorsFile(contentsOf: url)
        guard let text = file.metadata[positionKey],
            let position = try? JSONDecoder().decode(Trainer.Position.self, from: Data(text.utf8))
        else {
            throw UserError("is not a saved training state", file: url.relativePath, remedy: remedy)
        }
        guard (0...steps).contains(position.step) else {
            throw UserError(
                "was saved at step \(position.step) of a run that now has \(steps)", file: url.relativePath,
                remedy: remedy)
        }
        guard Set(file.names) == Set(tensors.map(\.name)) else {
            throw UserError(
                "holds the state of another model or optimiser", file: url.relativePath, remedy: remedy)
        }
        // Everything is checked before anything is overwritten.
        let views = try tensors.map { name, tensor in
            let view = try file.view(name)
            guard view.type == .f32, view.shape == tensor.shape else {
                throw view.error("is \(view.shape), not \(tensor.shape)", remedy: remedy)
            }
            return (view, tensor)
        }
        for (view, tensor) in views { try tensor.withUnsafeMutableFloats { try view.widen(into: $0) } }
        return position
    }

    private static let remedy = "start the run afresh"
}
