import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Transformer

/// Generation with a second model that reads along and has a say.
@Suite struct MixtureModelTests {
    private let stopID: Int32 = 7

    private func run(
        _ writer: DecoderModel, _ mixtureModel: DecoderModel, share: Float, requests: Int = 24,
        slots: Int = 5,
        excluded: Set<Int32> = []
    ) throws -> [GenerationResult] {
        let all = (0..<requests).map { (index: Int) -> GenerationRequest in
            let last = Int32(index % 7 + 2)
            return GenerationRequest(
                prompt: [1, last], options: .init(maxNewTokens: 9),
                stream: RandomStream(seed: 3, purpose: "test", index: UInt64(index)), stopIDs: [stopID],
                excludedIDs: excluded, mixtureModelPrompt: [1, 20, 21, last])
        }
        var answers: [GenerationResult] = []
        try BatchGenerator(writer, slots: slots, mixtureModel: (mixtureModel, share, 40))
            .run(all, order: .request) { answers.append($0) }
        return answers
    }

    /// ln softmax of the whole sequence's logits, by an uncached pass.
    private func logProbabilities(_ decoder: DecoderModel, _ tokens: [Int32]) -> [[Double]] {
        let logits = withoutGradients {
            decoder.logits(decoder.hiddenStates(TokenBatch(sequences: [tokens])))
        }
        let values = logits.values.map(Double.init)
        return (0..<logits.rows).map { row in
            let z = Array(values[row * logits.width..<(row + 1) * logits.width])
            let sum = Reference.logSumExp(z)
            return z.map { $0 - sum }
        }
    }

    /// Both models' logProbabilities are those of uncached passes over their own prompts; the logProbabilities of drawing are the mixture's
    /// without the tokens that are excluded.
    @Test(arguments: [0, 0.2, 1] as [Float])
    func oddsAreTheModels(share: Float) throws {
        let (writer, mixtureModel) = (try Fixture.decoder(seed: 1), try Fixture.decoder(seed: 2))
        let excluded: Set<Int32> = [3, 30, 31, 32]
        let answers = try run(writer, mixtureModel, share: share, excluded: excluded)
        #expect(Set(answers.map(\.reason)) == [.stop, .length] || share == 1)
        for (index, answer) in answers.enumerated() {
            let tokens = answer.tokens + (answer.endID.map { [$0] } ?? [])
            #expect(answer.logProbabilities.count == tokens.count)
            #expect(excluded.isDisjoint(with: tokens))
            let last = Int32(index % 7 + 2)
            let own = logProbabilities(writer, [1, last] + tokens)
            let other = logProbabilities(mixtureModel, [1, 20, 21, last] + tokens)
            for (t, (token, logProbabilities)) in zip(tokens, answer.logProbabilities).enumerated() {
                let (q, p) = (own[1 + t], other[3 + t])
                expectClose(
                    [logProbabilities.own, logProbabilities.mixtureModel], [q[Int(token)], p[Int(token)]],
                    relative: 1e-4,
                    absolute: 1e-4)
                let mixture = zip(p, q).map { Double(share) * exp($0) + Double(1 - share) * exp($1) }
                let left = 1 - excluded.reduce(0) { $0 + mixture[Int($1)] }
                expectClose(
                    [logProbabilities.drawn], [log(mixture[Int(token)] / left)], relative: 1e-4,
                    absolute: 1e-4)
            }
        }
    }

    /// Without a say, a mixtureModel changes nothing of what is written.
    @Test func withoutASay() throws {
        let (writer, mixtureModel) = (try Fixture.decoder(seed: 1), try Fixture.decoder(seed: 2))
        let heard = try run(writer, mixtureModel, share: 0)
        let requests = (0..<24).map { (index: Int) -> GenerationRequest in
            let last = Int32(index % 7 + 2)
            return GenerationRequest(
                prompt: [1, last], options: .init(maxNewTokens: 9),
                stream: RandomStream(seed: 3, purpose: "test", index: UInt64(index)), stopIDs: [stopID])
        }
        var alone: [[Int32]] = []
        try BatchGenerator(writer).run(requests, order: .request) {
            #expect($0.logProbabilities.isEmpty)
            alone.append($0.tokens)
        }
        #expect(heard.map(\.tokens) == alone)
        let guided = try run(writer, mixtureModel, share: 1)
        #expect(guided.map(\.tokens) != alone)
    }

    /// An answer depends on its request alone.
    @Test func companyDoesNotMatter() throws {
        let (writer, mixtureModel) = (try Fixture.decoder(seed: 1), try Fixture.decoder(seed: 2))
        let answers = try run(writer, mixtureModel, share: 0.3)
        for slots in [1, 24] {
            let others = try run(writer, mixtureModel, share: 0.3, slots: slots)
            #expect(others == answers)
        }
    }

    /// First tokens come as often as the mixture says.
    @Test func frequencies() throws {
        let (writer, mixtureModel) = (try Fixture.decoder(seed: 1), try Fixture.decoder(seed: 2))
        let count = 4_000
        let requests = (0..<count).map { (index: Int) -> GenerationRequest in
            GenerationRequest(
                prompt: [1, 2], options: .init(maxNewTokens: 1),
                stream: RandomStream(seed: 5, purpose: "test", index: UInt64(index)))
        }
        var counts = [Int](repeating: 0, count: 97)
        try BatchGenerator(writer, mixtureModel: (mixtureModel, 0.4, 8)).run(requests) {
            counts[Int($0.tokens[0])] += 1
        }
        let own = logProbabilities(writer, [1, 2])[1]
        let other = logProbabilities(mixtureModel, [1, 2])[1]
        for id in counts.indices {
            let chance = 0.4 * exp(other[id]) + 0.6 * exp(own[id])
            let deviation = (Double(count) * chance * (1 - chance)).squareRoot()
            #expect(abs(Double(counts[id]) - Double(count) * chance) < 4.5 * deviation + 1, "token \(id)")
        }
    }
}
