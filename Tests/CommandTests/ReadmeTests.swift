import Foundation
import TestSupport
import Testing

@Suite struct ReadmeTests {
    @Test func theProgramInTheReadmeDistilsAStudent() throws {
        let readme = try String(contentsOf: packageRoot.appending(path: "README.md"), encoding: .utf8)
        let program = try String(
            contentsOf: packageRoot.appending(path: "Tests/Example/main.swift"), encoding: .utf8)
        #expect(readme.contains("```swift\n" + program.trimmingCharacters(in: .newlines) + "\n```"))

        try withTemporaryDirectory { directory in
            let tiny = try TinyTeacher(in: directory)
            let corpus = directory.appending(path: "corpus.jsonl")
            let chats = (0..<60).map {
                #"{"prompt":"where is the key \#($0)","completion":"the key is in the hall"}"#
            }
            try Data((chats.joined(separator: "\n") + "\n").utf8).write(to: corpus)
            let program = CommandRun.distill.deletingLastPathComponent().appending(path: "distil-a-student")
            let student = directory.appending(path: "student")
            let run = try CommandRun.run(
                program, arguments: [tiny.teacher.path, corpus.path, student.path], timeout: 120)
            #expect(run.status == 0, "\(run.standardError)")
            let losses = run.standardOutput.split(separator: "\n").compactMap {
                Double($0.split(separator: " ").last ?? "")
            }
            #expect(losses.count == 4 && losses.last! < losses.first!, "\(run.standardOutput)")
            let answer = try CommandRun.distill("chat", student.path, "--prompt", "where is the key")
            #expect(answer.status == 0, "\(answer.standardError)")
        }
    }
}
