import Foundation
import TestSupport
import Testing

@Suite struct ChatCommandTests {
    @Test func onePromptIsAnsweredOnce() throws {
        try withSmallModel { directory in
            let runs = try (0..<2).map { _ in
                try CommandRun.distill(
                    "chat", "model", "--prompt", "Where does Pell live?", "--temperature", "0",
                    "--max-new-tokens", "5",
                    in: directory)
            }
            #expect(runs[0].status == 0, "\(runs[0].standardError)")
            #expect(runs[0].standardOutput.count > 1 && runs[0].standardOutput.hasSuffix("\n"))
            #expect(runs[0].standardOutput == runs[1].standardOutput)
        }
    }

    @Test func pipedLinesAreAnsweredAndCommandsObeyed() throws {
        try withSmallModel { directory in
            func chat(_ input: String) throws -> CommandRun {
                try CommandRun.distill(
                    "chat", "model", "--temperature", "0", "--max-new-tokens", "6", in: directory,
                    input: input)
            }
            let single = try chat("Who sings?\n").standardOutput
            let repeated = try chat("Who sings?\n/reset\n\nWho sings?\n")
            #expect(repeated.status == 0)
            #expect(repeated.standardOutput == single + single)
            let instructed = try chat("/system Wess keeps a goat.\nWho sings?\n/quit\nWho sings?\n")
            #expect(instructed.standardOutput != single)
            let removed = try chat("/system Wess keeps a goat.\n/system\nWho sings?")
            #expect(removed.standardOutput == single)
            let unknown = try chat("/rest\nWho sings?\n")
            #expect(unknown.standardOutput == single)
            #expect(unknown.standardError.contains("/rest is not a command"))
            #expect(try chat("/help\n").standardError.contains("/reset"))
        }
    }

    /// Ctrl-C during an answer stops the answer; the next message is answered, and the end of the input ends.
    @Test func interruptionStopsTheAnswerAndNotTheProgram() throws {
        try withSmallModel(contextLength: 1 << 17) { directory in
            let process = Process()
            process.executableURL = CommandRun.distill
            process.currentDirectoryURL = directory
            // Its likeliest tokens never end this model's answer: it would write for minutes.
            process.arguments = ["chat", "model", "--temperature", "0", "--max-new-tokens", "100000"]
            let (input, output, error) = (Pipe(), Pipe(), Pipe())
            (process.standardInput, process.standardOutput, process.standardError) = (input, output, error)
            try withDefaultSignals { try process.run() }
            defer { process.terminate() }
            var said = Data()
            for round in 1...2 {
                try input.fileHandleForWriting.write(contentsOf: Data("/reset\nWho sings?\n".utf8))
                var text = Data()
                while process.isRunning, text.count < 20 { text += output.fileHandleForReading.availableData }
                kill(process.processIdentifier, SIGINT)
                while process.isRunning, stops(in: said) < round {
                    said += error.fileHandleForReading.availableData
                }
                // The answer is over; what is left of it must not be taken for the next.
                drain(output.fileHandleForReading)
            }
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            said += error.fileHandleForReading.readDataToEndOfFile()
            #expect(stops(in: said) == 2)
        }
    }

    private func stops(in text: Data) -> Int {
        text.split(separator: 10).count { $0.elementsEqual("(stopped)".utf8) }
    }

    /// Reads what lies in a pipe without waiting for more.
    private func drain(_ handle: FileHandle) {
        var count: Int32 = 0
        while ioctl(handle.fileDescriptor, UInt(FIONREAD), &count) == 0, count > 0 {
            _ = handle.availableData
        }
    }

    @Test func mistakesEndInOneMessage() throws {
        try withSmallModel { directory in
            let bad = try CommandRun.distill("chat", "model", "--min-p", "2", in: directory)
            #expect(bad.status == 64 && bad.standardError.contains("min-p 2"))
            let missing = try CommandRun.distill("chat", "nothing", "--prompt", "Hi", in: directory)
            #expect(missing.status == 66 && missing.standardError.contains("nothing: no such model"))
            let long = String(repeating: "goat ", count: 300)
            let full = try CommandRun.distill("chat", "model", "--prompt", long, in: directory)
            #expect(full.status == 65 && full.standardError.contains("leaves no room"))
            #expect(full.standardOutput.isEmpty)
        }
    }
}
