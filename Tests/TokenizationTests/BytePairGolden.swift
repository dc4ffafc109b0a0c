import Foundation
import TestSupport
import Tokenization

/// What `Tests/Golden/tokenizers/generate.py` wrote for one vocabulary.
struct BytePairGolden: Decodable {
    struct Decoded: Decodable {
        let ids: [Int32]
        let text: String
    }

    let encoded: [[Int32]]
    let decoded: [Decoded]

    static let names = [
        "gpt2", "llama3", "qwen", "smollm", "tekken", "gemma", "llama2", "metaspace", "added", "t5",
        "albert", "unibytes",
    ]
    static let bytePairNames = names.filter { !unigramNames.contains($0) }
    /// Unigram models.
    static let unigramNames = ["t5", "albert", "unibytes"]
    /// Byte-level vocabularies that neither rewrite texts nor have tokens that take spaces with them.
    static let exactNames = ["gpt2", "llama3", "smollm", "tekken"]

    static func load(_ name: String) throws -> BytePairGolden {
        try JSONDecoder().decode(
            BytePairGolden.self, from: Data(contentsOf: golden("tokenizers/\(name).ids.json")))
    }

    static func texts() throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(contentsOf: golden("tokenizers/texts.json")))
    }

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: golden("tokenizers/\(name).json"))
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(tokenizerJSON: try data(name), name: name)
    }
}
