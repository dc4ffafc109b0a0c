import Foundation
import Support
import Tokenization

/// The columns of a dataset: the same in all of its splits.
///
/// `messages` (with `tools` where there are any), `text`, and `meta`, the JSON of a record's `meta` as text. Hugging Face `datasets`
/// infers types from the first lines of the first file, and refuses what comes later: a column that was null until then, or a message
/// with another key. So every line has all columns, and the card declares their types (`features`).
public struct DatasetColumns: Sendable {
    private var (hasChats, hasTexts, hasTools, hasWeights) = (false, false, false, false)
    /// Of `Message.fieldNames`.
    private var fields: Set<String> = []

    /// - Throws: `UserError` for mistakes in the corpora
    init(of readers: [CorpusReader]) throws {
        for reader in readers { try reader.forEach { add($0) } }
    }

    private mutating func add(_ record: CorpusRecord) {
        switch record {
        case .text: hasTexts = true
        case .chat(let messages, let tools):
            hasChats = true
            if !tools.isEmpty { hasTools = true }
            for message in messages {
                if !message.isTrained { hasWeights = true }
                for field in message.fields { fields.insert(field.key) }
            }
        }
    }

    /// A record with every column, null where it has none.
    func line(_ record: CandidateRecord, meta: OrderedJSON?) throws -> String {
        var members: [OrderedJSON.Member] = []
        let encoded = try OrderedJSON(JSONEncoder.stable.encode(record.record), name: record.location.file)
        if hasChats { members.append(.init("messages", messages(encoded["messages"]))) }
        // Descriptions of tools differ from each other in their keys: as text they have one type.
        if hasTools { members.append(.init("tools", encoded["tools"].map { .string($0.text) } ?? .null)) }
        if hasTexts { members.append(.init("text", encoded["text"] ?? .null)) }
        members.append(.init("meta", meta.map { .string($0.text) } ?? .null))
        return OrderedJSON.object(members).text
    }

    /// Messages whose fields have the declared types.
    private func messages(_ messages: OrderedJSON?) -> OrderedJSON {
        guard case .array(let messages)? = messages else { return .null }
        return .array(
            messages.map { message in
                guard case .object(let members) = message else { return message }
                return .object(
                    members.map { member in
                        switch (member.key, member.value) {
                        case ("tool_calls", _), (_, .string), ("weight", _): member
                        default: OrderedJSON.Member(member.key, .string(member.value.text))
                        }
                    })
            })
    }

    /// A column, or a key of a message, with its type.
    package struct Feature: Equatable, Sendable {
        package let name: String
        package let type: FeatureType
    }

    /// The types of `datasets` that occur.
    package enum FeatureType: Equatable, Sendable {
        /// `string` or `float64`.
        case value(String)
        /// A list of values of any JSON (`datasets` 4.7 and later).
        case listOfJSON
        /// A list of objects with these keys.
        case list([Feature])
    }

    /// The columns with their types.
    package var features: [Feature] {
        var features: [Feature] = []
        if hasChats {
            var keys = ["role", "content"].map { Feature(name: $0, type: .value("string")) }
            if hasWeights { keys.append(Feature(name: "weight", type: .value("float64"))) }
            for name in Message.fieldNames where fields.contains(name) {
                keys.append(
                    Feature(name: name, type: name == "tool_calls" ? .listOfJSON : .value("string")))
            }
            features.append(Feature(name: "messages", type: .list(keys)))
        }
        if hasTools { features.append(Feature(name: "tools", type: .value("string"))) }
        if hasTexts { features.append(Feature(name: "text", type: .value("string"))) }
        features.append(Feature(name: "meta", type: .value("string")))
        return features
    }
}
