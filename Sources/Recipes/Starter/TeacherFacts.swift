import Checkpoints
import Foundation
import Support
import Tokenization
import Transformer

/// What a recipe must know of a teacher.
struct TeacherFacts {
    let shape: Configuration
    let tokenizer: Tokenizer
    /// How it writes chats, if it can write any.
    let template: ChatTemplate?
    /// Size of its weights as stored.
    let bytes: Int

    /// Reads the configuration and the tokenizer, no weights.
    ///
    /// - Throws: `UserError` if the model or its tokenizer is missing or not understood, or nothing can be pruned from it
    init(_ url: URL) throws {
        shape = try Checkpoint.configuration(at: url)
        if shape.experts != nil {
            throw UserError(
                "no student can be pruned from a mixture of experts", file: url.relativePath,
                hint:
                    "write a recipe whose student has layers, width and heads: distill init without --teacher shows one",
                status: .configuration)
        }
        bytes = try Checkpoint.weightBytes(at: url)
        let form = try Checkpoint.tokenizerAndTemplate(at: url)
        tokenizer = form.tokenizer
        let known = form.template ?? .roleMarkers
        template = known.fits(form.tokenizer) ? known : nil
    }

    /// Pieces that no trimmed vocabulary is without; all of a vocabulary that cannot be trimmed.
    var leastPieces: Int {
        VocabularyTrim.leastSize(
            of: tokenizer, required: SpecialTokens().requiredIDs(of: tokenizer, template: template))
    }
}
