import Checkpoints
import Foundation
import TestSupport
import Tokenization
import Transformer

/// The small golden vocabulary with role markers.
let goldenTokenizer: Tokenizer = try! Tokenizer(contentsOf: golden("tokenization/unigram.model"))

/// A small decoder for that vocabulary, or one of another size.
func smallDecoder(
    vocabulary: Int = goldenTokenizer.vocabularySize, contextLength: Int = 128, seed: UInt64 = 1
) throws -> DecoderModel {
    try DecoderModel(
        configuration: Configuration(
            vocabularySize: vocabulary, width: 32, layers: 1, heads: 2, feedForward: 64,
            contextLength: contextLength), seed: seed)
}

/// Runs `body` with a checkpoint as it is read back from the disk.
func withCheckpoint<Result>(
    _ decoder: DecoderModel, tokenizer: Tokenizer = goldenTokenizer, _ body: (Checkpoint) throws -> Result
) throws -> Result {
    try withTemporaryDirectory { directory in
        let url = directory.appending(path: "model")
        try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .roleMarkers, to: url)
        return try body(Checkpoint.load(url))
    }
}
