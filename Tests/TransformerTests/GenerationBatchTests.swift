import Support
import Tensors
import TestSupport
import Testing

@testable import Transformer

@Suite struct GenerationBatchTests {
    private let options = SamplingOptions(temperature: 0.8, topK: 40, topP: 0.95, maxNewTokens: 20)

    @Test func greedyAnswersAreThoseOfTheUncachedModel() throws {
        let decoder = try smallDecoder()
        let prompt = prompts(1)[0]
        var tokens = prompt
        for _ in 0..<10 {
            let hidden = decoder.hiddenStates(TokenBatch(sequences: [tokens]))
            let row = Array(decoder.logits(hidden).values.suffix(61))
            tokens.append(Int32(row.firstIndex(of: row.max()!)!))
        }
        let found = try answers([prompt], from: decoder, slots: 1, options: .greedy(maxNewTokens: 10))
        #expect(
            found == [GenerationResult(request: 0, tokens: Array(tokens[prompt.count...]), reason: .length)])
    }

    /// What resuming rests on: asked for alone, in other company or with other threads, an answer is the same.
    @Test func answersDoNotDependOnTheirCompany() throws {
        let decoder = try smallDecoder()
        let all = prompts(30)
        let expected = try answers(all, from: decoder, slots: 16, options: options, stopIDs: [7, 8])
        #expect(Set(expected.map(\.reason)) == [.stop, .length])
        #expect(Set(expected.map(\.tokens)).count > 25)

        for slots in [1, 3, 30] {
            let found = try answers(all, from: decoder, slots: slots, options: options, stopIDs: [7, 8])
            #expect(found == expected, "\(slots) slots")
        }
        let last = try answers(
            Array(all[20...]), from: decoder, slots: 16, options: options, first: 20, stopIDs: [7, 8])
        #expect(last.map(\.tokens) == expected[20...].map(\.tokens))

        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        Parallel.threads = 1
        #expect(try answers(all, from: decoder, slots: 16, options: options, stopIDs: [7, 8]) == expected)
    }

    @Test func answersOfAQuantizedModelDoNotDependOnTheirCompany() throws {
        let decoder = try Fixture.quantizedDecoder()
        let all = prompts(20)
        let expected = try answers(all, from: decoder, slots: 16, options: options)
        #expect(Set(expected.map(\.tokens)).count > 15)
        for slots in [1, 3] {
            #expect(
                try answers(all, from: decoder, slots: slots, options: options) == expected, "\(slots) slots")
        }
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        Parallel.threads = 1
        #expect(try answers(all, from: decoder, slots: 16, options: options) == expected)
    }

    /// Products of whole numbers give nearly the logits of the model that is labelled with; those in Float32 the same.
    @Test func aQuantizedModelIsContinuedAsItIsRead() throws {
        let decoder = try Fixture.quantizedDecoder()
        let prompt = prompts(1, longest: 60)[0]
        let exact = decoder.logits(decoder.hiddenStates(TokenBatch(sequences: [prompt]))).values.suffix(97)
        func gap(_ arithmetic: ProductArithmetic) throws -> Float {
            let cache = try KeyValueCache(for: decoder.configuration, slots: 1)
            let hidden = decoder.extend(
                [CacheExtension(slot: 0, tokens: prompt[...])], in: cache, arithmetic: arithmetic)
            let found = decoder.samplingLogits(hidden, arithmetic: arithmetic).values
            return TransformerTests.gap(found, Array(exact))
        }
        #expect(try gap(.float) < 1e-5)
        // Two layers, each matrix off by about 0.5%.
        let rounded = try gap(.int8)
        #expect(rounded > 1e-5 && rounded < 0.05)
    }

    /// Prompts that begin alike wait for the first to compute their beginning, and go on from a copy of it.
    @Test func aCommonBeginningIsComputedOnce() throws {
        let decoder = try smallDecoder()
        let beginning = Array(0..<40 as Range<Int32>)
        let requests = (0..<4).map { index in
            GenerationRequest(
                prompt: beginning + [Int32(index)], options: options,
                stream: RandomStream(seed: 1, purpose: "test", index: UInt64(index)))
        }
        let generator = try BatchGenerator(decoder, slots: 4)
        for (index, request) in requests.enumerated() {
            generator.sequences[index] = RunningSequence(request, index: index)
        }
        #expect(generator.advance().map(\.index) == [0])
        #expect(generator.cache.tokens.map(\.count) == [41, 0, 0, 0])
        #expect(generator.advance().count == 4)
        #expect(generator.cache.tokens.map(\.count) == [42, 41, 41, 41])

        let together = try answers(requests.map(\.prompt), from: decoder, slots: 4, options: options)
        for (index, request) in requests.enumerated() {
            let alone = try answers([request.prompt], from: decoder, slots: 1, options: options, first: index)
            #expect(together[index].tokens == alone[0].tokens)
        }
    }

    @Test func samplesOfAPromptDiffer() throws {
        let decoder = try smallDecoder()
        let same = Array(repeating: prompts(1)[0], count: 8)
        #expect(Set(try answers(same, from: decoder, slots: 8, options: options).map(\.tokens)).count == 8)
    }

    @Test func longPromptsTakeSeveralPasses() throws {
        let decoder = try smallDecoder(contextLength: 700)
        let long = prompts(3, longest: 300).map { $0 + (0..<300).map { Int32($0 % 61) } }
        let together = try answers(long, from: decoder, slots: 3, options: options)
        let alone = try long.indices.map {
            try answers([long[$0]], from: decoder, slots: 1, options: options, first: $0)[0].tokens
        }
        #expect(together.map(\.tokens) == alone)
    }

    @Test func completionOrderHandsShortAnswersOutFirst() throws {
        let decoder = try smallDecoder()
        let generator = try BatchGenerator(decoder, slots: 2)
        let requests = [9, 2, 3].enumerated().map { index, count in
            GenerationRequest(
                prompt: [1, 2], options: .greedy(maxNewTokens: count),
                stream: RandomStream(seed: 0, purpose: "order"))
        }
        for (order, expected) in [(BatchGenerator.Order.completion, [1, 2, 0]), (.request, [0, 1, 2])] {
            var found: [Int] = []
            try generator.run(requests, order: order) { found.append($0.request) }
            #expect(found == expected)
        }
    }

    @Test func aRequestIsPulledOnlyWhenThereIsAPlace() throws {
        let decoder = try smallDecoder()
        let generator = try BatchGenerator(decoder, slots: 2)
        var pulled = 0
        var most = 0
        var finished = 0
        let requests = AnySequence { () -> AnyIterator<GenerationRequest> in
            AnyIterator {
                guard pulled < 10 else { return nil }
                pulled += 1
                most = max(most, pulled - finished)
                return GenerationRequest(
                    prompt: [Int32(pulled)], options: .greedy(maxNewTokens: 3),
                    stream: RandomStream(seed: 0, purpose: "lazy"))
            }
        }
        try generator.run(requests) { _ in finished += 1 }
        #expect(finished == 10)
        #expect(most == 2)
    }

    @Test func listenersSeeEveryTokenAndStopAnswers() throws {
        let decoder = try smallDecoder()
        let generator = try BatchGenerator(decoder, slots: 4)
        let requests = prompts(6).map {
            GenerationRequest(prompt: $0, options: options, stream: RandomStream(seed: 3, purpose: "stop"))
        }
        var heard = [[Int32]](repeating: [], count: 6)
        var results: [GenerationResult] = []
        try generator.run(requests, order: .request) { request, token in
            heard[request].append(token)
            return request == 2 && heard[2].count == 5 ? .stop : .proceed
        } onFinish: {
            results.append($0)
        }
        #expect(results.map(\.tokens) == heard)
        #expect(results.map(\.reason) == [.length, .length, .stopString, .length, .length, .length])
        #expect(heard[2].count == 5)
    }

    @Test func endTokensAreNeitherHeardNorKept() throws {
        let decoder = try smallDecoder()
        let free = try answers([[1, 2, 3]], from: decoder, slots: 1, options: options)[0].tokens
        let end = free[4]
        let firstPlace = free.firstIndex(of: end)!
        let generator = try BatchGenerator(decoder, slots: 1)
        let request = GenerationRequest(
            prompt: [1, 2, 3], options: options, stream: RandomStream(seed: 1, purpose: "test"),
            stopIDs: [end])
        var heard: [Int32] = []
        try generator.run([request]) { _, token in
            heard.append(token)
            return .proceed
        } onFinish: {
            #expect(
                $0
                    == GenerationResult(
                        request: 0, tokens: Array(free[..<firstPlace]), reason: .stop, endID: end))
        }
        #expect(heard == Array(free[..<firstPlace]))
    }

    @Test func aFullContextEndsTheAnswer() throws {
        let decoder = try smallDecoder(contextLength: 12)
        let results = try answers(
            [[1, 2, 3], Array(0..<11)], from: decoder, slots: 2, options: .greedy(maxNewTokens: 50))
        #expect(results.map(\.reason) == [.context, .context])
        #expect(results.map(\.tokens.count) == [9, 1])
    }

    @Test func promptsThatDoNotFitAreErrors() throws {
        let decoder = try smallDecoder(contextLength: 12)
        for (prompt, words) in [(Array(0..<12 as Range<Int32>), "12 tokens"), ([], "no tokens")] {
            let error = #expect(throws: UserError.self) {
                try answers([prompt], from: decoder, slots: 2, options: options)
            }
            #expect(error?.description.contains(words) == true)
        }
    }

    @Test func brokenWeightsAreAnError() throws {
        let decoder = try smallDecoder()
        decoder.parameter("norm.weight").fill(.nan)
        let error = #expect(throws: UserError.self) {
            try answers([[1]], from: decoder, slots: 2, options: options)
        }
        #expect(error?.description.contains("not a number") == true)
    }

    @Test func cancellationEndsRunningAnswersAndTheGeneratorStaysUsable() throws {
        let decoder = try smallDecoder()
        let generator = try BatchGenerator(decoder, slots: 2)
        let requests = prompts(5).enumerated().map {
            GenerationRequest(
                prompt: $1, options: options,
                stream: RandomStream(seed: 1, purpose: "test", index: UInt64($0)))
        }
        var passes = 0
        var results: [GenerationResult] = []
        try generator.run(
            requests, order: .request,
            isCancelled: {
                passes += 1; return passes > 6
            }
        ) {
            results.append($0)
        }
        #expect(results.map(\.reason) == [.cancelled, .cancelled])
        let expected = try answers(prompts(5), from: decoder, slots: 5, options: options)
        for (partial, whole) in zip(results, expected) {
            #expect(!partial.tokens.isEmpty && whole.tokens.starts(with: partial.tokens))
        }
        results = []
        try generator.run(requests, order: .request) { results.append($0) }
        #expect(results == expected)
    }
}
