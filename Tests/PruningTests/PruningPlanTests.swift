import Checkpoints
import Corpora
import Foundation
import Pruning
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

/// Students cut from checkpoints, with their tokenizers.
@Suite struct PruningPlanTests {
    private let records = ["Ada takes the lamp to the hall.", "Bo has a key.", "Where is the boat?"].map(
        CorpusRecord.text)

    /// Runs `body` on a model with random weights and a golden vocabulary.
    private func withModel(_ body: (Checkpoint) throws -> Void) throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let shape = Configuration(
            vocabularySize: tokenizer.vocabularySize, width: 32, layers: 4, heads: 4, keyValueHeads: 2,
            headDimension: 8, feedForward: 48, contextLength: 64)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model")
            let decoder = try DecoderModel(configuration: shape, seed: 7)
            // Fresh logits are nearly equal; larger ones tell pieces apart.
            decoder.embeddingTable.withUnsafeMutableFloats { for index in $0.indices { $0[index] *= 20 } }
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .roleMarkers, to: url)
            try body(try Checkpoint.load(url))
        }
    }

    @Test(arguments: [false, true]) func allPartsAtOnce(reconstructs: Bool) throws {
        try withModel { whole in
            let cut = PruningPlan(
                layers: .count(3), feedForward: 40, heads: 2, width: 24, vocabulary: .init(size: 330),
                reconstructs: reconstructs)
            let (student, report) = try cut.apply(to: whole, records: records)
            let shape = student.decoder.configuration
            #expect(shape.layers == 3 && shape.feedForward == 40 && shape.heads == 2)
            #expect(shape.width == 24 && shape.vocabularySize == 330)
            #expect(report.layers?.count == 3 && report.blockInfluence?.count == 4)
            #expect(report.remainingParameters == shape.parameterCount)
            #expect(report.parameters == whole.decoder.configuration.parameterCount)
            #expect(report.vocabulary?.usage.changedTokens == 0)
            #expect(student.stopIDs == [student.tokenizer!.endID!, student.tokenizer!.id(of: "<|end|>")!])
            // It can be trained on.
            let url = whole.url.deletingLastPathComponent().appending(path: "student")
            try student.save(to: url, as: .f32)
            #expect(try Checkpoint.load(url).decoder.configuration == shape)
        }
    }

    /// On chats that the projections were not fitted to.
    @Test func aReconstructedStudentIsCloserToItsTeacher() throws {
        let whole = try Checkpoint.load(packageRoot.appending(path: "data/teacher"))
        let records = try CorpusReader([packageRoot.appending(path: "data/world/chats.jsonl")])
            .records()
        let encoder = CorpusEncoder(
            tokenizer: try whole.requireTokenizer(), template: try #require(whole.chatTemplate),
            contextLength: 128)
        let unseen = TokenBatch(sequences: try records.suffix(20).map { try encoder.document($0).ids })
        let wanted = whole.decoder.hiddenStates(unseen).values
        func distance(reconstructs: Bool) throws -> Float {
            let plan = PruningPlan(layers: .count(5), feedForward: 512, reconstructs: reconstructs)
            let (student, _) = try plan.apply(to: whole, records: Array(records.prefix(400)))
            #expect(student.decoder.configuration.layers == 5)
            let found = student.decoder.hiddenStates(unseen).values
            return zip(found, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        #expect(try distance(reconstructs: true) < 0.7 * distance(reconstructs: false))
    }

    /// A distribution under the condition that a kept piece comes next: the whole one's, divided by the mass kept. So
    /// the mean mass that is lost follows from the two. A single text is both what pieces are chosen on and what the
    /// loss is measured on.
    @Test func theRestrictedTeacherIsTheConditionalOne() throws {
        try withModel { whole in
            let records = Array(self.records.prefix(1))
            let cut = PruningPlan(vocabulary: .init(size: 320))
            let (restricted, report) = try cut.apply(to: whole, records: records)
            let (wide, narrow) = (try whole.requireTokenizer(), try restricted.requireTokenizer())
            func probabilities(_ model: Checkpoint, _ ids: [Int32]) -> [[Double]] {
                let logits = model.decoder.logits(
                    model.decoder.hiddenStates(TokenBatch(sequences: [ids])))
                return ids.indices.map { row in
                    Reference.softmax(
                        logits.values[row * logits.width..<(row + 1) * logits.width].map(Double.init))
                }
            }
            var (lost, positions) = (0.0, 0)
            for record in records {
                func document(_ tokenizer: Tokenizer) throws -> [Int32] {
                    try CorpusEncoder(tokenizer: tokenizer, contextLength: 64).document(record).ids
                }
                let p = try probabilities(whole, document(wide))
                let q = try probabilities(restricted, document(narrow))
                try #require(p.count == q.count)
                for (p, q) in zip(p, q) {
                    let kept = (0..<320).map { p[Int(wide.id(of: narrow.piece(Int32($0)))!)] }
                    let mass = kept.reduce(0, +)
                    // Float32 logits: relative 1e-6 times their size, about 10.
                    expectClose(q.map(Float.init), kept.map { $0 / mass }, relative: 1e-4)
                    lost += 1 - mass
                    positions += 1
                }
            }
            let vocabulary = try #require(report.vocabulary)
            #expect(vocabulary.lostMassPositions == positions && lost > 0)
            expectClose([Float(vocabulary.lostMass)], [lost / Double(positions)], relative: 1e-4)
        }
    }

    @Test func chosenLayersNeedNoText() throws {
        try withModel { whole in
            let (student, report) = try PruningPlan(layers: .chosen([1, 4])).apply(to: whole, records: [])
            #expect(report.layers == [1, 4] && report.blockInfluence == nil)
            #expect(student.decoder.down(1).values == whole.decoder.down(3).values)
            #expect(student.tokenizer?.serializedModel == whole.tokenizer?.serializedModel)
        }
    }

    @Test func symbolsTakeTheRowsOfTheirPieces() throws {
        try withModel { whole in
            let old = try #require(whole.tokenizer?.id(of: "Q") ?? whole.tokenizer?.id(of: "j"))
            let symbol = VocabularyTrim.Symbol("<|tool|>", replacing: whole.tokenizer!.piece(old))
            let cut = PruningPlan(vocabulary: .init(size: 330, symbols: [symbol]))
            let (student, _) = try cut.apply(to: whole, records: records)
            let row = Int(try #require(student.tokenizer?.id(of: "<|tool|>")))
            let (table, original) = (student.decoder.embeddingTable, whole.decoder.embeddingTable)
            #expect(
                Array(table.values[row * 32..<(row + 1) * 32])
                    == Array(original.values[Int(old) * 32..<(Int(old) + 1) * 32]))
        }
    }

    @Test func whatCannotBeIsRefused() throws {
        try withModel { whole in
            func message(_ cut: PruningPlan, _ records: [CorpusRecord]) -> String? {
                do {
                    _ = try cut.apply(to: whole, records: records)
                    return nil
                } catch { return "\(error)" }
            }
            #expect(
                message(PruningPlan(layers: .count(9)), records)?.contains("layers 9 does not fit") == true
            )
            #expect(
                message(PruningPlan(layers: .chosen([2, 5])), [])?.contains("there is no layer 5") == true)
            #expect(message(PruningPlan(layers: .count(2)), [])?.contains("no text to measure") == true)
            #expect(
                message(PruningPlan(vocabulary: .init(size: 10)), records)?.contains("10 pieces are too few")
                    == true)
        }
    }
}
