import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Tokenization
import Transformer

/// Models cut from others, against transformers on the same surgery (`Tests/Golden/students/generate.py`).
@Suite struct PruningTests {
    static let names = ["gemma3-layers", "gemma3-narrow", "llama-llama3-heads", "phi3-layers", "qwen2-heads"]

    /// What `cuts.json` says.
    private struct Cut: Decodable {
        let model: String
        let layers, vocabulary, channels: [Int]?
        let neurons, heads: [[Int]]?

        static func named(_ name: String) throws -> Cut {
            let data = try Data(contentsOf: golden("students/cuts.json"))
            return try JSONDecoder().decode([String: Cut].self, from: data)[name]!
        }

        func decoder(_ weights: WeightStorage) throws -> DecoderModel {
            try Checkpoint.load(golden("families/\(model)"), weights: weights).decoder.pruned(
                to: DecoderSelection(
                    layers: layers, neurons: neurons, heads: heads, channels: channels,
                    vocabulary: vocabulary))
        }
    }

    /// Float32 arithmetic against transformers' in Float64, as for the families themselves.
    private let tolerance = 2e-5

    private func check(_ decoder: DecoderModel, _ name: String) throws {
        let file = try SafetensorsFile(contentsOf: golden("students/\(name).safetensors"))
        let ids = try file.values("ids", as: Int32.self)
        let found = logits(decoder, ids)
        expectClose(
            found, try file.floats("logits").values.map(Double.init), relative: tolerance,
            absolute: tolerance)
        let vocabulary = decoder.configuration.vocabularySize
        let losses = (0..<ids.count - 1).map { row -> Double in
            let z = found[row * vocabulary..<(row + 1) * vocabulary].map(Double.init)
            return log(z.reduce(0) { $0 + exp($1) }) - z[Int(ids[row + 1])]
        }
        let loss = losses.reduce(0, +) / Double(losses.count)
        expectClose(
            [Float(loss)], try file.floats("loss").values.map(Double.init), relative: tolerance,
            absolute: tolerance)
    }

    /// From weights in Float32 and from weights as the file has them, which for whole rows stay so.
    @Test(arguments: names, [WeightStorage.f32, .stored])
    func givesTheLogitsAndLossOfTransformers(name: String, weights: WeightStorage) throws {
        try check(try Cut.named(name).decoder(weights), name)
    }

    /// Faults found, line 20: biases go with the heads and channels that they belong to.
    @Test func biasesAreCutWithTheirHeads() throws {
        let whole = try Checkpoint.load(golden("families/llama-bias")).decoder
        let cut = try whole.pruned(to: DecoderSelection(heads: [[1], [0]], channels: [0, 3, 5]))
        func values(_ decoder: DecoderModel, _ name: String) -> [Float] {
            decoder.parameters.first { $0.name == name }!.tensor.values
        }
        // Two query heads, one for keys and one for values, of four components.
        let bias = values(whole, "blocks.0.attention.queryKeyValue.bias")
        #expect(bias.count == 16)
        #expect(values(cut, "blocks.0.attention.queryKeyValue.bias") == Array(bias[4...]))
        let output = values(whole, "blocks.1.attention.output.bias")
        #expect(values(cut, "blocks.1.attention.output.bias") == [output[0], output[3], output[5]])
    }

    /// A layer without rotary embedding stays one, wherever it comes to stand.
    @Test func layersKeepTheirKindOfRotaryEmbedding() throws {
        let whole = try Checkpoint.load(golden("families/smollm3")).decoder
        #expect(whole.configuration.layersWithoutRope == [3])
        let pruned = try whole.pruned(to: DecoderSelection(layers: [0, 3, 4]))
        #expect(pruned.configuration.layersWithoutRope == [1])
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            try Checkpoint.save(decoder: pruned, to: url)
            let copy = try Checkpoint.load(url).decoder
            #expect(copy.configuration == pruned.configuration)
            #expect(logits(copy, [2, 5, 9, 7]) == logits(pruned, [2, 5, 9, 7]))
        }
    }

    /// The first layers of a model with the last norm: what the residual stream holds there, normed.
    @Test func aModelEndsAtAnExit() throws {
        let whole = try Checkpoint.load(golden("families/gemma3"))
        let layers = whole.decoder.configuration.layers
        let batch = TokenBatch(sequences: [[2, 5, 9, 7], [2, 3]])
        let inside = withoutGradients { whole.decoder.activations(batch) }
        for layer in 1...layers {
            let exit = try whole.ending(at: layer).decoder
            #expect(exit.configuration.layers == layer)
            expectSameBits(
                withoutGradients { exit.hiddenStates(batch) }.values,
                withoutGradients { whole.decoder.finalNormed(inside.hidden[layer - 1]) }.values,
                "exit \(layer)")
        }
        #expect(try whole.ending(at: nil).decoder === whole.decoder)
        for layer in [0, layers + 1] {
            let error = #expect(throws: UserError.self) { try whole.ending(at: layer) }
            #expect(error?.hint == "accepted: 1 to \(layers)")
        }
    }

    /// Each layer kept has its own window and rotary base in the file, whatever the pattern was.
    @Test(arguments: names)
    func isSavedAndReadAgain(name: String) throws {
        let decoder = try Cut.named(name).decoder(.f32)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            try Checkpoint.save(decoder: decoder, to: url)
            let copy = try Checkpoint.load(url)
            #expect(copy.decoder.configuration == decoder.configuration)
            try check(copy.decoder, name)
            let file = directory.appending(path: "student.gguf")
            try Checkpoint.export(
                decoder: decoder, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: file, as: .f32)
            try check(try Checkpoint.load(file).decoder, name)
        }
    }

    /// Rows of quantized weights are gathered as they are stored, and written so again.
    @Test(arguments: [DType.q80, .q40, .q6K, .bf16])
    func aRestrictedTeacherKeepsItsBlocks(format: DType) throws {
        let whole = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let shape = Configuration(
            vocabularySize: whole.vocabularySize, width: 256, layers: 2, heads: 2, feedForward: 256,
            tiedHead: false)
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "teacher.gguf")
            try Checkpoint.export(
                decoder: DecoderModel(configuration: shape, seed: 5), tokenizer: whole,
                template: .roleMarkers,
                tokens: SpecialTokens(begin: whole.beginID, ends: [whole.endID!]), to: file, as: format)
            let teacher = try Checkpoint.load(file, weights: .stored)
            let text = "Ada takes the lamp to the hall."
            let trim = try VocabularyTrim(teacher.requireTokenizer(), to: 340, texts: [text])
            let restricted = try teacher.pruned(to: DecoderSelection(), vocabulary: trim)
            #expect(restricted.decoder.head.weight.stored?.parts.map(\.dtype) == [format])
            let ends = try ["</s>", "<|end|>"].map { try #require(trim.tokenizer.id(of: $0)) }
            #expect(restricted.tokens.ends == ends)
            #expect(restricted.template == .roleMarkers)

            let url = directory.appending(path: "restricted")
            try restricted.saveAsStored(to: url)
            let copy = try Checkpoint.load(url, weights: .stored)
            #expect(copy.decoder.configuration.vocabularySize == 340)
            let small = try copy.requireTokenizer().encode(text)
            #expect(small.map { trim.rows[Int($0)] } == whole.encode(text))
            // The same logits at the pieces kept; tiles of another width may round otherwise.
            let (wide, narrow) = (logits(teacher.decoder, whole.encode(text)), logits(copy.decoder, small))
            let kept = small.indices.flatMap { row in
                trim.rows.map { Double(wide[row * shape.vocabularySize + Int($0)]) }
            }
            expectClose(narrow, kept, absolute: 1e-6)
            if format != .bf16 {
                for (name, tensor) in copy.decoder.parameters where tensor.shape.count == 2 {
                    let original = teacher.decoder.parameters.first { $0.name == name }!.tensor
                    let rows = name.hasPrefix("blocks") ? nil : trim.rows.map(Int.init)
                    #expect(
                        tensor.stored?.parts.map(\.bytes)
                            == original.selecting(rows: rows).stored?.parts.map(\.bytes), "\(name)")
                }
            }
        }
    }

    @Test func impossiblePartsAreRefused() throws {
        let decoder = try Fixture.decoder()
        func message(_ selection: DecoderSelection) -> String? {
            do {
                _ = try decoder.pruned(to: selection)
                return nil
            } catch { return "\(error)" }
        }
        #expect(
            message(DecoderSelection(layers: [0, 2]))
                == "there is no layer 3 in a model with 2; accepted: 1 to 2")
        #expect(message(DecoderSelection(layers: [])) == "no layer is kept")
        #expect(message(DecoderSelection(vocabulary: [97]))?.contains("there is no piece 98") == true)
        // Three query heads cannot share two key-value heads.
        let heads = [[0, 1, 2], [0, 1, 2]]
        #expect(message(DecoderSelection(heads: heads))?.contains("cannot share 2 key-value heads") == true)
        #expect(message(DecoderSelection(layers: [1], neurons: [[3], [4]])) == nil)
    }

    /// A student does not change its teacher.
    @Test func nothingIsShared() throws {
        let decoder = try Fixture.decoder()
        let before = decoder.parameters.map { $0.tensor.values }
        let student = try decoder.pruned(to: DecoderSelection(layers: [1]))
        for (_, tensor) in student.parameters { tensor.fill(7) }
        #expect(decoder.parameters.map { $0.tensor.values } == before)
    }

    @Test func theGoldensAreUntouched() throws {
        struct Manifest: Decodable { var sha256: [String: Fingerprint] }
        let data = try Data(contentsOf: golden("students/manifest.json"))
        let manifest = try JSONDecoder().decode(Manifest.self, from: data)
        #expect(manifest.sha256.count == 6)
        for (name, fingerprint) in manifest.sha256 {
            #expect(try Fingerprint(fileAt: golden("students/\(name)")) == fingerprint, "\(name)")
        }
    }
}
