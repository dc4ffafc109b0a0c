import Support
import Tokenization

/// What the statistics need of one record: found on any thread, added up in order.
struct RecordFacts {
    /// The number of words of a phrase and of an opening.
    static let phraseWords = 5, openingWords = 3

    let isChat: Bool
    let userTurns: Int
    let hasSystem: Bool
    let isAnswered: Bool
    /// Unicode scalars of the user's turns, of the answers, and of a text.
    let promptCharacters, answerCharacters: Int
    let textCharacters: Int?
    /// Hashes of the whole record, of the turns before the last answer, and of the last answer.
    let recordHash: UInt64
    let promptHash, answerHash: UInt64?
    let lastAnswer: String?
    /// The last answer, or the text, in lower case, whose words and phrases are counted.
    let written: String
    let words: [UInt64]
    let pairs: [UInt64]
    let phrases: [(hash: UInt64, range: Range<Int>)]
    let opening: (hash: UInt64, range: Range<Int>)?
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
            (isChat, userTurns, hasSystem, isAnswered) = (false, 0, false, false)
            textCharacters = text.unicodeScalars.count
            (promptHash, answerHash, lastAnswer) = (nil, nil, nil)
            encode(text, isAnswer: true)
            written = text.lowercased()
        case .chat(let messages, _):
            var asked = ContentHash()
            for message in messages {
                let length = message.content.unicodeScalars.count
                switch message.role {
                case .assistant: answer += length
                case .user: prompt += length
                case .system, .tool: break
                }
                encode(message.content, isAnswer: message.role == .assistant)
            }
            for message in record.prompt ?? [] {
                asked.combine(ContentHash.of(message.role.rawValue.utf8))
                asked.combine(ContentHash.of(message.content.utf8))
            }
            let last = messages.last?.role == .assistant ? messages.last?.content : nil
            isChat = true
            userTurns = messages.count { $0.role == .user }
            hasSystem = messages.contains { $0.role == .system }
            (isAnswered, lastAnswer) = (last != nil, last)
            textCharacters = nil
            promptHash = asked.value
            answerHash = last.map { ContentHash.of($0.utf8) }
            written = last?.lowercased() ?? ""
        }
        (promptCharacters, answerCharacters) = (prompt, answer)
        (tokens, self.answerTokens) = (ids, answerTokens)
        var hash = ContentHash()
        hash.combine(promptHash ?? 0)
        hash.combine(answerHash ?? ContentHash.of(written.utf8))
        recordHash = hash.value
        (words, pairs, phrases, opening) = Self.sequences(of: written)
    }

    /// The hashes of words, of pairs of words, of phrases and of the opening.
    private static func sequences(of text: String) -> (
        words: [UInt64], pairs: [UInt64], phrases: [(UInt64, Range<Int>)], opening: (UInt64, Range<Int>)?
    ) {
        var text = text
        return text.withUTF8 { bytes in
            let ranges = Array(WordScanner(bytes))
            let words = ranges.map { ContentHash.of(bytes[$0]) }
            func hash(_ first: Int, _ count: Int) -> UInt64 {
                var hash = ContentHash()
                for word in words[first..<first + count] { hash.combine(word) }
                return hash.value
            }
            func sequences(_ count: Int) -> Range<Int> { 0..<max(0, words.count - count + 1) }
            func range(_ first: Int, _ count: Int) -> Range<Int> {
                ranges[first].lowerBound..<ranges[first + count - 1].upperBound
            }
            return (
                words, sequences(2).map { hash($0, 2) },
                sequences(phraseWords).map { (hash($0, phraseWords), range($0, phraseWords)) },
                words.count >= openingWords ? (hash(0, openingWords), range(0, openingWords)) : nil
            )
        }
    }

    /// The words of a part of `written`, with a space between them.
    func words(in range: Range<Int>) -> String {
        var written = written
        return written.withUTF8 { bytes in
            let part = UnsafeBufferPointer(rebasing: bytes[range])
            return WordScanner(part).map { String(decoding: part[$0], as: UTF8.self) }.joined(separator: " ")
        }
    }
}
