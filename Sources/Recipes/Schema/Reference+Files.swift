import Checkpoints
import Foundation
import Tokenization
import Transformer

extension Reference {
    /// The file it names; nil for what a stage makes, and where files are not looked at.
    func file(_ context: RecipeContext) -> URL? {
        guard context.checksFiles, case .file(let path) = target, !path.isEmpty else { return nil }
        return URL(filePath: path, relativeTo: context.directory)
    }

    /// What a model on disk is like.
    func checkpoint(_ context: RecipeContext) -> CheckedCheckpoint? {
        file(context).flatMap(context.files.checkpoint)
    }

    /// The shape of a model on disk.
    func modelConfiguration(_ context: RecipeContext) -> Configuration? { checkpoint(context)?.shape }

    /// The tokenizer of what is on disk.
    func tokenizer(_ context: RecipeContext) -> Tokenizer? { file(context).flatMap(context.files.tokenizer) }
}
