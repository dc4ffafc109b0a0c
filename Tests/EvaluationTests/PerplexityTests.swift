import Foundation
import Tensors
import TestSupport
import Testing
import Transformer

@testable import Evaluation

@Suite struct PerplexityTests {
    private func windows(_ count: Int, context: Int, stride: Int, seed: UInt64 = 1) -> [Window] {
        let ids = Fixture.ids(count, vocabulary: 97, seed: seed)
        return PerplexityConvention.hf.windows(
            of: [(ids: ids, lossMask: ids.indices.map { $0 > 0 })], context: context, stride: stride,
            begin: nil)
    }

    @Test func aModelThatKnowsNothingHasThePerplexityOfItsVocabulary() throws {
        let configuration = Configuration(
            vocabularySize: 97, width: 16, layers: 1, heads: 2, feedForward: 24, contextLength: 32)
        let zeros = DecoderModel.parameterShapes(of: configuration).map { ($0.name, Tensor.zeros($0.shape)) }
        let model = try DecoderModel(
            configuration: configuration, parameters: Dictionary(uniqueKeysWithValues: zeros))
        let result = Perplexity.measure(
            model, windows: windows(50, context: 16, stride: 8), byteCount: { _ in 3 })
        #expect(result.tokens == 49)
        // One rounding of a Float32 logarithm.
        #expect(abs(result.nll - log(97)) < 1e-6)
        #expect(abs(result.perplexity - 97) < 1e-4)
        // The mean of equal values is off by a rounding of Float64.
        #expect(result.standardError < 1e-9)
        #expect(abs(try #require(result.bitsPerByte) - log2(97) / 3) < 1e-6)
    }

    /// −ln p of every scored token, from whole logits and in Float64.
    private func reference(_ model: DecoderModel, _ windows: [Window]) -> [Double] {
        windows.flatMap { window in
            let logits = withoutGradients {
                model.logits(model.hiddenStates(TokenBatch(sequences: [window.ids])))
            }
            return window.ids.indices.dropFirst().filter { window.lossMask[$0] }.map { position in
                let row = UnsafeBufferPointer(start: logits.pointer(row: position - 1), count: logits.width)
                let z = row.map(Double.init)
                return Reference.logSumExp(z) - z[Int(window.ids[position])]
            }
        }
    }

    /// Over several batches, with every stride.
    @Test(arguments: [64, 32, 7])
    func theValuesAreThoseOfWholeLogits(stride: Int) throws {
        let model = try Fixture.decoder()
        let windows = windows(3000, context: 64, stride: stride)
        let values = reference(model, windows)
        let result = Perplexity.measure(model, windows: windows)
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        #expect(result.tokens == values.count)
        #expect(result.tokens == (stride == 64 ? 3000 - (3000 + 63) / 64 : 2999))
        #expect(abs(result.nll - mean) < 1e-5 * mean)
        #expect(abs(result.perplexity - exp(mean)) < 1e-4 * exp(mean))
        let error = exp(mean) * (variance / Double(values.count)).squareRoot()
        #expect(abs(result.standardError - error) < 1e-3 * error)
        #expect(result.bitsPerByte == nil)
    }

    @Test func bitsAreCountedOverTheBytesOfScoredTokens() {
        func perplexity(_ values: [Float], bytes: Int?) -> Perplexity {
            var sums = Perplexity.Sums(countsBytes: bytes != nil)
            let window = Window(
                ids: [0] + values.map { _ in 1 }, lossMask: [false] + values.map { _ in true })
            // All bytes belong to the first token.
            var rest = bytes ?? 0
            sums.add(
                values, of: [window], values.map { _ in 1 },
                bytes == nil
                    ? nil
                    : { _ in
                        defer { rest = 0 }
                        return rest
                    })
            return Perplexity(sums)
        }
        let result = perplexity([Float(log(2.0)), Float(log(8.0))], bytes: 8)
        #expect(abs(result.bitsPerByte! - 4.0 / 8) < 1e-6)
        #expect(abs(result.perplexity - 4) < 1e-6)
        // The values ln 2 and ln 8 lie ln 2 from their mean: s = √2 · ln 2, over √2 values.
        #expect(abs(result.standardError - 4 * log(2)) < 1e-5)
        #expect(perplexity([1], bytes: 0).bitsPerByte == nil)
        #expect(perplexity([1], bytes: nil).standardError == 0)
    }

    @Test func progressEndsWithAllWindows() throws {
        let model = try Fixture.decoder(layers: 1)
        let windows = windows(3000, context: 64, stride: 64)
        var last = (windows: 0, tokens: 0)
        _ = Perplexity.measure(model, windows: windows, progress: { last = ($0, $1) })
        #expect(last == (windows.count, 3000))
    }
}

@Suite struct StatisticsTests {
    @Test func meanAndSpread() {
        let statistics = Statistics([Double](arrayLiteral: 1, 2, 3, 4))
        #expect(statistics.mean == 2.5)
        #expect(abs(statistics.deviation - (5.0 / 3).squareRoot()) < 1e-15)
        #expect(abs(statistics.standardError - (5.0 / 12).squareRoot()) < 1e-15)
        #expect(Statistics([Float](arrayLiteral: 7)).standardError == 0)
        #expect(Statistics([Double]()).mean.isNaN)
    }

    @Test func percentilesAreInterpolated() {
        let sorted: [Float] = [1, 2, 3, 5]
        #expect(sorted.percentile(0) == 1)
        #expect(sorted.percentile(0.5) == 2.5)
        #expect(abs(sorted.percentile(0.9) - 4.4) < 1e-12)
        #expect(sorted.percentile(1) == 5)
        #expect([Float](arrayLiteral: 4).percentile(0.3) == 4)
        #expect([Float]().percentile(0.5).isNaN)
    }
}
