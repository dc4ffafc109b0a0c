import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

/// The text of JSON configurations: time, depth, mistakes, and files that are none.
@Suite struct ConfigurationTextTests {
    private func load(_ text: String, in directory: URL) throws -> Checkpoint {
        let copy = try CheckpointDirectory("llama-untied", in: directory)
        defer { try? FileManager.default.removeItem(at: copy.url) }
        try Data(text.utf8).write(to: copy.file("config.json"))
        return try Checkpoint.load(copy.url)
    }

    /// The configuration with one more key, which no model has.
    private func configuration(ignored: String) throws -> String {
        let text = try String(contentsOf: golden("checkpoints/llama-untied/config.json"), encoding: .utf8)
        return "{\"unheard_of\": \(ignored)," + text.dropFirst()
    }

    /// Faults found, line 3: 500 lists within each other took 15 s, 18 KB of them minutes.
    @Test func depthCostsNoTimeAndHasALimit() throws {
        try withTemporaryDirectory { directory in
            func nested(_ depth: Int) throws -> String {
                try configuration(
                    ignored: String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
            }
            for depth in [1, 100, 511] { _ = try load(nested(depth), in: directory) }
            for depth in [513, 1000, 10_000, 200_000] {
                let error = try userError { _ = try load(nested(depth), in: directory) }
                #expect(error.problem == "not valid JSON: lists and objects are nested more than 512 deep")
                #expect(error.line == 1 && error.column == 528)
            }
            let wide = "[" + Array(repeating: "[[1],{\"a\":[]}]", count: 70_000).joined(separator: ",") + "]"
            _ = try load(configuration(ignored: wide), in: directory)
        }
    }

    /// Faults found, line 21: "not valid JSON" without a reason or a place.
    @Test(arguments: [
        ("{\"a\": 1,\n  \"b\": }", 2, 8, "found \"}\" where a value is expected"),
        ("{\"a\": 1,\n\"a\": 2}", 2, 1, "the key \"a\" is given twice"),
        ("{\"a\": 1", 1, 8, "the file ends where \",\" or \"}\" is expected"),
        ("{\"é\" 1}", 1, 6, "found \"1\" where \":\" after the key \"é\" is expected"),
        ("{a: 1}", 1, 2, "found \"a\" where a key in quotation marks is expected"),
        ("{\"a\": [1 2]}", 1, 10, "found \"2\" where \",\" or \"]\" is expected"),
        ("{\"a\": 01}", 1, 7, "a number begins with 0"),
        ("{\"a\": 1.}", 1, 9, "found \"}\" where a digit is expected"),
        ("{\"a\": 1e999}", 1, 7, "the number 1e999 is too large"),
        ("{\"a\": NaN}", 1, 7, "found \"N\" where a value is expected"),
        ("{\"a\": \"\\x\"}", 1, 8, "an escape that JSON does not have"),
        ("{\"a\": \"\\ud83d!\"}", 1, 8, "half of a surrogate pair"),
        ("{\"a\": \"\t\"}", 1, 8, "a control character in a text; it is written as \\u0009"),
        ("{\"a\": \"b}", 1, 10, "the file ends where the quotation mark that ends the text is expected"),
        ("{} {}", 1, 4, "found \"{\" where the end of the file is expected"),
        ("", 1, 1, "the file ends where a value is expected"),
    ]) func mistakesHaveAReasonAndAPlace(text: String, line: Int, column: Int, reason: String) throws {
        try withTemporaryDirectory { directory in
            let error = try userError { _ = try load(text, in: directory) }
            #expect(error.problem == "not valid JSON: \(reason)")
            #expect(error.line == line && error.column == column, "\(error)")
            #expect(error.file?.hasSuffix("/config.json") == true)
        }
    }

    @Test func numbersAndTextsAreReadAsJSONHasThem() throws {
        try withTemporaryDirectory { directory in
            let text = try configuration(
                ignored: "[1e-7, -0.5E+3, \"\\ud83d\\ude00\\u00e9\\/\\n\", true, false, null, {}, []]")
            let spaced = text.replacing("\"hidden_size\": 16", with: "\"hidden_\\u0073ize\"\r\n\t: 1.6e1")
            #expect(spaced != text)
            #expect(try load("\u{FEFF}" + spaced, in: directory).decoder.configuration.width == 16)
        }
    }

    /// Faults found, line 3: a device was read until memory ran out, and a pipe waited for.
    @Test func onlyRegularFilesAreRead() throws {
        try withTemporaryDirectory { directory in
            for name in ["config.json", "generation_config.json", "model.safetensors"] {
                let copy = try CheckpointDirectory("llama-untied", in: directory)
                let file = copy.file(name)
                try FileManager.default.removeItem(at: file)
                try FileManager.default.createSymbolicLink(
                    at: file, withDestinationURL: URL(filePath: "/dev/zero"))
                var error = try userError { _ = try Checkpoint.load(copy.url) }
                #expect(error.description == "\(file.path): is a device; a regular file is expected")
                try FileManager.default.removeItem(at: file)
                #expect(mkfifo(file.path, 0o600) == 0)
                error = try userError { _ = try Checkpoint.load(copy.url) }
                #expect(error.description == "\(file.path): is a pipe; a regular file is expected")
                try FileManager.default.removeItem(at: copy.url)
            }
            let pipe = directory.appending(path: "model.gguf")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            let error = try userError { _ = try Checkpoint.load(pipe) }
            #expect(error.problem == "is a pipe")
        }
    }

    @Test func largeFilesAreNotRead() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            // A hole takes no room on the disk.
            #expect(truncate(copy.file("config.json").path, 65 << 20) == 0)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.problem == "68157440 bytes, more than such a file ever has")
        }
    }

    /// Faults found, line 21: a pointer of Git LFS was "a header of 2336927755350992246 bytes".
    @Test func pointersOfGitLFSAreNamed() throws {
        try withTemporaryDirectory { directory in
            let pointer = Data(
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8)
            for name in ["config.json", "model.safetensors", "tokenizer.model"] {
                let copy = try CheckpointDirectory("llama-untied", in: directory)
                try pointer.write(to: copy.file(name))
                let error = try userError { _ = try Checkpoint.load(copy.url) }
                #expect(
                    error.description.hasPrefix(
                        "\(copy.file(name).path): is a Git LFS pointer, not the file itself; fetch it"))
                try FileManager.default.removeItem(at: copy.url)
            }
            let file = directory.appending(path: "model.gguf")
            try pointer.write(to: file)
            #expect(try userError { _ = try Checkpoint.load(file) }.problem.hasPrefix("is a Git LFS pointer"))
        }
    }

    @Test(arguments: [
        ("<!DOCTYPE html>", "begins with the text \"<!DOCTYP\", not with a header"),
        ("PK\u{3}\u{4}aaaaaaa", "is a zip archive, as PyTorch's pickled checkpoints are"),
    ]) func otherFilesThanSafetensorsAreNamed(content: String, message: String) throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try Data(content.utf8).write(to: copy.file("model.safetensors"))
            #expect(try userError { _ = try Checkpoint.load(copy.url) }.problem == message)
        }
    }
}
