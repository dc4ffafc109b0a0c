import Checkpoints
import Foundation
import Support
import Tokenization

/// What a recipe must know of a teacher.
struct TeacherFacts {
    let shape: ModelShape
    let contextLength: Int
    let tokenizer: Tokenizer
    /// How it writes chats, if it can write any.
    let template: ChatTemplate?
    /// Size of its weights as stored.
    let bytes: Int

    /// Reads the configuration and the tokenizer, no weights.
    ///
    /// - Throws: `UserError` if the model or its tokenizer is missing or not understood
    init(_ url: URL) throws {
        let configuration = try Checkpoint.configuration(at: url)
        guard let shape = ModelShape(checkpoint: url) else {
            throw UserError("the model's configuration is not understood", file: url.relativePath)
        }
        self.shape = shape
        contextLength = configuration.contextLength
        bytes = try Checkpoint.weightBytes(at: url)
        let form = try Checkpoint.textForm(at: url)
        tokenizer = form.tokenizer
        let known = form.template ?? .roleMarkers
        template = known.fits(form.tokenizer) ? known : nil
    }

    /// Pieces that no trimmed vocabulary is without: all but the normal ones.
    var leastPieces: Int {
        (0..<Int32(tokenizer.vocabularySize)).count { tokenizer.kind(of: $0) != .normal }
    }
}
