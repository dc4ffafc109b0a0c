import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import distill

/// What a person at a terminal sees of `distill chat`.
@Suite struct TerminalTests {
    /// `distill chat model` on a pseudo-terminal.
    private final class Session {
        let process = Process()
        private let terminal: FileHandle
        private(set) var text = ""

        init(_ arguments: [String], in directory: URL) throws {
            // posix_openpt(3) and its relatives, which Swift's Glibc module does not show, by their system calls.
            let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            var (lock, number): (Int32, UInt32) = (0, 0)
            let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
            try #require(
                descriptor >= 0 && ioctl(descriptor, setLock, &lock) == 0
                    && ioctl(descriptor, getNumber, &number) == 0)
            var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
            let name = "/dev/pts/\(number)"
            let other = try #require(FileHandle(forUpdatingAtPath: name))
            terminal = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            process.executableURL = CommandRun.distill
            process.arguments = arguments
            process.currentDirectoryURL = directory
            process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
            (process.standardInput, process.standardOutput, process.standardError) = (other, other, other)
            try process.run()
        }

        func type(_ keys: String) throws { try terminal.write(contentsOf: Data(keys.utf8)) }

        /// Reads until the text since the last call contains `mark` and, behind it, a prompt; nil when it does not come.
        ///
        /// Keys must wait for the prompt: until it is there the terminal is in its usual mode, in which it takes Ctrl-D for itself.
        func waitForPrompt(after mark: String = "") -> String? {
            var seen = ""
            let deadline = Date().addingTimeInterval(60)
            while Date() < deadline {
                var ready = pollfd(fd: terminal.fileDescriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&ready, 1, 100) > 0 else { continue }
                let part = terminal.availableData
                if part.isEmpty { break }
                seen += String(decoding: part, as: UTF8.self)
                let start = mark.isEmpty ? seen.startIndex : seen.range(of: mark)?.upperBound
                if let start, seen[start...].contains("\r> \u{1B}[K") { return seen }
            }
            return nil
        }
    }

    /// Faults found, line 24: the line before comes back with the cursor keys and can be changed.
    @Test func linesAreEditedAndComeBack() throws {
        try withSmallModel { directory in
            let session = try Session(["chat", "model", "--temperature", "0"], in: directory)
            defer { session.process.terminate() }
            #expect(session.waitForPrompt() != nil)
            // Unknown commands answer at once, and say what line they were.
            try session.type("/wrong\u{1B}[D\u{1B}[D\u{7F}u\r")
            let first = try #require(session.waitForPrompt(after: "lists them"))
            #expect(first.contains("/wrung is not a command"), "\(first)")
            try session.type("\u{1B}[A\u{05}!\r")
            let second = try #require(session.waitForPrompt(after: "lists them"))
            #expect(second.contains("/wrung! is not a command"), "\(second)")
            try session.type("\u{04}")
            session.process.waitUntilExit()
            #expect(session.process.terminationStatus == 0)
        }
    }

    @Test func theLineFollowsTheKeys() {
        func line(_ keys: [LineBuffer.Key], history: [String] = []) -> LineBuffer {
            var buffer = LineBuffer(history: history)
            keys.forEach { buffer.apply($0) }
            return buffer
        }
        func typed(_ text: String) -> [LineBuffer.Key] { text.map { .text($0) } }
        #expect(line(typed("añ😀") + [.left, .backspace, .text("n")]).text == "an😀")
        #expect(line(typed("one two") + [.deleteWord, .text("x")]).text == "one x")
        #expect(line(typed("one two") + [.wordLeft, .deleteToEnd]).text == "one ")
        #expect(line(typed("one two") + [.home, .delete, .wordRight, .deleteToStart]).text == " two")
        #expect(line(typed("new") + [.previous, .previous, .previous], history: ["a", "b"]).text == "a")
        #expect(line(typed("new") + [.previous, .next, .next], history: ["a", "b"]).text == "new")
        #expect(line([.left, .backspace, .delete, .right, .next]).text.isEmpty)
    }

    @Test func bytesBecomeKeys() {
        func keys(_ bytes: [UInt8]) -> [LineBuffer.Key] {
            var rest = bytes[...]
            let reader = KeyReader { rest.popFirst() }
            var keys: [LineBuffer.Key] = []
            while let key = reader.next() { keys.append(key) }
            return keys
        }
        #expect(
            keys(Array("aé\u{1B}[A\u{1B}OB\u{1B}[3~\u{1B}[1;5C\r".utf8))
                == [.text("a"), .text("é"), .previous, .next, .delete, .wordRight, .enter])
        // No input is a trap: cut sequences, stray bytes, control characters.
        #expect(keys([0x1B]).isEmpty && keys([0x1B, 0x5B, 0x31]).isEmpty)
        #expect(keys([0xFF, 0xC3]) == [.unknown, .unknown] || keys([0xFF, 0xC3]) == [.unknown])
        #expect(keys([0x00, 0x1C]) == [.unknown, .unknown])
    }

    /// Faults found, line 23: what a model writes does not steer the terminal.
    @Test func anAnswersControlCharactersAreSpelledOut() throws {
        try withTemporaryDirectory { directory in
            // A vocabulary whose every ordinary piece is an escape sequence: the model can say little else.
            let tokenizer = try Tokenizer(
                serializedModel: TokenizerTraining(vocabularySize: 300).train([
                    "\u{1B}]0;x\u{07} \u{9B}1m \u{202E}y"
                ]),
                name: "escapes")
            let decoder = try DecoderModel(
                configuration: Configuration(
                    vocabularySize: tokenizer.vocabularySize, width: 16, layers: 1, heads: 2, feedForward: 16,
                    contextLength: 512), seed: 2)
            try Checkpoint.save(
                decoder: decoder, tokenizer: tokenizer, template: .roleMarkers,
                to: directory.appending(path: "model"))
            let run = try CommandRun.distill(
                "chat", "model", "--prompt", "x", "--temperature", "5", "--top-p", "1", "--max-new-tokens",
                "400",
                "--seed", "1", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            // Random bytes and pieces: some of them are control characters.
            #expect(run.standardOutput.contains("\\u{"))
            let scalars = (run.standardOutput + run.standardError).unicodeScalars
            #expect(
                !scalars.contains {
                    $0.value < 9 || (11..<32).contains($0.value) || (127..<160).contains($0.value)
                })
        }
    }

    /// The same for names in files: a recipe's, a tensor's.
    @Test func namesInFilesAreSpelledOut() throws {
        try withSmallModel { directory in
            try Data("name: \"a\\e]0;b\\a\"\nstages: [{\"\\e[31m\": 1}]\n".utf8)
                .write(to: directory.appending(path: "r.yaml"))
            let recipe = try CommandRun.distill("validate", "r.yaml", in: directory)
            #expect(
                recipe.status == 78 && !recipe.standardError.contains("\u{1B}"), "\(recipe.standardError)")
            let weights = directory.appending(path: "model/model.safetensors")
            var data = try Data(contentsOf: weights)
            let name = try #require(data.range(of: Data("model.embed_tokens.weight".utf8)))
            data.replaceSubrange(name, with: Data("model.\\u001b[2J_okens.weight".utf8.prefix(25)))
            try data.write(to: weights)
            let model = try CommandRun.distill("inspect", "model", in: directory)
            #expect(model.status != 0 && !model.standardError.contains("\u{1B}"), "\(model.standardError)")
        }
    }
}
