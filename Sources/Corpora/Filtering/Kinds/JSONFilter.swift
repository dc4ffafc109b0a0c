import Foundation
import Support

/// Removes records whose last answer is not JSON, or does not fit a schema.
public struct JSONFilter: RecordRule {
    /// The part of each record that is looked at.
    public let part: TextPart? = .answer
    private let schema: JSONSchema?
    private let acceptsFences: Bool

    /// - Parameters:
    ///   - schema: what the value must fit, a part of JSON Schema
    ///   - acceptsFences: whether the JSON may be in one fenced block of Markdown, with nothing around it
    /// - Throws: `FilterOptionFault` for a keyword that is not supported
    public init(schema: OrderedJSON? = nil, acceptsFences: Bool = false) throws {
        self.acceptsFences = acceptsFences
        do throws(JSONSchema.Fault) {
            self.schema = try schema.map { json throws(JSONSchema.Fault) in try JSONSchema(json) }
        } catch {
            let place = error.path.dropLast().joined(separator: ".")
            throw FilterOptionFault(
                "schema", place.isEmpty ? error.problem : "\(place): \(error.problem)", hint: error.hint)
        }
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        guard let answer = record.record.texts(of: .answer).last else { return .remove("no answer") }
        let text = acceptsFences ? Self.withoutFence(answer) : Substring(answer)
        let value: OrderedJSON
        do { value = try OrderedJSON(Data(text.utf8), name: "the answer") } catch {
            let problem = (error as? UserError)?.problem ?? "\(error)"
            let prefix = "not valid JSON: "
            return .remove(
                "the answer is not JSON: \(problem.hasPrefix(prefix) ? problem.dropFirst(prefix.count) : problem[...])"
            )
        }
        guard let problem = schema?.problem(of: value) else { return .keep }
        return .remove("the answer does not fit the schema: \(problem)")
    }

    /// The content of a text that is one fenced block, or the text.
    private static func withoutFence(_ text: String) -> Substring {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.hasPrefix("```"), trimmed.hasSuffix("```"), trimmed.count > 6,
            let start = trimmed.firstIndex(where: \.isNewline)
        else { return Substring(text) }
        return trimmed[start...].dropLast(3)
    }
}

extension FilterKind {
    /// `json`.
    static let json = FilterKind(
        "json", "Removes records whose last answer is not JSON, or does not fit a schema.",
        options: [
            FilterOption(
                "schema", .schema,
                "What the answer must fit: a part of JSON Schema, see the article on filters."),
            FilterOption(
                "fences", .flag, default: .flag(false),
                "Whether the JSON may be in a fenced block of Markdown."),
        ]
    ) { options in try JSONFilter(schema: options.schema("schema"), acceptsFences: options.flag("fences")) }
}
