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

/// Signals from probabilities that an endpoint gives, beside those of the same model on disk.
@Suite struct EndpointLabelingTests {
    private static let k = 12
    private let tokenizer: Tokenizer
    private let teacher: DecoderModel
    /// Chats without roles: a begin token, then tokens of which two thirds are targets.
    private let documents: [EncodedDocument]
    /// ln p of all tokens behind each token.
    private let logs: [[[Double]]]

    init() throws {
        tokenizer = try smallBytePair(begin: "<|im_start|>")
        let vocabulary = tokenizer.vocabularySize
        teacher = try Small.decoder(vocabulary: vocabulary, deviation: 1)
        let begin = try #require(tokenizer.beginTokenID)
        var stream = RandomStream(seed: 4, purpose: "scored documents")
        documents = (0..<9).map { _ in
            // Letters and the pieces of merges: text that is whole.
            let ids = (0..<4 + stream.nextIndex(below: 9)).map { _ in
                Int32(
                    stream.nextIndex(below: 3) == 0
                        ? 256 + stream.nextIndex(below: 5) : 64 + stream.nextIndex(below: 26))
            }
            let mask = [false, false] + ids.dropFirst().map { _ in stream.nextIndex(below: 3) > 0 }
            return EncodedDocument(ids: [begin] + ids, lossMask: mask)
        }.filter { $0.targetCount > 0 }
        let teacher = teacher
        logs = documents.map { document in
            let batch = TrainingBatch(
                tokens: TokenBatch(sequences: [document.ids + [0]]),
                lossMask: [false] + document.ids.map { _ in true })
            return Small.logits(teacher, batch).map { row in
                let most = row.max()!
                let sum = log(row.reduce(0) { $0 + exp($1 - most) }) + most
                return row.map { $0 - sum }
            }
        }
    }

    private func server(_ form: ScoringServer.Form, _ documents: [EncodedDocument]? = nil) throws
        -> ScoringServer
    {
        try ScoringServer(form, tokenizer, (documents ?? self.documents).map(\.ids), logs: logs)
    }

    private func job(
        _ server: ScoringServer, perToken: Bool = false, shard: Shard? = nil,
        _ change: (inout Endpoint) -> Void = { _ in }
    ) throws -> EndpointLabelingJob {
        var endpoint = Endpoint(address: try EndpointAddress(server.url), model: "scored")
        endpoint.retry.firstDelay = 0.01
        change(&endpoint)
        return try EndpointLabelingJob(
            endpoint: endpoint, tokenizer: tokenizer, template: nil, k: Self.k, scope: .assistant,
            context: 64,
            isPerToken: perToken, shard: shard)
    }

    private func signal(_ cache: URL, of documents: [EncodedDocument]) throws -> SparseSignal {
        try SignalCache(directory: cache).signal(for: documents)
    }

    private func labelled(_ server: ScoringServer, in directory: URL, _ documents: [EncodedDocument]? = nil)
        throws
        -> SparseSignal
    {
        let documents = documents ?? self.documents
        let cache = directory.appending(path: "signals")
        try job(server).run(
            EncodedCorpus(documents), into: cache, journal: directory.appending(path: "journal"))
        return try signal(cache, of: documents)
    }

    /// vLLM names tokens by their ids: all k are there.
    @Test func probabilitiesByIdAreTheSignalsOfTheModel() throws {
        try withTemporaryDirectory { directory in
            let theirs = try labelled(server(.vLLM), in: directory)
            let local = directory.appending(path: "local")
            try LabelingJob(
                teacher: teacher,
                origin: Small.origin(kind: .topK(k: Self.k), vocabulary: tokenizer.vocabularySize)
            ).run(EncodedCorpus(documents), into: local)
            let ours = try signal(local, of: documents)
            #expect(theirs.ids == ours.ids && theirs.offsets == ours.offsets)
            expectClose(theirs.weights, ours.weights.map(Double.init), relative: 7e-4, absolute: 1e-9)
            expectClose(theirs.tails, ours.tails.map(Double.init), relative: 7e-4, absolute: 1e-6)
        }
    }

    /// Shards of an endpoint's labels, joined, are the cache of all, and each asks for its own documents alone.
    @Test func shardsAreThoseOfTheWhole() throws {
        try withTemporaryDirectory { directory in
            let server = try server(.vLLM)
            // Two of them twice.
            let corpus = documents.prefix(4) + documents.prefix(2) + documents.dropFirst(4)
            func label(_ name: String, _ shard: Shard? = nil) throws -> URL {
                let cache = directory.appending(path: name)
                try job(server, shard: shard).run(
                    EncodedCorpus(Array(corpus)), into: cache, journal: directory.appending(path: name + "j"))
                return cache
            }
            let whole = try contents(of: label("whole"))
            for count in [1, 2, 3, 11] {
                let before = server.asked.count
                let caches = try (1...count).map { try label("\($0)-of-\(count)", Shard($0, of: count)) }
                // A few first requests of each shard that has documents.
                let asked = server.asked.count - before
                #expect(asked >= documents.count && asked <= documents.count + 4 * count, "\(asked)")
                let merged = directory.appending(path: "merged-\(count)")
                try SignalMerge(caches).write(to: merged)
                #expect(try contents(of: merged) == whole, "\(count) shards")
            }
        }
    }

    /// llama.cpp's server: a request for each target, tokens by their ids.
    @Test(arguments: [ScoringServer.Form.llamaServer, .llamaCppPython])
    func eachTokenCanBeAskedForAlone(form: ScoringServer.Form) throws {
        try withTemporaryDirectory { directory in
            let server = try server(form)
            let cache = directory.appending(path: "signals")
            let (manifest, summary) = try job(server, perToken: true).run(
                EncodedCorpus(documents), into: cache, journal: directory.appending(path: "journal"))
            #expect(server.asked.isEmpty && summary.map { $0.requests >= manifest.positions } == true)
            let theirs = try signal(cache, of: documents)
            if form == .llamaServer { #expect(theirs.mostEntries == Self.k) }
            var position = 0
            for (index, document) in documents.enumerated() {
                for row in document.student.rowsBeforeTargets.map(Int.init) {
                    for entry in theirs.offsets[position]..<theirs.offsets[position + 1] {
                        expectClose(
                            [theirs.weights[entry]], [exp(logs[index][row][Int(theirs.ids[entry])])],
                            relative: 7e-4,
                            absolute: 1e-8)
                    }
                    position += 1
                }
            }
            #expect(position == theirs.positions)
        }
    }

    /// What a text names without doubt has its probability; all else is in the tail.
    @Test(arguments: [ScoringServer.Form.echo, .llamaCppPython])
    func tokensThatTextsCannotTellApartAreInTheTail(form: ScoringServer.Form) throws {
        try withTemporaryDirectory { directory in
            let server = try server(form)
            let theirs = try labelled(server, in: directory)
            var (position, left) = (0, 0)
            for (index, document) in documents.enumerated() {
                for row in document.student.rowsBeforeTargets.map(Int.init) {
                    let logs = logs[index][row]
                    let top = logs.indices.sorted { (logs[$1], $0) < (logs[$0], $1) }.prefix(Self.k)
                    let target = Int(document.ids[row + 1])
                    // Bytes from 128 on are no characters; control tokens have no text at llama-cpp-python.
                    let named = top.filter { id in
                        id == target || id < 128 || (256..<261).contains(id) || (form == .echo && id > 260)
                    }
                    left += top.count - named.count
                    let range = theirs.offsets[position]..<theirs.offsets[position + 1]
                    // Where tokens share a text, the document's own may be beyond k.
                    let found = Set(theirs.ids[range].map(Int.init))
                    #expect(found.subtracting([target]) == Set(named).subtracting([target]))
                    #expect(!named.contains(target) || found.contains(target))
                    for entry in range {
                        expectClose(
                            [theirs.weights[entry]], [exp(logs[Int(theirs.ids[entry])])], relative: 7e-4,
                            absolute: 1e-8)
                    }
                    expectClose(
                        [theirs.tails[position]], [1 - found.reduce(0) { $0 + exp(logs[$1]) }],
                        relative: 2e-3,
                        absolute: 1e-6)
                    position += 1
                }
            }
            #expect(position == theirs.positions && left > 0)
            let isText = server.asked.contains { if case .string = $0 { true } else { false } }
            #expect(isText == (form == .llamaCppPython))
        }
    }

    /// Without a begin token llama-cpp-python puts each distribution beside the token before its own (its issue 1276).
    @Test func distributionsBesideOtherTokensAreRefused() throws {
        try withTemporaryDirectory { directory in
            let shortened = documents.map {
                EncodedDocument(ids: Array($0.ids.dropFirst()), lossMask: [false] + $0.lossMask.dropFirst(2))
            }
            let server = try ScoringServer(
                .llamaCppPython, tokenizer, shortened.map(\.ids), logs: logs.map { Array($0.dropFirst()) })
            let error = #expect(throws: UserError.self) { try labelled(server, in: directory, shortened) }
            #expect(
                error?.problem.contains("log-probabilities beside other tokens than their own") == true,
                "\(String(describing: error))")
            #expect(
                !FileManager.default.fileExists(
                    atPath: directory.appending(path: "signals/manifest.json").path))
        }
    }

    @Test func aServerWithoutProbabilitiesOfPromptsIsFoundBeforeTheRun() throws {
        try withTemporaryDirectory { directory in
            let server = try server(.llamaServer)
            let error = #expect(throws: UserError.self) { try labelled(server, in: directory) }
            #expect(
                error?.problem.contains("Only no echo is supported") == true, "\(String(describing: error))")
            #expect(error?.hint?.contains("--per-token") == true)
            // The beginning of a document, as ids and as two texts, each of them twice.
            #expect(server.asked.count <= 6)
            server.change { $0.form = .textAlone }
            let silent = #expect(throws: UserError.self) { try labelled(server, in: directory) }
            #expect(
                silent?.problem.contains("no log-probabilities of the prompt") == true,
                "\(String(describing: silent))")
            // Another server at the same address is asked again.
            server.change { $0.form = .vLLM }
            #expect(try labelled(server, in: directory).positions > 0)
        }
    }

    @Test func anotherTokenizerIsRefused() throws {
        try withTemporaryDirectory { directory in
            let server = try server(.vLLM)
            server.change { state in for id in 64..<90 { state.renamed[Int32(id)] = "other" } }
            let error = #expect(throws: UserError.self) { try labelled(server, in: directory) }
            #expect(error?.problem.contains("it reads other tokens") == true, "\(String(describing: error))")
        }
    }

    /// Ended by a budget and resumed, each document is asked for once, and the bytes are those of a run that was not ended.
    @Test func whatIsPaidForIsKept() throws {
        try withTemporaryDirectory { directory in
            let whole = directory.appending(path: "whole")
            let server = try server(.vLLM)
            try job(server).run(
                EncodedCorpus(documents), into: whole, journal: directory.appending(path: "whole.answers"))
            server.change { $0.asked = [] }
            let (cache, journal) = (directory.appending(path: "cache"), directory.appending(path: "answers"))
            for requests in [4, 6] {
                let error = #expect(throws: UserError.self) {
                    try job(server) { $0.budget.requests = requests }.run(
                        EncodedCorpus(documents), into: cache, journal: journal)
                }
                #expect(
                    error?.problem.contains("the budget of \(requests) requests ended") == true,
                    "\(String(describing: error))")
            }
            let (_, summary) = try job(server).run(EncodedCorpus(documents), into: cache, journal: journal)
            #expect(summary.map { $0.requests < documents.count && $0.inputTokens > 0 } == true)
            // The first document is that by which the server is tried.
            let asked = server.asked.filter { prompt in
                documents.dropFirst().contains { prompt == .array($0.ids.map { .integer(Int($0)) }) }
            }
            #expect(
                Set(asked).count == asked.count && asked.count == Set(documents.dropFirst().map(\.ids)).count)
            #expect(try contents(of: cache) == contents(of: whole))
        }
    }
}
