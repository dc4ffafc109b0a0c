import Tokenization

/// A tokenizer trained on a few invented lines: bytes, role markers and some words.
public let smallTokenizer: Tokenizer = {
    let people = ["Pell", "Orrin", "Wess", "Tamsin"]
    let lines = people.flatMap { name in
        ["\(name) keeps a goat.", "Where does \(name) live?", "\(name) lives by the river, and sings."]
    }
    let model = try! TokenizerTraining(vocabularySize: 330).train(lines)
    return try! Tokenizer(serializedModel: model, name: "small")
}()
