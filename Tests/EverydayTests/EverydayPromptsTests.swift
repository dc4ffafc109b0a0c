import Everyday
import Foundation
import Testing

@Suite struct EverydayPromptsTests {
    private struct Line: Decodable {
        struct Message: Decodable {
            var role: String
            var content: String
        }
        var messages: [Message]
    }

    private static let committed = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("data/everyday")

    private func chats(_ name: String) throws -> [Line] {
        let lines = try #require(EverydayPrompts.files.first { $0.name == name }).lines
        return try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test func committedFilesAreTheGeneratorsOutput() throws {
        let present = try FileManager.default.contentsOfDirectory(atPath: Self.committed.path)
        #expect(Set(present) == Set(EverydayPrompts.files.map(\.name)))
        for (name, lines) in EverydayPrompts.files {
            let committed = try String(contentsOf: Self.committed.appending(path: name), encoding: .utf8)
            let isSame = committed == lines.map { $0 + "\n" }.joined()
            #expect(isSame, "\(name) differs: run swift run -c release everyday-data data/everyday")
        }
    }

    @Test func promptsAreChatsOfOneToThreeQuestionsAndNoneComesTwice() throws {
        for name in ["prompts.jsonl", "heldout-prompts.jsonl"] {
            let chats = try chats(name)
            #expect(Set(EverydayPrompts.files.first { $0.name == name }!.lines).count == chats.count)
            for chat in chats {
                #expect([1, 3, 5].contains(chat.messages.count))
                for (index, message) in chat.messages.enumerated() {
                    #expect(message.role == (index % 2 == 0 ? "user" : "assistant"))
                    #expect(message.content.isEmpty == (index % 2 == 1))
                    #expect(!message.content.contains("#"))
                }
            }
            #expect(Set(chats.map(\.messages.count)) == [1, 3, 5])
        }
    }

    @Test func noHeldOutQuestionStandsInTraining() throws {
        func first(_ name: String) throws -> Set<String> {
            Set(try chats(name).map { $0.messages[0].content })
        }
        #expect(try first("prompts.jsonl").isDisjoint(with: first("heldout-prompts.jsonl")))
        #expect(try first("prompts.jsonl").count > 350)
        #expect(try first("heldout-prompts.jsonl").count > 70)
    }
}
