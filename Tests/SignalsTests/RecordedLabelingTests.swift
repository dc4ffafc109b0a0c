import Corpora
import Foundation
import MethodFixtures
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Generation
@testable import Signals

/// Signals from log-probabilities that records hold, beside those of the same model on disk.
@Suite struct RecordedLabelingTests {
    private static let k = 9
    private let tokenizer: Tokenizer
    private let teacher: DecoderModel
    private let endpoint: Endpoint
    private let questions = ["Where?", "Who is there?", "When?", "Whose?", "Which one?"]
    private let answers = ["in the other", "no one", "then", "the \u{2714} others'", "on the north"]

    /// A record, as `generate` writes it.
    private struct Record: Encodable {
        struct Meta: Encodable { var model = "recorded" }
        var messages: [Message]
        var logprobs: [AnswerLogprobs]?
        var meta = Meta()
    }

    init() throws {
        tokenizer = try smallBytePair()
        teacher = try Small.decoder(vocabulary: tokenizer.vocabularySize, deviation: 1)
        endpoint = Endpoint(address: try EndpointAddress("http://127.0.0.1:9/v1"), model: "recorded")
    }

    private var encoder: CorpusEncoder {
        CorpusEncoder(tokenizer: tokenizer, template: .chatML, contextLength: 64)
    }

    private func messages(_ index: Int) -> [Message] {
        [Message(role: .user, content: questions[index]), Message(role: .assistant, content: answers[index])]
    }

    private func document(_ messages: [Message]) throws -> EncodedDocument {
        try encoder.parts(of: .chat(messages, tools: [])).documents[0]
    }

    /// ln p of all tokens at each token of a document's last answer.
    private func logs(_ document: EncodedDocument) -> [(id: Int32, logs: [Double])] {
        let batch = Small.batch(of: [document])
        let rows = Small.logits(teacher, batch).map { row in
            let most = row.max()!
            let sum = log(row.reduce(0) { $0 + exp($1 - most) }) + most
            return row.map { $0 - sum }
        }
        let targets = document.student.rowsBeforeTargets
        let last = targets.indices.last { $0 > 0 && targets[$0] != targets[$0 - 1] + 1 } ?? 0
        return targets.indices[last...].map { (document.ids[Int(targets[$0]) + 1], rows[$0]) }
    }

    /// What a server would have returned with the last answer of a chat.
    private func logprobs(_ messages: [Message], withIDs: Bool, end: Bool = true) throws -> AnswerLogprobs {
        var positions = logs(try document(messages)).map { id, logs in
            func named(_ id: Int) -> NamedToken {
                NamedToken(
                    text: String(decoding: tokenizer.bytes(of: Int32(id)), as: UTF8.self),
                    bytes: tokenizer.bytes(of: Int32(id)), logProbability: logs[id],
                    id: withIDs ? Int32(id) : nil)
            }
            let top = logs.indices.sorted { logs[$0] > logs[$1] }.prefix(Self.k)
            return AnswerLogprobs.Position(token: named(Int(id)), top: top.map(named))
        }
        // Chat templates may write a line break behind the end, which no server returns.
        positions.removeAll { $0.token.text == "\n" }
        if !end { positions.removeLast() }
        return AnswerLogprobs(positions: positions)
    }

    private func write(_ records: [Record], in directory: URL) throws -> CorpusReader {
        let url = directory.appending(path: "corpus.jsonl")
        let lines = try records.map {
            String(decoding: try JSONEncoder.stable.encode($0), as: UTF8.self) + "\n"
        }
        try Data(lines.joined().utf8).write(to: url)
        return CorpusReader([url])
    }

    private func job(model: String = "recorded", tokenizer: Tokenizer? = nil) -> RecordedLabelingJob {
        var endpoint = endpoint
        endpoint.model = model
        return RecordedLabelingJob(
            endpoint: endpoint, tokenizer: tokenizer ?? self.tokenizer, template: .chatML, k: Self.k,
            context: 64)
    }

    private func problem(_ records: [Record], _ job: RecordedLabelingJob? = nil) throws -> String {
        try withTemporaryDirectory { directory in
            let cache = directory.appending(path: "signals")
            let error = #expect(throws: UserError.self) {
                try (job ?? self.job()).run(write(records, in: directory), into: cache)
            }
            #expect(!FileManager.default.fileExists(atPath: cache.appending(path: "manifest.json").path))
            return error?.description ?? ""
        }
    }

    @Test func signalsAreThoseOfTheModel() throws {
        try withTemporaryDirectory { directory in
            let records = try questions.indices.map {
                Record(messages: messages($0), logprobs: [try logprobs(messages($0), withIDs: true)])
            }
            let cache = directory.appending(path: "signals")
            // A record that occurs twice is labelled once.
            let (manifest, summary) = try job().run(write(records + [records[0]], in: directory), into: cache)
            let documents = try questions.indices.map { try document(messages($0)) }
            #expect(manifest.records == documents.count && summary.positions == manifest.positions)
            let local = directory.appending(path: "local")
            try LabelingJob(
                teacher: teacher,
                origin: Small.origin(kind: .topK(k: Self.k), vocabulary: tokenizer.vocabularySize)
            ).run(EncodedCorpus(documents), into: local)
            let theirs = try SignalCache(directory: cache).signal(for: documents)
            let ours = try SignalCache(directory: local).signal(for: documents)
            var own = 0
            let targets = documents.flatMap { document in
                document.student.rowsBeforeTargets.map { document.ids[Int($0) + 1] }
            }
            #expect(targets.count == theirs.positions)
            for (position, target) in targets.enumerated() {
                let (here, there) = (
                    theirs.offsets[position]..<theirs.offsets[position + 1],
                    ours.offsets[position]..<ours.offsets[position + 1]
                )
                if here.count == 1 {
                    own += 1
                    #expect(theirs.ids[here.lowerBound] == target && theirs.weights[here.lowerBound] == 1)
                    continue
                }
                #expect(theirs.ids[here] == ours.ids[there])
                // Logarithms are written with four digits, and the cache stores 11 bits of theirs.
                expectClose(
                    Array(theirs.weights[here]), ours.weights[there].map(Double.init), relative: 1e-3,
                    absolute: 1e-8)
            }
            #expect(own == summary.ownTokens && own <= documents.count, "\(own)")
            // Run again, all is there.
            let before = try contents(of: cache)
            try job().run(write(records + [records[0]], in: directory), into: cache)
            #expect(try contents(of: cache) == before)
        }
    }

    /// The order of records and what was removed since do not matter; an interrupted job ends with the same bytes.
    @Test func aJobGoesOnWhereItWasInterrupted() throws {
        try withTemporaryDirectory { directory in
            let records = try questions.indices.reversed().map {
                Record(
                    messages: messages($0), logprobs: [try logprobs(messages($0), withIDs: false, end: false)]
                )
            }
            let reader = try write(records, in: directory)
            let whole = directory.appending(path: "whole")
            var killed: [URL] = []
            let summary = try job().run(reader, into: whole) { event in
                guard case .advanced(_, let done, _, _) = event else { return }
                let copy = directory.appending(path: "killed-\(done)")
                try? FileManager.default.copyItem(at: whole, to: copy)
                killed.append(copy)
            }.summary
            #expect(summary.part?.hasPrefix("\(summary.ownTokens) positions without a distribution") == true)
            #expect(summary.ownTokens >= records.count && killed.count == records.count)
            let expected = try contents(of: whole)
            for (index, copy) in killed.enumerated() {
                var notes: [String] = []
                try job().run(reader, into: copy) { if case .note(let text) = $0 { notes.append(text) } }
                #expect(try contents(of: copy) == expected)
                #expect(notes == ["label: resumed at document \(index + 1) of \(records.count)"])
            }
        }
    }

    @Test func turnsThatTheModelDidNotWriteHaveTheirOwnTokens() throws {
        try withTemporaryDirectory { directory in
            // Both turns have the same text, and fit into the context.
            let chat = messages(2) + messages(2)
            let answer = try logprobs(chat, withIDs: true)
            let cache = directory.appending(path: "signals")
            let summary = try job().run(
                write([Record(messages: chat, logprobs: [answer])], in: directory), into: cache
            ).summary
            let history = try document(messages(2)).targetCount
            #expect(summary.positions == 2 * history)
            // The line break behind the end is the template's.
            #expect((history...history + 1).contains(summary.ownTokens), "\(summary)")
            let signal = try SignalCache(directory: cache).signal(for: [document(chat)])
            #expect(signal.offsets[history] == history)
        }
    }

    @Test func recordsThatDoNotFitAreRefused() throws {
        let answer = try logprobs(messages(0), withIDs: false)
        let whole = Record(messages: messages(0), logprobs: [answer])
        let bare = try problem([whole, Record(messages: messages(1))])
        #expect(bare.contains("corpus.jsonl:2") && bare.contains("without \"logprobs\""), "\(bare)")
        let changed = try problem([Record(messages: messages(1), logprobs: [answer])])
        #expect(changed.contains("corpus.jsonl:1") && changed.contains("no turn has the text"), "\(changed)")
        let other = try problem([whole], job(model: "another"))
        #expect(other.contains("an answer of recorded, not of another"), "\(other)")
        var damaged = whole
        damaged.logprobs?[0].positions[1].top[0].logProbability = 3
        #expect(try problem([damaged]).contains("add up to"))
    }

    /// A vocabulary with other merges divides the same texts otherwise.
    @Test func anotherTokenizerIsRefused() throws {
        let records = try questions.indices.map {
            Record(messages: messages($0), logprobs: [try logprobs(messages($0), withIDs: false)])
        }
        let other = try smallBytePair(merges: ["i n", "t h", "\u{120} n", "\u{120} o"])
        let text = try problem(records, job(tokenizer: other))
        #expect(text.contains("its tokenizer is another"), "\(text)")
    }
}
