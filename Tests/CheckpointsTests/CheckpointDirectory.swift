import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

/// A copy of a golden checkpoint to be tampered with.
struct CheckpointDirectory {
    let url: URL

    init(_ name: String, in directory: URL) throws {
        url = directory.appending(path: name)
        try FileManager.default.copyItem(at: golden("checkpoints/\(name)"), to: url)
    }

    /// A copy that exists already.
    init(at url: URL) { self.url = url }

    func file(_ name: String) -> URL { url.appending(path: name) }

    /// Sets keys of a JSON file to those of `changes`, the text of an object, and removes others.
    func edit(_ changes: String = "{}", removing keys: [String] = [], in name: String = "config.json") throws
    {
        let read = { (data: Data) in
            try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        var object = try read(Data(contentsOf: file(name)))
        object.merge(try read(Data(changes.utf8))) { $1 }
        for key in keys { object[key] = nil }
        try JSONSerialization.data(withJSONObject: object).write(to: file(name))
    }
}

/// Logits of the whole sequence, [N, V].
func logits(_ decoder: DecoderModel, _ ids: [Int32]) -> [Float] {
    decoder.logits(decoder.hiddenStates(TokenBatch(sequences: [ids]))).values
}

/// A vocabulary of a few hundred pieces with the chat's markers.
func tinyTokenizer() throws -> Tokenizer {
    let places = ["hall", "attic", "garden", "kitchen", "cellar"]
    let things = ["lamp", "key", "book", "coat", "bell"]
    let sentences = places.flatMap { place in
        things.map { "Where is the red \($0)? The \($0) is in the \(place), not in the hall." }
    }
    let model = try TokenizerTraining(kind: .bpe, vocabularySize: 320).train(sentences)
    return try Tokenizer(serializedModel: model, name: "tiny")
}

/// A decoder for that vocabulary.
func tinyDecoder(_ tokenizer: Tokenizer, seed: UInt64 = 3) throws -> DecoderModel {
    try DecoderModel(
        configuration: Configuration(
            vocabularySize: tokenizer.vocabularySize, width: 16, layers: 2, heads: 2, keyValueHeads: 1,
            headDimension: 8, feedForward: 24, contextLength: 128), seed: seed)
}
