import Checkpoints
import Foundation
import TestSupport
import Testing

/// `distill convert` of models that are not whole.
@Suite struct ConvertCommandTests {
    /// Faults found, line 13: a GGUF file without a vocabulary, which no program can use, and exit code 0.
    @Test(arguments: [nil, "vocab.json"])
    func aModelWithoutATokenizerIsNoGGUFFile(other: String?) throws {
        try withTemporaryDirectory { directory in
            let model = directory.appending(path: "model")
            try FileManager.default.copyItem(at: golden("checkpoints/llama-untied"), to: model)
            if let other { try Data("{}".utf8).write(to: model.appending(path: other)) }
            let run = try CommandRun.distill("convert", "model", "out.gguf", in: directory)
            #expect(run.status == 66)
            #expect(
                run.standardError.hasPrefix(
                    "distill: model: holds neither tokenizer.model nor tokenizer.json; "))
            #expect(run.standardError.contains("vocab.json alone is not read") == (other != nil))
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "out.gguf").path))

            // A directory may be without one, which is said.
            let copy = try CommandRun.distill("convert", "model", "out", in: directory)
            #expect(copy.status == 0)
            #expect(copy.standardError == "distill: note: model has no tokenizer, so none is written\n")
        }
    }

    /// Faults found, line 10: partial rotary embedding was written on as full.
    @Test func partialRotaryEmbeddingIsWrittenOn() throws {
        try withTemporaryDirectory { directory in
            let model = golden("families/phi3-partial")
            let run = try CommandRun.distill("convert", model.path, "out", "--type", "bf16", in: directory)
            #expect(run.status == 0)
            let copy = directory.appending(path: "out")
            #expect(try Checkpoint.configuration(at: copy) == Checkpoint.configuration(at: model))
            #expect(try Checkpoint.configuration(at: copy).rotaryDimension == 4)
            let text = try String(contentsOf: copy.appending(path: "config.json"), encoding: .utf8)
            #expect(text.components(separatedBy: "\"partial_rotary_factor\": 0.5").count == 3)
        }
    }
}
