import TestSupport
import Testing
import Tokenization

@testable import Corpora

@Suite struct RecordContentTests {
    private let encoder = CorpusEncoder(tokenizer: smallTokenizer, contextLength: 96)

    private let chat = CorpusRecord.chat([
        Message(role: .system, content: "Pell sings."), Message(role: .user, content: "Who sings?"),
        Message(role: .assistant, content: "Pell."), Message(role: .user, content: ""),
    ])

    @Test func rangesSpellTheContent() throws {
        for record in [chat, .text("Orrin keeps a goat.")] {
            let ids = try encoder.document(record).ids
            let contents = try encoder.contentRanges(record).map { try smallTokenizer.decode(Array(ids[$0])) }
            #expect(contents == record.texts)
            #expect(try encoder.record(record, reading: ids) == record)
        }
    }

    /// Other tokens in the same places; what was cut off is left out.
    @Test func otherTokens() throws {
        var ids = try encoder.document(chat).ids
        let ranges = try encoder.contentRanges(chat)
        let goat = smallTokenizer.encodeContent("goat", continuing: true)[0]
        for place in ranges[1] { ids[place] = goat }
        let piece = try smallTokenizer.decode([goat])
        let expected = CorpusRecord.chat([
            Message(role: .system, content: "Pell sings."),
            Message(role: .user, content: String(repeating: piece, count: ranges[1].count)),
        ])
        #expect(try encoder.record(chat, reading: Array(ids.prefix(ranges[1].upperBound))) == expected)
    }
}
