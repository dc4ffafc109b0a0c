import Foundation
import Support
import Yams

/// Reads one YAML document into `YAMLValue`s.
///
/// The limits keep a hostile or mistaken file from exhausting memory or stack: the underlying parser recurses
/// once a nesting level, and aliases can multiply a small file into an enormous tree.
package struct YAMLReader {
    /// A recipe is a few kilobytes; a file of this size is something else.
    static let largestFile = 1 << 20
    /// Deepest nesting; recipes use six levels.
    static let deepest = 64
    /// Most values after aliases are written out.
    static let mostValues = 100_000
    /// Most aliases: n aliases can multiply a tree by at most e^(n/e), here a few thousand.
    static let mostAliases = 24

    let origin: String
    /// Whether locations carry line and column; an override on the command line has neither.
    var hasLines = true
    private var valueCount = 0
    private var problems: [UserError] = []

    package init(origin: String, hasLines: Bool = true) {
        self.origin = origin
        self.hasLines = hasLines
    }

    package static func read(fileAt url: URL, named name: String) throws -> (
        value: YAMLValue, problems: [UserError]
    ) {
        let data: Data
        do {
            data = try ConfigurationFile.read(url, atMost: largestFile)
        } catch var error as UserError {
            error.file = name
            if !FileManager.default.fileExists(atPath: url.path) {
                error.problem = "no such file"
                error.hint = "distill init writes a recipe to start from"
            }
            throw error
        }
        let withoutMark = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        guard let text = String(validating: withoutMark, as: UTF8.self) else {
            let lines = withoutMark.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
            throw UserError(
                "the text is not UTF-8", file: name, line: line + 1, column: 1,
                hint: "save the recipe as UTF-8", status: .configuration)
        }
        var reader = YAMLReader(origin: name)
        return try reader.read(text)
    }

    /// The document, and problems (duplicate keys) that do not keep the rest from being read.
    package mutating func read(_ text: String) throws -> (value: YAMLValue, problems: [UserError]) {
        try checkLimits(of: text)
        var masked = MaskedText(text)
        while true {
            do {
                guard let node = try Yams.compose(yaml: masked.text) else {
                    throw location(1, 1).error(
                        "the recipe is empty", hint: "distill init writes a recipe to start from")
                }
                let root = try value(of: node, depth: 0, unmasking: masked)
                return (root, problems)
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let mark = context.mark
                guard masked.hide(names[0], line: mark.line, column: mark.column) else {
                    throw location(mark.line, mark.column).error("key \"\(names[0])\" is given twice")
                }
            } catch let error as YamlError {
                throw syntaxError(error, in: text)
            }
        }
    }

    private func location(_ line: Int, _ column: Int) -> SourceLocation {
        hasLines ? SourceLocation(origin: origin, line: line, column: column) : SourceLocation(origin: origin)
    }

    private mutating func value(of node: Node, depth: Int, unmasking masked: MaskedText) throws -> YAMLValue {
        let here = location(node.mark?.line ?? 1, node.mark?.column ?? 1)
        valueCount += 1
        guard valueCount <= Self.mostValues, depth <= Self.deepest else {
            throw here.error(
                "the document is too large or too deeply nested",
                hint: "at most \(Self.mostValues) values, aliases included, and \(Self.deepest) levels")
        }
        switch node {
        case .scalar(let scalar):
            let quoted = scalar.style != .plain && scalar.style != .any
            return YAMLValue(location: here, content: .scalar(scalar.string, quoted: quoted))
        case .sequence(let sequence):
            let values = try sequence.map { try value(of: $0, depth: depth + 1, unmasking: masked) }
            return YAMLValue(location: here, content: .list(values))
        case .mapping(let mapping):
            let entries = try mapping.compactMap { key, content -> YAMLValue.Entry? in
                let keyLocation = location(key.mark?.line ?? 1, key.mark?.column ?? 1)
                guard case .scalar(let name) = key else {
                    throw keyLocation.error("a key must be a word, not a list or a mapping")
                }
                if let hidden = masked.original(of: name.string) {
                    let second = mapping.keys.first { $0.string == hidden }?.mark
                    let secondLocation = second.map { location($0.line, $0.column) } ?? keyLocation
                    problems.append(
                        secondLocation.error(
                            "key \"\(hidden)\" is given twice",
                            hint: "the first is on line \(keyLocation.line ?? 1); keep one of the two"))
                    return nil
                }
                let content = try value(of: content, depth: depth + 1, unmasking: masked)
                return .init(key: name.string, keyLocation: keyLocation, value: content)
            }
            return YAMLValue(location: here, content: .mapping(entries))
        case .alias:
            throw here.error("an alias without an anchor")
        }
    }

    private func syntaxError(_ error: YamlError, in text: String) -> UserError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let lines = text.lines
            if let line = lines.dropFirst(mark.line - 1).first,
                line.prefix(while: \.isWhitespace).contains("\t")
            {
                return location(mark.line, mark.column).error(
                    "a tab indents this line", hint: "YAML indents with spaces")
            }
            let doing = context.map { " \($0.text)" } ?? ""
            return location(mark.line, mark.column).error("not valid YAML:\(doing) \(problem)")
        case .reader(let problem, let offset, _, _):
            let before = String(text.prefix(offset ?? 0)).lines
            let column = (before.last?.unicodeScalars.count ?? 0) + 1
            return location(max(1, before.count), column).error("not valid YAML: \(problem)")
        default:
            return location(1, 1).error("not valid YAML: \(error)")
        }
    }

    /// A coarse look at the text that errs on the strict side only for texts no recipe contains.
    private func checkLimits(of text: String) throws {
        var brackets = 0
        var aliases = 0
        for (index, line) in text.lines.enumerated() {
            let dashes = line.prefix { $0 == "-" || $0 == "?" || $0.isWhitespace }.filter { !$0.isWhitespace }
            var previous: UInt8 = UInt8(ascii: " ")
            for byte in line.utf8 {
                switch byte {
                case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
                case UInt8(ascii: "*") where " \t[{,:-?".utf8.contains(previous): aliases += 1
                default: break
                }
                previous = byte
                guard brackets <= Self.deepest, dashes.count <= Self.deepest else {
                    throw location(index + 1, 1).error(
                        "the document is too deeply nested", hint: "at most \(Self.deepest) levels")
                }
                guard aliases <= Self.mostAliases else {
                    throw location(index + 1, 1).error(
                        "too many aliases", hint: "a recipe has at most \(Self.mostAliases)")
                }
            }
        }
    }
}
