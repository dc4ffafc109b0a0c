import Support
import Tokenization

/// What the statistics need of one record: found on any thread, added up in order.
struct RecordFacts {
    /// The number of words of a phrase and of an opening.
    static let phraseWords = 5, openingWords = 3

    let hasSystem: Bool
    let userTurns: Int
    let isAnswered: Bool
    /// Unicode scalars of the user's turns, of the answers, and of a text.
    let promptCharacters, answerCharacters: Int
    let textCharacters: Int?
    /// Hashes of the whole record, of the turns before the last answer, and of the last answer.
    let recordHash: UInt64
    let promptHash, answerHash: UInt64?
    let lastAnswer: String?
    /// The words of the last answer, or of the text.
    let words: NormalizedWords
    /// Hashes of pairs of words and of phrases, by the index of their first word.
    let pairs, phrases: [UInt64]
    let opening: UInt64?
    /// The token ids of all texts; empty without a tokenizer.
    let tokens: [Int32]
    let answerTokens: Int

    init(_ record: CorpusRecord, tokenizer: Tokenizer?) {
        var (prompt, answer) = (0, 0)
        var (ids, answerTokens) = ([Int32](), 0)
        func encode(_ text: String, isAnswer: Bool) {
            guard let tokenizer else { return }
            let new = tokenizer.encodeContent(text)
            ids += new
            if isAnswer { answerTokens += new.count }
        }
        switch record {
        case .text(let text):
            (userTurns, hasSystem, isAnswered, lastAnswer) = (0, false, false, nil)
            textCharacters = text.unicodeScalars.count
            (promptHash, answerHash, recordHash) = (nil, nil, Self.hash(of: text))
            encode(text, isAnswer: true)
            words = NormalizedWords(text)
        case .chat(let messages, _):
            for message in messages {
                let length = message.content.unicodeScalars.count
                switch message.role {
                case .assistant: answer += length
                case .user: prompt += length
                case .system, .tool: break
                }
                encode(message.content, isAnswer: message.role == .assistant)
            }
            let last = messages.last?.role == .assistant ? messages.last?.content : nil
            (isAnswered, lastAnswer) = (last != nil, last)
            userTurns = messages.count { $0.role == .user }
            hasSystem = messages.contains { $0.role == .system }
            textCharacters = nil
            let asked = (record.prompt ?? []).flatMap {
                [Self.hash(of: $0.role.rawValue), Self.hash(of: $0.content)]
            }
            promptHash = Self.hash(of: asked)
            answerHash = last.map { Self.hash(of: $0) }
            recordHash = Self.hash(of: asked + (last.map { [Self.hash(of: $0)] } ?? []))
            words = NormalizedWords(last ?? "")
        }
        (promptCharacters, answerCharacters) = (prompt, answer)
        (tokens, self.answerTokens) = (ids, answerTokens)
        (pairs, phrases) = (words.shingles(of: 2), words.shingles(of: Self.phraseWords))
        opening = words.shingles(of: Self.openingWords).first
    }

    /// A 64-bit hash: two of ten million texts have the same one with a probability of 3e-6.
    private static func hash(of text: String) -> UInt64 {
        var hash = WordHash()
        for byte in text.utf8 { hash.add(byte) }
        return hash.value
    }

    private static func hash(of hashes: [UInt64]) -> UInt64 {
        hashes.reduce(0) { WordHash.mixed(($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15) }
    }
}
