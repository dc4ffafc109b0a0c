import Checkpoints
import Foundation
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// Twenty steps of the whole trainer against PyTorch in Float64 (`Tests/Golden/distillation/generate.py`): distillation
/// from a teacher, masks that change, two parts a step, groups, warm-up, cosine, clipping, a moving average.
@Suite struct GoldenTrainerTests {
    private func decoder(_ name: String) throws -> (DecoderModel, SafetensorsFile) {
        let file = try SafetensorsFile(contentsOf: golden("transformer/\(name).safetensors"))
        let configuration = Configuration(
            vocabularySize: 97, width: 32, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 8,
            feedForward: 48, tiedHead: name == "tied", contextLength: 64)
        let names = DecoderModel.parameterShapes(of: configuration).map(\.name)
        let weights = try names.map { ($0, try file.floats("initial/" + $0)) }
        return (
            try DecoderModel(
                configuration: configuration, parameters: Dictionary(uniqueKeysWithValues: weights)),
            file
        )
    }

    @Test(arguments: [true, false])
    func twentySteps(average: Bool) throws {
        let (student, file) = try decoder("tied")
        let expected = try SafetensorsFile(contentsOf: golden("distillation/trainer.safetensors"))
        let ids = try file.values("ids", as: Int32.self)
        let segments = try file.values("segments", as: Int32.self).map(Int.init)
        let source = FixedSource { step in
            zip(segments, segments.dropFirst()).map { start, end in
                TrainingBatch(
                    tokens: TokenBatch(sequences: [Array(ids[start..<end])]),
                    lossMask: (0..<end - start).map { $0 > 0 && ($0 + step) % 3 != 0 })
            }
        }
        let options = TrainingOptions(
            steps: 20,
            losses: [
                WeightedLoss(.crossEntropy, weight: 0.5), WeightedLoss(.forwardKL(temperature: 2)),
                WeightedLoss(.jensenShannon(beta: 0.3, temperature: 1), weight: 0.25),
            ],
            optimizer: .init(learningRate: 3e-3, weightDecay: 0.1), embeddingLearningRateScale: 0.5,
            schedule: Schedule(.cosine, warmup: 0.2, final: 0.1), clip: 1, averageDecay: average ? 0.9 : nil,
            logInterval: 1)
        let log = Log()
        try Trainer(student: student, teacher: decoder("untied").0, source: source, options: options)
            .run(listener: log)

        // Float32 against Float64: 1e-6 a step, which twenty steps carry on.
        func expectColumn(_ values: [Double], _ name: String, _ column: Int = 0, of width: Int = 1) throws {
            let golden = try expected.floats(name).values
            let wanted = (0..<20).map { Double(golden[$0 * width + column]) }
            expectClose(values.map(Float.init), wanted, relative: 2e-5, "\(name) \(column)")
        }
        #expect(log.lines.count == 20)
        try expectColumn(log.lines.map(\.loss), "objectives")
        try expectColumn(log.lines.map(\.gradientNorm), "gradient_norms")
        for (column, name) in ["cross_entropy", "forward_kl", "jsd"].enumerated() {
            try expectColumn(log.lines.map { $0.terms[name]! }, "terms", column, of: 3)
        }
        let prefix = average ? "average/" : "final/"
        for (name, tensor) in student.parameters {
            // As for the transformer's golden: AdamW divides by a gradient's own size, so that rounding shows most
            // where a gradient nearly vanishes.
            expectClose(tensor, try expected.floats(prefix + name), relative: 1e-4, absolute: 3e-5, name)
        }
    }
}
