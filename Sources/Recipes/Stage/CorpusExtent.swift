import Corpora
import Foundation
import Support

/// The size of a corpus, as far as it is known before a tokenizer reads it.
package struct CorpusExtent {
    var records = 0.0
    /// Of all records, a chat's markers among them.
    var tokens = 0.0
    /// Target tokens where the loss is on the assistant: the answers of chats, all of texts.
    var targets = 0.0
    /// Tokens of the longest record.
    var longest = 0.0
    /// Whether some records are texts.
    var hasTexts = false

    /// Bytes of text per token.
    static let bytesPerToken = 4.4
    /// Marker tokens per message of a chat. The last one ends the turn and is a target.
    static let tokensPerMessage = 3.0

    /// The fraction of tokens that are targets in the part of the corpus with most of them: files are read in their order,
    /// and texts may come together.
    var densestTargetFraction: Double { hasTexts ? 1 : targetFraction }

    /// The fraction of tokens that are targets.
    var targetFraction: Double { tokens > 0 ? targets / tokens : 1 }

    /// Tokens of a record.
    var mean: Double { tokens / max(records, 1) }

    package static func + (a: Self, b: Self) -> Self {
        Self(
            records: a.records + b.records, tokens: a.tokens + b.tokens, targets: a.targets + b.targets,
            longest: max(a.longest, b.longest), hasTexts: a.hasTexts || b.hasTexts)
    }

    /// Some of the records.
    func scaled(by fraction: Double) -> Self {
        var part = self
        part.records *= fraction
        part.tokens *= fraction
        part.targets *= fraction
        return part
    }

    /// The first records; nil is all.
    func limited(to limit: Int?) -> Self {
        guard let limit, Double(limit) < records else { return self }
        return scaled(by: Double(limit) / records)
    }
}

/// Extents of files, each read once for all stages of a plan.
final class CorpusExtents {
    private struct Key: Hashable {
        let url: URL
        let limit: Int?
        let asPrompts: Bool
        let documents: TextDocuments
    }

    /// Read of a file: enough for an estimate, little beside a run.
    private static let sampled = 2000

    private var known: [Key: CorpusExtent] = [:]

    /// - Parameters:
    ///   - limit: records that are read of the corpus; nil for all
    ///   - asPrompts: without the last answer of a chat
    /// - Returns: an empty extent for what cannot be read; the stage reports why
    func extent(of url: URL, limit: Int?, asPrompts: Bool = false, documents: TextDocuments = .paragraph)
        -> CorpusExtent
    {
        let key = Key(url: url, limit: limit, asPrompts: asPrompts, documents: documents)
        if let extent = known[key] { return extent }
        let first =
            (try? CorpusReader([url], limit: min(limit ?? .max, Self.sampled), documents: documents).records())
            ?? []
        var extent = first.reduce(CorpusExtent()) { $0 + Self.extent(of: $1, asPrompt: asPrompts) }
        if first.count == Self.sampled, limit ?? .max > Self.sampled {
            let bytes = first.reduce(0) { $0 + Self.bytes(of: $1) }
            extent = extent.scaled(by: max(1, Self.bytes(of: url) / Double(bytes))).limited(to: limit)
        }
        known[key] = extent
        return extent
    }

    /// A record as a line of JSON: its texts with `{"text":""}`, or `{"messages":[]}` and for each message
    /// `{"role":"user","content":""},`.
    private static func bytes(of record: CorpusRecord) -> Int {
        let text = record.texts.reduce(0) { $0 + $1.utf8.count }
        return switch record {
        case .text: text + 12
        case .chat(let messages, _): text + 16 + 31 * messages.count
        }
    }

    private static func extent(of record: CorpusRecord, asPrompt: Bool) -> CorpusExtent {
        func tokens(_ text: String) -> Double { Double(text.utf8.count) / CorpusExtent.bytesPerToken }
        var (all, targets, isText) = (0.0, 0.0, false)
        switch record {
        case .text(let text):
            all = tokens(text)
            (targets, isText) = (all, true)
        case .chat(let messages, _):
            for message in asPrompt ? record.prompt ?? messages : messages {
                let count = tokens(message.content)
                all += count + CorpusExtent.tokensPerMessage
                if message.role == .assistant { targets += count + 1 }
            }
        }
        return CorpusExtent(records: 1, tokens: all, targets: targets, longest: all, hasTexts: isText)
    }

    private static func bytes(of url: URL) -> Double {
        ((try? CorpusFiles(at: url).files) ?? []).reduce(0) { sum, file in
            // A link's own size is that of a path.
            let size = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize
            return sum + Double(size ?? 0)
        }
    }
}
