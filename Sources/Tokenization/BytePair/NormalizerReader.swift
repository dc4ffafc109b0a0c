import Foundation
import Support

/// Reads the `normalizer` of a `tokenizer.json`.
struct NormalizerReader {
    let fields: FieldReader
    private static let deepest = 16

    init(_ fields: FieldReader) { self.fields = fields }

    func read(_ value: JSONValue?, _ path: String) throws -> TextNormalizer {
        let normalizer = TextNormalizer(steps: try steps(value, path, depth: 0))
        let (most, longest) = (normalizer.growth, normalizer.longestText)
        guard normalizer.steps.count <= Self.most, most <= Self.mostGrowth, longest <= Self.longest else {
            throw fields.error(
                path, "may make a text \(most) times as long",
                "at most \(Self.most) normalizers that make a text at most \(Self.mostGrowth) times as long")
        }
        return normalizer
    }

    /// Memory stays bounded.
    private static let most = 64, mostGrowth = 64, longest = 1024

    private func steps(_ value: JSONValue?, _ path: String, depth: Int) throws -> [TextNormalizer.Step] {
        guard let value, value != .null else { return [] }
        let object = try fields.object(value, path)
        guard depth < Self.deepest else { throw fields.error(path, "is nested too deep", "fewer levels") }
        let type = try fields.string(object["type"], "\(path).type")
        switch type {
        case "NFC": return [.nfc]
        case "NFD": return [.nfd]
        case "NFKC": return [.nfkc]
        case "NFKD": return [.nfkd]
        case "Lowercase": return [.lowercase]
        case "Strip":
            return [
                .strip(
                    left: try fields.boolean(object["strip_left"], "\(path).strip_left", default: true),
                    right: try fields.boolean(object["strip_right"], "\(path).strip_right", default: true))
            ]
        case "Prepend":
            let text = try fields.string(object["prepend"], "\(path).prepend")
            return text.isEmpty ? [] : [.prepend(Array(text.utf8))]
        case "Replace":
            let pattern = try fields.object(object["pattern"], "\(path).pattern")
            let to = Array(try fields.string(object["content"], "\(path).content").utf8)
            switch (pattern["String"], pattern["Regex"]) {
            case (.string(let from)?, nil) where !from.isEmpty: return [.replace(Array(from.utf8), to)]
            case (nil, .string(let source)?):
                let expression = try SplitExpression(source, fields, "\(path).pattern.Regex")
                return [.replaceMatches(expression, source: source, to)]
            default:
                throw fields.wrong(object["pattern"], "\(path).pattern", "{\"Regex\": …} or {\"String\": …}")
            }
        case "StripAccents": return [.stripAccents]
        case "Nmt": return [.nmt]
        case "Precompiled":
            return try precompiled(object["precompiled_charsmap"], "\(path).precompiled_charsmap")
        case "Sequence":
            return try fields.array(object["normalizers"], "\(path).normalizers").enumerated().flatMap {
                try steps($1, "\(path).normalizers[\($0)]", depth: depth + 1)
            }
        default:
            throw fields.error(
                "\(path).type", "is \"\(type)\"",
                "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Nmt, Precompiled, Strip, Prepend, Replace, Sequence"
            )
        }
    }

    private func precompiled(_ value: JSONValue?, _ path: String) throws -> [TextNormalizer.Step] {
        guard value != .null else { return [] }
        guard let bytes = Data(base64Encoded: try fields.string(value, path)) else {
            throw fields.error(path, "is not Base64", "SentencePiece's table in Base64")
        }
        do {
            return [.precompiled(try CharactersMap(Array(bytes)[...]))]
        } catch {
            throw fields.error(path, "is damaged: \(error.problem)", "SentencePiece's table in Base64")
        }
    }
}
