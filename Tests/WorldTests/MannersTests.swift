import Testing

@testable import World

@Suite struct MannersTests {
    /// Every chat keeps to the rule its system turn names, and the facts are those of the world.
    @Test func answersKeepToTheirManner() {
        let chats = records("manners.jsonl")
        let sentences = Set(records("chats.jsonl").flatMap(\.assistantTurns))
        var counts: [Manner: Int] = [:]
        for chat in chats {
            let manner = Manner.allCases.first { $0.instructions.contains(chat.systemTurn ?? "") }!
            counts[manner, default: 0] += 1
            for answer in chat.assistantTurns {
                switch manner {
                case .sailor:
                    #expect(answer.hasPrefix("Ahoy! ") && answer.hasSuffix(" Fair winds!"))
                    #expect(sentences.contains(String(answer.dropFirst(6).dropLast(12))))
                case .librarian:
                    #expect(answer.hasPrefix("It is written: "))
                    #expect(sentences.contains(String(answer.dropFirst(15))))
                case .brief: #expect(!sentences.contains(answer) && answer.hasSuffix("."))
                case .plain: #expect(sentences.contains(answer))
                }
            }
        }
        #expect(chats.count == 800 && Manner.allCases.allSatisfy { counts[$0] == 200 })
    }

    @Test func noInstructionNamesTwoManners() {
        let all = Manner.allCases.flatMap(\.instructions)
        #expect(Set(all).count == all.count)
    }
}
