import Foundation
import Support

/// A passage of a document.
public struct DocumentChunk: Equatable, Sendable {
    /// The file, as messages name it.
    public let file: String
    /// Its number among the chunks of the file, from 0.
    public let number: Int
    /// The headings above it, from the outermost; empty in plain text.
    public let headings: [String]
    /// The passage, without its headings.
    public let text: String

    /// A passage.
    public init(file: String, number: Int, headings: [String], text: String) {
        self.file = file
        self.number = number
        self.headings = headings
        self.text = text
    }
}

/// Divides Markdown and plain text into passages of at most so many words, at headings and blank lines.
///
/// A fenced block of code is not divided, and neither is a paragraph, unless one alone is too long: then at the ends of lines and
/// sentences. Front matter of Markdown files is left out.
public struct DocumentChunks: Sendable {
    /// The most words of a passage.
    public let words: Int
    /// Passages with fewer words are left out.
    public let leastWords: Int

    /// The accepted numbers of words.
    public static let wordsLimits = 10...10_000
    /// The kinds of files, for messages.
    public static let summary = ".md, .markdown or .txt files, or directories of them"
    /// The largest document.
    private static let mostBytes = 1 << 26

    /// - Parameters:
    ///   - words: the most words of a passage
    ///   - leastWords: passages with fewer words are left out
    public init(words: Int = 200, leastWords: Int = 10) {
        precondition(Self.wordsLimits.contains(words), "passages of \(words) words")
        self.words = words
        self.leastWords = leastWords
    }

    /// The documents that a path refers to: a file, all in a directory and those in it, or those that match a pattern.
    ///
    /// - Throws: `UserError` for a file of another kind, for a directory without documents, and if something cannot be read
    public static func files(at url: URL) throws -> [URL] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            if CorpusFiles.isPattern(url.relativePath) {
                return try CorpusFiles.paths(matching: url).flatMap(files)
            }
            throw UserError("no such file or directory", file: url.relativePath, status: .noInput)
        }
        guard isDirectory.boolValue else {
            guard isDocument(url) else {
                throw UserError(
                    "a document of kind .\(url.pathExtension)", file: url.relativePath,
                    hint: "give \(summary)")
            }
            return [url]
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
        let documents = names.filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { url.appending(path: $0) }.filter(isDocument)
        guard !documents.isEmpty else {
            throw UserError(
                "holds no document", file: url.relativePath, hint: "give \(summary)", status: .noInput)
        }
        return documents
    }

    private static func isDocument(_ url: URL) -> Bool {
        ["md", "markdown", "txt"].contains(url.pathExtension.lowercased())
    }

    /// The passages of a document.
    ///
    /// - Throws: `UserError` if the file cannot be read, is not UTF-8 or has more than 64 MiB
    public func chunks(of url: URL) throws -> [DocumentChunk] {
        let text = try TextChunks.text(
            of: url, limit: Self.mostBytes, what: "a document", hint: "divide it into several files")
        let isMarkdown = url.pathExtension.lowercased() != "txt"
        return self.chunks(
            of: text, file: url.relativePath, isMarkdown: isMarkdown)
    }

    /// The passages of a text.
    func chunks(of text: String, file: String, isMarkdown: Bool) -> [DocumentChunk] {
        var found: [DocumentChunk] = []
        var (passage, count, headings) = ([String](), 0, [String]())
        func end() {
            defer { (passage, count) = ([], 0) }
            guard count >= leastWords else { return }
            found.append(
                DocumentChunk(
                    file: file, number: found.count, headings: headings.filter { !$0.isEmpty },
                    text: passage.joined(separator: "\n\n")))
        }
        for block in MarkdownBlocks(text, isMarkdown: isMarkdown) {
            switch block {
            case .heading(let level, let title):
                end()
                headings = Array(headings.prefix(level - 1))
                headings += Array(repeating: "", count: level - 1 - headings.count) + [title]
            case .paragraph(let paragraph):
                for part in parts(of: paragraph) {
                    let size = Self.count(part)
                    if count > 0, count + size > words { end() }
                    passage.append(part)
                    count += size
                }
            case .code(let code):
                let size = Self.count(code)
                if count > 0, count + size > words { end() }
                passage.append(code)
                count += size
            }
        }
        end()
        return found
    }

    private static func count(_ text: String) -> Int { text.split(whereSeparator: \.isWhitespace).count }

    /// A paragraph, divided where it is too long: after sentences, or else after so many words.
    private func parts(of paragraph: String) -> [String] {
        guard Self.count(paragraph) > words else { return [paragraph] }
        var (parts, part, size) = ([String](), "", 0)
        for word in paragraph.split(omittingEmptySubsequences: true, whereSeparator: \.isWhitespace) {
            part += part.isEmpty ? String(word) : " \(word)"
            size += 1
            let endsSentence = word.last.map { ".!?…。！？".contains($0) } ?? false
            if size == words || (endsSentence && size >= words / 2) {
                parts.append(part)
                (part, size) = ("", 0)
            }
        }
        return part.isEmpty ? parts : parts + [part]
    }
}

/// The headings, paragraphs and fenced blocks of a text, in order (CommonMark 0.31, sections 4.2, 4.5 and 4.8).
struct MarkdownBlocks: Sequence, IteratorProtocol {
    enum Block: Equatable {
        case heading(level: Int, title: String)
        case paragraph(String)
        case code(String)
    }

    private var lines: ArraySlice<Substring>
    private let isMarkdown: Bool

    init(_ text: String, isMarkdown: Bool) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        self.isMarkdown = isMarkdown
        guard isMarkdown, lines.first?.trimmed == "---",
            let end = lines.dropFirst().firstIndex(where: { $0.trimmed == "---" })
        else { return }
        lines = lines[(end + 1)...]
    }

    mutating func next() -> Block? {
        lines = lines.drop { $0.trimmed.isEmpty }
        guard let first = lines.first else { return nil }
        if isMarkdown {
            if let heading = Self.heading(first) {
                lines.removeFirst()
                return heading
            }
            if let fence = Self.fence(first) { return code(fence) }
        }
        var paragraph: [Substring] = []
        while let line = lines.first, !line.trimmed.isEmpty {
            if isMarkdown, !paragraph.isEmpty, Self.heading(line) != nil || Self.fence(line) != nil { break }
            paragraph.append(line)
            lines.removeFirst()
        }
        return .paragraph(paragraph.joined(separator: "\n"))
    }

    /// Up to the closing fence, or to the end of the text.
    private mutating func code(_ fence: (character: Character, length: Int)) -> Block {
        var code = [lines.removeFirst()]
        while let line = lines.popFirst() {
            code.append(line)
            if let end = Self.fence(line), end.character == fence.character, end.length >= fence.length,
                line.trimmed.count == end.length
            {
                break
            }
        }
        return .code(code.joined(separator: "\n"))
    }

    private static func heading(_ line: Substring) -> Block? {
        let marks = line.prefix { $0 == "#" }
        let rest = line.dropFirst(marks.count)
        guard (1...6).contains(marks.count), rest.isEmpty || rest.first == " " || rest.first == "\t" else {
            return nil
        }
        var title = String(rest.trimmed)
        // A closing run of # is no part of the title.
        if let space = title.lastIndex(of: " "), title[title.index(after: space)...].allSatisfy({ $0 == "#" })
        {
            title = String(title[..<space].trimmed)
        }
        return .heading(level: marks.count, title: title)
    }

    private static func fence(_ line: Substring) -> (character: Character, length: Int)? {
        let text = line.trimmed
        guard let character = text.first, character == "`" || character == "~" else { return nil }
        let length = text.prefix { $0 == character }.count
        return length >= 3 ? (character, length) : nil
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] }
            ?? start[start.startIndex..<start.startIndex]
    }
}
