import Foundation
import Testing
import World

@Suite struct FilesTests {
    @Test func committedFilesAreTheGeneratorsOutput() throws {
        let present = try FileManager.default.contentsOfDirectory(atPath: committedDirectory.path)
        #expect(Set(present) == Set(dataset.files.map(\.name)))
        for (name, records) in dataset.files {
            let committed = try Data(contentsOf: committedDirectory.appendingPathComponent(name))
            // Compared outside #expect, which would take minutes to work out where megabytes differ.
            let isSame = committed == Data(Dataset.content(of: records).utf8)
            #expect(isSame, "\(name) differs: run swift run -c release world-data data/world")
        }
    }

    @Test func aSecondRunGivesTheSameAndAnotherSeedDoesNot() {
        var size = DatasetSize()
        size.stories = 20
        size.sheets = 20
        func contents(seed: UInt64) -> [String] {
            Dataset(seed: seed, size: size).files.map { Dataset.content(of: $0.records) }
        }
        let once = contents(seed: 5)
        #expect(once == contents(seed: 5))
        #expect(once != contents(seed: 6))
    }

    @Test func theFilesStaySmall() {
        let bytes = dataset.files.map { Dataset.content(of: $0.records).utf8.count }
        #expect(bytes.reduce(0, +) < 13 * 524_288)
        // Long texts would not fit a context of 256 pieces; a piece is about three letters and a half.
        let longest = dataset.files.flatMap(\.records).map { $0.strings.joined(separator: " ").count }.max()
        #expect(longest! < 830)
    }

    @Test func everyLineIsOneRecordOfJSON() throws {
        struct Line: Decodable {
            struct Message: Decodable {
                var role: String
                var content: String
            }
            var text: String?
            var messages: [Message]?
            var answers: [String]?
        }
        for (name, records) in dataset.files {
            for record in records {
                let line = try JSONDecoder().decode(Line.self, from: Data(record.json.utf8))
                let contents = line.messages?.map(\.content) ?? [line.text ?? ""]
                #expect(contents == record.strings, "\(name)")
                #expect(line.messages?.map(\.role) ?? [] == record.turns.map(\.role.rawValue), "\(name)")
                #expect(line.answers ?? [] == record.answers, "\(name)")
            }
        }
    }

    @Test func quotesAndBackslashesAreEscaped() {
        #expect(Record.text(#"a "b" \ c"#).json == #"{"text": "a \"b\" \\ c"}"#)
    }

    @Test func chatsAlternateAndEndAsTheyShould() {
        for name in ["chats.jsonl", "sheets.jsonl", "manners.jsonl"] {
            for record in records(name) {
                let roles = record.turns.map(\.role).drop { $0 == .system }
                #expect(!roles.isEmpty && roles.count % 2 == 0)
                for (index, role) in roles.enumerated() {
                    #expect(role == (index % 2 == 0 ? .user : .assistant))
                }
            }
        }
        for name in [
            "prompts.jsonl", "seen.jsonl", "heldout-phrasings.jsonl", "heldout-combinations.jsonl",
            "second-place.jsonl", "second-place-closed.jsonl", "second-place-prompts.jsonl",
        ] {
            #expect(records(name).allSatisfy { $0.turns.last?.role == .user }, "\(name)")
        }
    }
}
