import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Tokenization

@testable import Corpora

@Suite struct EncodedCorpusTests {
    /// Documents of up to 40 tokens below a vocabulary's size, a third of them with a teacher's view.
    private static func documents(_ count: Int, vocabulary: Int) -> [EncodedDocument] {
        var stream = RandomStream(seed: 4, purpose: "documents")
        return (0..<count).map { index in
            // The largest id is among them.
            let ids =
                (0..<stream.nextIndex(below: 40)).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
                + [Int32(vocabulary - 1)]
            let kept = ids.indices.map { $0 > 0 && stream.nextIndex(below: 2) == 0 }
            let student = MaskedTokens(ids: ids, lossMask: kept)
            guard index % 3 == 0 else { return EncodedDocument(student: student, teacher: nil) }
            let hidden = (0..<1 + stream.nextIndex(below: 9)).map { _ in
                Int32(stream.nextIndex(below: vocabulary))
            }
            return EncodedDocument(
                student: student,
                teacher: MaskedTokens(ids: hidden + ids, lossMask: hidden.map { _ in false } + kept))
        }
    }

    @Test(
        "Documents come back, with 16 bits an id and with 32",
        arguments: [2, 65_535, 65_536, 65_537, 262_144])
    func roundTrip(vocabulary: Int) throws {
        let documents = Self.documents(200, vocabulary: vocabulary)
        let corpus = try EncodedCorpus(documents, vocabularySize: vocabulary)
        #expect(corpus.count == 200)
        #expect(try corpus.map { $0 } == documents)
        #expect(corpus.lengths.map(Int.init) == documents.map(\.ids.count))
        #expect(corpus.tokenCount == documents.reduce(0) { $0 + $1.ids.count })
        for index in [199, 0, 63, 64] { #expect(try corpus.document(index) == documents[index]) }
        let chosen = corpus.choosing([7, 3, 7])
        #expect(try chosen.map { $0 } == [documents[7], documents[3], documents[7]])
    }

    @Test func idsTakeNoMoreThanTheyNeed() {
        #expect(DocumentForm(vocabularySize: 65_536).byteCount(studentTokens: 17) == 8 + 2 * 17 + 3)
        #expect(DocumentForm(vocabularySize: 65_537).byteCount(studentTokens: 17) == 8 + 4 * 17 + 3)
    }

    /// Several slices of records of all kinds and lengths.
    private static func lines(bytes: Int) throws -> (records: [CorpusRecord], text: String) {
        var stream = RandomStream(seed: 6, purpose: "lines")
        let words = ["lamp", "hall", "the", "key", "is", "über", "中文", "\"so\"", "\n", "42"]
        var records: [CorpusRecord] = []
        var text = ""
        while text.utf8.count < bytes {
            func sentence() -> String {
                (0..<1 + stream.nextIndex(below: 120)).map { _ in words[stream.nextIndex(below: words.count)]
                }
                .joined(separator: " ")
            }
            let record: CorpusRecord =
                stream.nextIndex(below: 3) == 0
                ? .text(sentence())
                : .chat([
                    Message(role: .user, content: sentence()), Message(role: .assistant, content: sentence()),
                ])
            records.append(record)
            text += String(decoding: try JSONEncoder().encode(record), as: UTF8.self) + "\n"
        }
        return (records, text)
    }

    @Test func slicesMakeNoDifference() throws {
        // Three slices and a part of one.
        let (records, text) = try Self.lines(bytes: 7 << 20)
        try withFiles(["a.jsonl": text, "b.txt": "one\ntwo\n\nthree"]) { urls in
            let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: 64, scope: .all)
            let corpus = try encoder.encode(CorpusReader(urls))
            let texts = [CorpusRecord.text("one\ntwo"), .text("three")]
            let expected = try (records + texts).flatMap { record in
                let whole = try encoder.document(record)
                return if case .text = record { whole.split(at: 64) } else { [whole.truncated(to: 64)] }
            }
            #expect(try corpus.map { $0 } == expected)
            #expect(corpus.parts == [0..<expected.count - 2, expected.count - 2..<expected.count])
            #expect(corpus.summary.records == records.count + 2)
            #expect(corpus.summary.tokens == corpus.tokenCount)
            // From memory and from a file, in one slice and in many: the same.
            #expect(try encoder.encode(records + texts).map { $0 } == expected)
            #expect(try CorpusReader(urls).records() == records + texts)
            let limited = try encoder.encodeWhole(CorpusReader(urls, limit: 1))
            #expect(
                try limited.map { $0 }
                    == [records[0], texts[0]].map { try encoder.document($0).truncated(to: 64) })
        }
    }

    /// Deep in a large file: the line is told, and of several mistakes the first.
    @Test func mistakesDeepInAFileKeepTheirPlace() throws {
        let lines = Array(
            repeating: "{\"text\": \"\(String(repeating: "lamp ", count: 200))\"}\n", count: 6000
        ).joined()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.jsonl")
            let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: 512)
            func error(_ tail: Data) throws -> UserError? {
                try (Data(lines.utf8) + tail).write(to: url)
                return #expect(throws: UserError.self) { try encoder.encode(CorpusReader([url])) }
            }
            let invalid = try error(Data("{\"text\": \"".utf8) + [0xff] + Data("\"}\n".utf8))
            #expect(invalid?.line == 6001)
            #expect(invalid?.description.contains("not valid UTF-8 at byte 11") == true)
            let both = try error(Data("{\"text\": 1}\n{}\n".utf8) + [0xff])
            #expect(both?.line == 6001)
            #expect(both?.description.contains("\"text\" is not a string") == true)
        }
    }

    @Test func everyInputNeedsTargets() throws {
        let prompt = #"{"prompt": "a"}"#
        try withFiles(["a.jsonl": #"{"text": "a"}"#, "b.jsonl": prompt, "c.jsonl": ""]) { urls in
            let encoder = CorpusEncoder(tokenizer: tokenizer, contextLength: 64)
            let none = #expect(throws: UserError.self) {
                try encoder.encode(CorpusReader(Array(urls.prefix(2))))
            }
            #expect(none?.file?.hasSuffix("b.jsonl") == true)
            #expect(none?.problem == "no token of the corpus is a target")
            let empty = #expect(throws: UserError.self) {
                try encoder.encode(CorpusReader([urls[0], urls[2]]))
            }
            #expect(empty?.status == .noInput)
            #expect(throws: UserError.self) { try encoder.encode(CorpusReader([])) }
        }
    }
}
