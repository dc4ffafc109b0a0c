import Checkpoints
import Foundation
import Support
import Tensors

/// The saved state of a training run: one safetensors file that is replaced atomically, so that a run killed at any moment leaves
/// either the old state or the new one. The SHA-256 of its content is verified before anything is read.
enum TrainingState {
    private static let positionKey = "position"
    private static let digestKey = "sha256"

    /// - Throws: `UserError` when the disk refuses; the previous state then stays
    static func save(
        _ position: Trainer.Position, tensors: [(name: String, tensor: Tensor)], to url: URL
    ) throws {
        let text = String(decoding: try JSONEncoder.stableEscapingSlashes.encode(position), as: UTF8.self)
        let parts = tensors.map { name, tensor in
            (name, tensor.shape, tensor.withUnsafeFloats { Fingerprint(of: UnsafeRawBufferPointer($0)) })
        }
        try SafetensorsWriter.write(
            tensors.map { SafetensorsEntry(name: $0.name, tensor: $0.tensor) },
            metadata: [positionKey: text, digestKey: digest(text, parts).hexadecimal], to: url)
    }

    /// The digest of a position and of tensors by name, shape and content.
    private static func digest(
        _ position: String, _ tensors: [(name: String, shape: [Int], content: Fingerprint)]
    ) -> Fingerprint {
        let lines = tensors.map { "\($0.name) \($0.shape) \($0.content)" }.sorted()
        return Fingerprint(hashing: ([position] + lines).map { Data($0.utf8) })
    }

    /// Opens a saved state and verifies its digest.
    ///
    /// - Returns: nil where none was saved
    /// - Throws: `UserError` when the file is damaged or is no training state
    static func open(_ url: URL) throws -> (file: SafetensorsFile, position: Trainer.Position)? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        let file = try SafetensorsFile(contentsOf: url)
        guard let text = file.metadata[positionKey], let saved = file.metadata[digestKey],
            let position = try? JSONDecoder().decode(Trainer.Position.self, from: Data(text.utf8))
        else {
            throw UserError("is not a saved training state", file: url.relativePath, hint: hint)
        }
        let parts = try file.names.map { name in
            let view = try file.view(name)
            return (name, view.shape, Fingerprint(of: view.bytes))
        }
        guard digest(text, parts).hexadecimal == saved else {
            throw UserError(
                "is damaged: its content has not the SHA-256 it was saved with", file: url.relativePath,
                hint: hint)
        }
        return (file, position)
    }

    /// Copies a saved state into `tensors`.
    ///
    /// - Parameter steps: the most steps of the run; a state after more does not fit
    /// - Returns: nil where none was saved
    /// - Throws: `UserError` when the file is damaged or belongs to another run
    static func restore(
        into tensors: [(name: String, tensor: Tensor)], steps: Int, from url: URL
    ) throws -> Trainer.Position? {
        guard let (file, position) = try open(url) else { return nil }
        guard (0...steps).contains(position.step) else {
            throw UserError(
                "was saved at step \(position.step) of a run that now has \(steps)", file: url.relativePath,
                hint: hint)
        }
        guard Set(file.names) == Set(tensors.map(\.name)) else {
            throw UserError(
                "holds the state of another model or optimizer", file: url.relativePath, hint: hint)
        }
        // Everything is checked before anything is overwritten.
        let views = try tensors.map { name, tensor in
            let view = try file.view(name)
            guard view.type == .f32, view.shape == tensor.shape else {
                throw view.error("is \(view.shape), not \(tensor.shape)", hint: hint)
            }
            return (view, tensor)
        }
        for (view, tensor) in views { try tensor.withUnsafeMutableFloats { try view.dequantize(into: $0) } }
        return position
    }

    private static let hint = "delete it to train from the beginning"
}
