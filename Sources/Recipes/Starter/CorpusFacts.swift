import Corpora
import Foundation
import Support
import Tokenization

/// What a recipe must know of a corpus, from its first records.
struct CorpusFacts {
    enum Kind {
        /// Chats whose assistant answers.
        case chats
        /// Questions without answers.
        case prompts
        case texts
    }

    let kind: Kind
    let records: Int
    /// Whether `records` and `tokens` are estimates, from the first records and the size of the files.
    let isEstimate: Bool
    let tokens: Double
    /// Different pieces that the records use, extrapolated to all of them.
    let pieces: Int
    /// Tokens of a record that nine of ten do not exceed.
    let usualLength: Int

    /// Read of each file: enough for estimates, little beside a run.
    private static let sampled = 2000

    /// - Throws: `UserError` with file and line for what is no record, and if a file cannot be read
    init(_ urls: [URL], _ teacher: TeacherFacts) throws {
        let encoder = CorpusEncoder(
            tokenizer: teacher.tokenizer, template: teacher.template ?? .writtenOut, contextLength: 1 << 20)
        var lengths: [Int] = []
        var used: Set<Int32> = []
        var (chats, answered) = (0, 0)
        // Of all records: sums over the files, each scaled from what was read of it.
        var (records, tokens) = (0.0, 0.0)
        for url in urls {
            let first = try CorpusReader([url], limit: Self.sampled).records()
            var read = 0
            for record in first {
                let ids = try encoder.document(record).ids
                lengths.append(ids.count)
                used.formUnion(ids)
                read += ids.count
                if case .chat(let messages, _) = record {
                    chats += 1
                    if messages.contains(where: { $0.role == .assistant }) { answered += 1 }
                }
            }
            let scale = first.count < Self.sampled ? 1 : try Self.scale(of: url, to: first)
            records += scale * Double(first.count)
            tokens += scale * Double(read)
        }
        kind = 2 * chats < lengths.count ? .texts : 2 * answered < chats ? .prompts : .chats
        isEstimate = records > Double(lengths.count)
        self.records = Int(records)
        self.tokens = tokens
        // Vocabularies grow with about the square root of the text (Heaps' law).
        pieces = Int(Double(used.count) * (records / Double(lengths.count)).squareRoot())
        usualLength = lengths.sorted()[min(lengths.count - 1, lengths.count * 9 / 10)]
    }

    /// How many times the first records a file or directory holds: by lines or, where these are no records, by bytes.
    private static func scale(of url: URL, to first: [CorpusRecord]) throws -> Double {
        if url.pathExtension.lowercased() == "jsonl" {
            return max(1, Double(try JSONLines.count(of: url)) / Double(first.count))
        }
        let bytes = first.reduce(0) { $0 + $1.texts.reduce(0) { $0 + $1.utf8.count } }
        return max(1, Double(try size(of: url)) / Double(max(bytes, 1)))
    }

    private static func size(of url: URL) throws -> Int {
        let manager = FileManager.default
        let values = try url.resourceValues(forKeys: [.isDirectoryKey, .fileSizeKey])
        guard values.isDirectory ?? false else { return values.fileSize ?? 0 }
        return try manager.contentsOfDirectory(at: url, includingPropertiesForKeys: [.fileSizeKey]).reduce(0)
        {
            $0 + (try $1.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
        }
    }
}

extension ChatTemplate {
    /// For models without a template of their own: roles written as words, which needs no piece of any vocabulary.
    static var writtenOut: ChatTemplate {
        ChatTemplate(
            system: Turn(before: "", after: "\n\n"), user: Turn(before: "User: ", after: "\n"),
            assistant: Turn(before: "Assistant: ", after: "\n\n"))
    }
}
