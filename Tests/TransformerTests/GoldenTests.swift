import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

/// The decoder, its gradients and its training against PyTorch in Float64 (`Tests/Golden/transformer/generate.py`).
@Suite struct GoldenTests {
    /// `MANIFEST.json` beside the goldens.
    private struct Manifest: Decodable {
        struct Model: Decodable {
            let vocabularySize, width, layers, heads, keyValueHeads, headDimension, feedForward: Int
            let contextLength: Int
            let ropeTheta: Double
            let normEpsilon: Float
        }
        struct AdamW: Decodable {
            let steps: Int
            let rate, decay: Float
        }
        let scriptVersion: Int
        let configuration: Model
        let adamW: AdamW
        let sha256: [String: String]

        static func load() throws -> Manifest {
            try JSONDecoder().decode(
                Manifest.self, from: Data(contentsOf: golden("transformer/MANIFEST.json")))
        }
    }

    /// One golden file, opened.
    private struct Golden {
        let file: SafetensorsFile
        let manifest: Manifest
        let decoder: DecoderModel
        let batch: TokenBatch
        let targets: [Int32]

        init(tied: Bool) throws {
            manifest = try Manifest.load()
            file = try SafetensorsFile(
                contentsOf: golden("transformer/\(tied ? "tied" : "untied").safetensors"))
            let model = manifest.configuration
            let configuration = Configuration(
                vocabularySize: model.vocabularySize, width: model.width, layers: model.layers,
                heads: model.heads, keyValueHeads: model.keyValueHeads, headDimension: model.headDimension,
                feedForward: model.feedForward, ropeTheta: model.ropeTheta, normEpsilon: model.normEpsilon,
                tiedHead: tied, contextLength: model.contextLength)
            decoder = try DecoderModel(
                configuration: configuration, parameters: Self.group("initial/", of: file))
            batch = TokenBatch(
                ids: try file.values("ids", as: Int32.self),
                segments: try file.values("segments", as: Int32.self).map(Int.init))
            targets = try file.values("targets", as: Int32.self)
        }

        static func group(_ prefix: String, of file: SafetensorsFile) throws -> [String: Tensor] {
            let names = file.names.filter { $0.hasPrefix(prefix) }
            return try Dictionary(
                uniqueKeysWithValues: names.map { (String($0.dropFirst(prefix.count)), try file.floats($0)) })
        }
    }

    @Test func filesAreThoseOfTheManifest() throws {
        let manifest = try Manifest.load()
        #expect(manifest.scriptVersion == 1)
        let files = try FileManager.default.contentsOfDirectory(atPath: golden("transformer").path)
        #expect(
            Set(files.filter { $0.hasSuffix(".safetensors") }) == Set(manifest.sha256.keys))
        for (name, expected) in manifest.sha256 {
            #expect(try Fingerprint(fileAt: golden("transformer/\(name)")).hexadecimal == expected, "\(name)")
        }
    }

    @Test(arguments: [true, false])
    func logits(tied: Bool) throws {
        let golden = try Golden(tied: tied)
        let logits = withoutGradients { golden.decoder.logits(golden.decoder.hiddenStates(golden.batch)) }
        // Float32 against Float64 through two layers: logits of size 1 to 5, sums of 32 and 48 products.
        expectClose(logits, try golden.file.floats("logits"), relative: 1e-5, absolute: 5e-6)
    }

    @Test(arguments: [true, false])
    func gradients(tied: Bool) throws {
        let golden = try Golden(tied: tied)
        let loss = TrainingLoop(golden.decoder).accumulate(golden.batch, targets: golden.targets)
        expectClose([loss], [Double(try golden.file.floats("losses").values[0])], relative: 1e-6)
        for (name, tensor) in golden.decoder.parameters {
            let expected = try golden.file.floats("gradient/" + name)
            let gradient = try #require(tensor.gradient, "\(name)")
            #expect(gradient.shape == expected.shape)
            expectNear(
                gradient.values, expected.values.map(Double.init),
                GradientTolerance(relative: 1e-5, absolute: 5e-6, cosine: 1e-10), name)
        }
    }

    @Test(arguments: [true, false])
    func twentyStepsOfAdamW(tied: Bool) throws {
        let golden = try Golden(tied: tied)
        var loop = TrainingLoop(golden.decoder)
        (loop.rate, loop.decay) = (golden.manifest.adamW.rate, golden.manifest.adamW.decay)
        let losses = (0..<golden.manifest.adamW.steps).map { _ in
            let loss = loop.accumulate(golden.batch, targets: golden.targets)
            loop.update()
            return loss
        }
        let expected = try golden.file.floats("losses").values
        expectClose(losses, expected.map(Double.init), relative: 1e-5)
        #expect(expected.last! < expected.first! - 0.1, "the golden run learns")
        for (name, tensor) in golden.decoder.parameters {
            // A step divides a gradient by its own size, so rounding matters most where a gradient nearly
            // vanishes: there twenty steps of 1e-3 may differ by a share of one step.
            expectClose(
                tensor, try golden.file.floats("final/" + name), relative: 1e-4, absolute: 1e-5, name)
        }
    }
}
