import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

/// GGUF files that we write, read again and opened by llama.cpp.
@Suite struct ExportTests {
    private func export(_ model: Checkpoint, to url: URL, as format: DType) throws {
        try Checkpoint.export(
            decoder: model.decoder, tokenizer: model.tokenizer, template: model.template,
            tokens: model.tokens, to: url, as: format)
    }

    /// Mistral's is written as Llama, with a context no longer than its window.
    @Test(arguments: FamilyTests.all.filter { FamilyTests.notInGGUF[$0] == nil }, [DType.f32, .bf16])
    func comesBackWithTheSameLogits(name: String, format: DType) throws {
        let original = try Checkpoint.load(golden("families/\(name)"))
        let expected = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try export(original, to: url, as: format)
            let copy = try Checkpoint.load(url)
            #expect(copy.tokens.begin == original.tokens.begin && copy.tokens.ends == original.tokens.ends)
            let (was, shape) = (original.decoder.configuration, copy.decoder.configuration)
            #expect(shape.slidingWindow == (was.family == .mistral ? nil : was.slidingWindow))
            #expect(shape.contextLength == (name == "mistral" ? 5 : was.contextLength))
            #expect(shape.attentionSoftCap == was.attentionSoftCap && shape.logitSoftCap == was.logitSoftCap)
            for index in 0..<2 {
                let ids = try expected.values("ids.\(index)", as: Int32.self).prefix(shape.contextLength)
                let wanted = try expected.floats("logits.\(index)").values.map(Double.init)
                // Weights that were BF16 already lose nothing; others 2⁻⁹ of their size, in two layers.
                let isExact =
                    format == .f32
                    || !["llama-linear", "llama-llama3", "phi3", "gpt2", "neox"].contains(name)
                // As in `FamilyTests`.
                let tolerance = isExact ? 5e-5 : 0.3
                expectClose(
                    logits(copy.decoder, Array(ids)), Array(wanted[..<(ids.count * shape.vocabularySize)]),
                    relative: tolerance, absolute: tolerance)
            }
        }
    }

    /// Llama 3's chat models end answers with three ids.
    @Test func threeStopIDsComeBack() throws {
        let model = try Checkpoint.load(golden("families/gemma"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            let tokens = SpecialTokens(begin: 1, ends: [2, 7, 5], padding: 0)
            try Checkpoint.export(
                decoder: model.decoder, tokenizer: model.tokenizer, template: model.template, tokens: tokens,
                to: url, as: .f32)
            #expect(try Checkpoint.load(url).tokens.ends == [2, 7, 5])
        }
    }

    @Test(arguments: FamilyTests.notInGGUF.sorted { $0.key < $1.key })
    func whatLlamaCppDoesNotHaveIsRefused(name: String, problem: String) throws {
        let model = try Checkpoint.load(golden("families/\(name)"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            let error = try userError { try export(model, to: url, as: .f32) }
            #expect(error.problem == "cannot save: llama.cpp has \(problem)")
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }

    /// A value beyond Float16, or beyond what a Float16 scale allows, became infinite in the file without a word.
    @Test(arguments: [DType.f16, .q80, .q50, .q40])
    func refusesAValueThatTheFormatCannotHold(format: DType) throws {
        let decoder = try Fixture.decoder()
        let matrix = try #require(decoder.parameters.first { $0.tensor.shape.count == 2 })
        matrix.tensor.withUnsafeMutableFloats { $0[3] = -1e30 }
        func export(as format: DType, to url: URL) throws {
            try Checkpoint.export(
                decoder: decoder, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: url, as: format)
        }
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            let error = try userError { try export(as: format, to: url) }
            #expect(error.description.contains("1e+30, beyond the range of \(format.rawValue)"))
            #expect(error.file == url.relativePath)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
            try export(as: .bf16, to: url)
            let written = try Checkpoint.load(url).decoder.parameters
            #expect(written.contains { $0.tensor.values.contains { $0 < -9e29 } })
        }
    }

    /// A model trained through rounded weights is, once written, what it was trained as: heads of Llama are turned on the
    /// way and a feed-forward of 48 has no whole blocks.
    @Test(arguments: [DType.q80, .q50, .q40])
    func fakeQuantizedWeightsAreThoseWritten(format: DType) throws {
        let decoder = try Fixture.decoder()
        let rounded = decoder.fakeQuantized(to: format)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try Checkpoint.export(
                decoder: decoder, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: url, as: format)
            let written = try Checkpoint.load(url, weights: .f32).decoder
            for (mine, theirs) in zip(rounded.parameters, written.parameters) {
                #expect(mine.name == theirs.name)
                expectSameBits(mine.tensor.values, theirs.tensor.values, mine.name)
            }
            #expect(rounded.embeddingTable.values != decoder.embeddingTable.values)
        }
    }

    @Test(arguments: ["bpe", "prefixed", "unigram", "rewriting"])
    func tokenizersComeBack(name: String) throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/\(name).model"))
        let shape = Configuration(
            vocabularySize: tokenizer.vocabularySize, width: 4, layers: 1, heads: 1, feedForward: 4)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try Checkpoint.export(
                decoder: DecoderModel(configuration: shape, seed: 1), tokenizer: tokenizer, template: nil,
                tokens: SpecialTokens(), to: url, as: .f16)
            let copy = try Checkpoint.tokenizer(at: url)
            #expect(copy.kind == tokenizer.kind && copy.charactersMap == tokenizer.charactersMap)
            #expect(copy.hasSameIDs(as: tokenizer) && tokenizer.hasSameIDs(as: copy))
            let other = try Tokenizer(
                contentsOf: golden("tokenization/\(name == "bpe" ? "prefixed" : "bpe").model"))
            #expect(!copy.hasSameIDs(as: other))
            for id in 0..<Int32(tokenizer.vocabularySize) {
                #expect(copy.piece(id) == tokenizer.piece(id) && copy.kind(of: id) == tokenizer.kind(of: id))
            }
            for text in ["Where is the lamp?", "  two  spaces\n\nand lines", "ﬁ ½ héllo 😀 你好", "<s>", ""] {
                #expect(copy.encode(text) == tokenizer.encode(text))
            }
        }
    }

    /// Rows of 100 values are no whole blocks: F16. Rows of 64 are none of 256: Q8_0.
    @Test func rowsThatAreNoBlocksTakeAnotherType() throws {
        let shape = Configuration(vocabularySize: 40, width: 64, layers: 1, heads: 2, feedForward: 100)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            let decoder = try DecoderModel(configuration: shape, seed: 1)
            try Checkpoint.export(
                decoder: decoder, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: url, as: .q6K)
            let stored = try Checkpoint.load(url, weights: .stored).decoder
            let projection = stored.parameter("blocks.0.attention.queryKeyValue.weight")
            #expect(projection.stored?.parts.map(\.dtype) == [.q80, .q80, .q80])
            #expect(stored.down(0).stored?.parts.map(\.dtype) == [.f16])
            // Float16 rounds to 2⁻¹¹ of the value, and below 6e-5 to a step of 6e-8.
            expectClose(
                stored.down(0).values, decoder.down(0).values.map(Double.init), relative: 5e-4,
                absolute: 6e-8)
            // The same bytes again, from weights kept as stored as well.
            let again = directory.appending(path: "again.gguf")
            try Checkpoint.export(
                decoder: Checkpoint.load(url, weights: .stored).decoder, tokenizer: nil, template: nil,
                tokens: SpecialTokens(), to: again, as: .f16)
            expectClose(
                try Checkpoint.load(again).decoder.embeddingTable.values,
                try Checkpoint.load(url).decoder.embeddingTable.values.map(Double.init), relative: 5e-4,
                absolute: 6e-8)
        }
    }

    @Test func brokenWeightsAreNotWritten() throws {
        let decoder = try Fixture.decoder()
        decoder.down(0).fill(.infinity)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            let error = try userError {
                try Checkpoint.export(
                    decoder: decoder, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: url,
                    as: .f16)
            }
            #expect(error.problem.contains("blocks.0.feedForward.down.weight holds infinite values"))
            #expect(!FileManager.default.fileExists(atPath: url.path))
        }
    }

    /// Runs where `DISTILL_PYTHON` names a Python that has what `check_llama_cpp.py` needs.
    @Test(.enabled(if: TransformersTests.python != nil), arguments: [DType.f16, .q80, .q50, .q6K])
    func opensInLlamaCpp(format: DType) throws {
        let package = golden("").deletingLastPathComponent().deletingLastPathComponent()
        let teacher = try Checkpoint.load(package.appending(path: "data/teacher"))
        let tokenizer = try teacher.requireTokenizer()
        let text = try String(contentsOf: package.appending(path: "README.md"), encoding: .utf8)
        let ids = Array(tokenizer.encode(text, addBegin: true).prefix(200))
        // The teacher's vocabulary is unigram, and llama.cpp spells no character of such in bytes.
        let spelled = "Where does the lamp stand? In the garden."
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try export(teacher, to: url, as: format)
            // What we make of the file ourselves.
            let values = logits(try Checkpoint.load(url).decoder, ids)
            try expectLlamaCppAgrees(
                url, ids: ids, logits: format == .f16 ? logits(teacher.decoder, ids) : values,
                tokenizer: tokenizer, text: spelled, format.rawValue)
        }
    }

    /// The families' small models with a vocabulary that llama.cpp can read: rows of the tables are repeated, each a little different.
    ///
    /// llama.cpp divides the scores of Gemma by the head dimension's root alone, and its OLMoE has a key head for each query head.
    @Test(
        .enabled(if: TransformersTests.python != nil),
        arguments: FamilyTests.all.filter { FamilyTests.notInGGUF[$0] == nil && $0 != "olmoe" })
    func familiesOpenInLlamaCpp(name: String) throws {
        let package = golden("").deletingLastPathComponent().deletingLastPathComponent()
        let tokenizer = try Tokenizer(contentsOf: package.appending(path: "data/teacher"))
        let small = try Checkpoint.load(golden("families/\(name)"), weights: .f32).decoder
        var shape = small.configuration
        let (rows, wanted) = (shape.vocabularySize, tokenizer.vocabularySize)
        shape.vocabularySize = wanted
        if shape.queryScalar != nil { shape.queryScalar = Double(shape.headDimension) }
        var stream = RandomStream(seed: 5, purpose: "rows")
        let parameters = small.parameters.map { parameter -> (String, Tensor) in
            guard ["embedding.weight", "head.weight", "head.bias"].contains(parameter.name) else {
                return (parameter.name, parameter.tensor)
            }
            let values = parameter.tensor.values
            let width = values.count / rows
            var repeated: [Float] = []
            for row in 0..<wanted {
                for value in values[(row % rows * width)..<((row % rows + 1) * width)] {
                    repeated.append(value * (1 + 0.2 * stream.nextNormal()))
                }
            }
            return (
                parameter.name,
                Tensor(shape: [wanted] + parameter.tensor.shape.dropFirst(), values: repeated)
            )
        }
        let decoder = try DecoderModel(
            configuration: shape, parameters: Dictionary(uniqueKeysWithValues: parameters))
        // Mistral is written without its window; llama.cpp leaves out that of Phi-3.
        let window = ["mistral", "phi3"].contains(name) ? shape.slidingWindow?.size : nil
        let ids = Array(
            tokenizer.encode("Where does the lamp stand? In the garden, beside the old well.").prefix(
                window ?? 20))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            try Checkpoint.export(
                decoder: decoder, tokenizer: tokenizer, template: nil, tokens: SpecialTokens(), to: url,
                as: .f32)
            try expectLlamaCppAgrees(
                url, ids: ids, logits: logits(decoder, ids), tokenizer: tokenizer,
                text: "Where does the lamp stand?", name)
        }
    }

    /// llama.cpp divides a text as we do, and computes these logits.
    private func expectLlamaCppAgrees(
        _ model: URL, ids: [Int32], logits: [Float], tokenizer: Tokenizer, text: String, _ name: String
    ) throws {
        let results = model.deletingLastPathComponent().appending(path: "results.safetensors")
        let encoded = tokenizer.encode(text)
        try SafetensorsWriter.write(
            [
                .init(name: "ids", shape: [ids.count], values: ids),
                .init(name: "logits", shape: [ids.count, tokenizer.vocabularySize], values: logits),
                .init(name: "text", shape: [text.utf8.count], values: Array(text.utf8)),
                .init(name: "encoded", shape: [encoded.count], values: encoded),
            ], to: results)
        let report = try runPython(
            try #require(TransformersTests.python), "check_llama_cpp.py", [model.path, results.path])
        print("\(name): \(report.output)")
        #expect(report.status == 0, "\(report.output)")
    }
}
