import Foundation
import Support
import Tokenization

/// What a record says of tools, in the order in which it is written: a model reads it as text.
enum RecordTools {
    /// The tools of a record: a list, or a text that holds its JSON, as data sets with columns of one type have it.
    ///
    /// - Throws: `RecordFault` for anything else
    static func list(of json: OrderedJSON) throws -> [OrderedJSON] {
        switch json {
        case .array(let tools): return tools
        case .string(let text):
            if text.isEmpty { return [] }
            if case .array(let tools)? = try? OrderedJSON(Data(text.utf8), name: "tools") { return tools }
        default: break
        }
        throw RecordFault(
            "\"tools\" is not a list", hint: "give a list of tools, or a text that holds its JSON")
    }

    /// The record with the fields of its messages and its tools in the order of the line: `JSONDecoder` keeps none.
    ///
    /// - Throws: `UserError` with file and line for a key that is given twice
    static func ordered(_ record: CorpusRecord, of line: JSONLines.Line) throws -> CorpusRecord {
        guard case .chat(var messages, var tools) = record,
            !tools.isEmpty || messages.contains(where: { !$0.fields.isEmpty })
        else { return record }
        let json: OrderedJSON
        do {
            json = try OrderedJSON(line.bytes, name: line.file)
        } catch let error as UserError {
            throw line.error(error.problem)
        }
        if !tools.isEmpty, let written = json["tools"] { tools = try list(of: written) }
        let written = ["messages", "conversations", "prompt", "completion"].flatMap { key in
            switch json[key] {
            case .array(let messages)?: messages
            // A merged data set has the other forms' keys, without a value.
            case .null?, nil: [OrderedJSON]()
            case .some(let other): [other]
            }
        }
        // A system turn that a key of its own gives is before them.
        let first = messages.count - written.count
        for index in messages.indices where index >= first {
            messages[index].fields = messages[index].fields.map { field in
                OrderedJSON.Member(field.key, written[index - first][field.key] ?? field.value)
            }
        }
        return .chat(messages, tools: tools)
    }
}
