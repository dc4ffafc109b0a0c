import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

/// A real model from a GGUF file against transformers and llama.cpp. Runs where `DISTILL_GGUF` names the file and
/// `DISTILL_PYTHON` a Python that has what `check_gguf.py` needs.
@Suite struct GGUFReferenceTests {
    static let model = ProcessInfo.processInfo.environment["DISTILL_GGUF"].map { URL(filePath: $0) }
    static let python = ProcessInfo.processInfo.environment["DISTILL_PYTHON"]

    /// Lines of words, code, emoji, Chinese and Arabic, runs of spaces and the spelling of control pieces.
    private func lines(_ count: Int) -> [String] {
        let parts = [
            "the", "Valley", "lamp", "naïve", "über", "don't", "3.14159", "2026-11-24",
            "func f(_ x: Int) -> Int {",
            "  return x << 3;", "}", "\t", "    ", "          ", "😀", "👩‍👩‍👧", "🇩🇪", "你好世界", "日本語の文", "مرحبا",
            "한국어", "<bos>", "<eos>", "<unused7>", "<start_of_turn>user", "</s>", "<0x41>", "▁", "é",
            "e\u{301}",
            "\u{200B}", "\u{A0}", "…", "==", "!!!", "https://example.org/a?b=c&d",
            "SELECT * FROM t WHERE a='b'", "Ω≈ç√",
            "\u{1F468}\u{1F3FD}", "ﬁ", "½", "𝔘𝔫𝔦", "ｗｉｄｅ", "a", "I", ",", ".", "\"", "'",
        ]
        var random = RandomStream(seed: 4, purpose: "lines")
        return (0..<count).map { _ in
            (0..<random.nextIndex(below: 12)).map { _ in
                parts[random.nextIndex(below: parts.count)] + (random.nextIndex(below: 3) > 0 ? " " : "")
            }.joined()
        }
    }

    @Test(.enabled(if: model != nil && python != nil))
    func agreesWithTransformersAndLlamaCpp() throws {
        let checkpoint = try Checkpoint.load(try #require(Self.model))
        let tokenizer = try checkpoint.requireTokenizer()
        let package = golden("").deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: package.appending(path: "README.md"), encoding: .utf8)
        let ids = Array(tokenizer.encode(text, addBegin: true).prefix(1500))
        try #require(ids.count > 1000)

        let decoder = checkpoint.decoder
        let hidden = withoutGradients { decoder.hiddenStates(TokenBatch(sequences: [ids])) }
        var (nll, top): ([Float], [Int32]) = ([], [])
        LogitsChunks.forEach(hidden: hidden, head: decoder.head) { rows, logits in
            for row in rows where row + 1 < ids.count {
                let z = logits.pointer + (row - rows.lowerBound) * logits.stride
                var (maximum, logSum): (Float, Float) = (0, 0)
                kernels.log_sum_exp(z, logits.columns, 1, &maximum, &logSum)
                nll.append(maximum + logSum - z[Int(ids[row + 1])])
                top.append(kernels.argmax(z, logits.columns))
            }
        }
        let lines = lines(10_000)
        let encoded = lines.map { tokenizer.encode($0) }
        try withTemporaryDirectory { directory in
            let results = directory.appending(path: "results.safetensors")
            let model = Array(tokenizer.serializedModel)
            let bytes = Array(lines.joined(separator: "\n").utf8)
            try SafetensorsWriter.write(
                [
                    .init(name: "ids", shape: [ids.count], values: ids),
                    .init(name: "nll", shape: [nll.count], values: nll),
                    .init(name: "top", shape: [top.count], values: top),
                    .init(name: "model", shape: [model.count], values: model),
                    .init(name: "text", shape: [bytes.count], values: bytes),
                    .init(name: "lines", shape: [encoded.joined().count], values: Array(encoded.joined())),
                    .init(name: "counts", shape: [lines.count], values: encoded.map { Int32($0.count) }),
                ], to: results)
            let report = try runPython(
                try #require(Self.python), "check_gguf.py",
                [try #require(Self.model).path, results.path])
            print(report.output)
            #expect(report.status == 0, "\(report.output)")
        }
    }
}

/// Runs a script of `Tests/Golden`.
func runPython(_ python: String, _ script: String, _ arguments: [String]) throws -> (
    status: Int32, output: String
) {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = [golden(script).path] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
}
