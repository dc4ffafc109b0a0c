import Foundation
import Support

extension CandidateRecord {
    /// The bytes of the record's line with a value at `meta.KEY`; all other bytes stay.
    ///
    /// - Parameters:
    ///   - key: a key of `meta`; a value that it has is replaced
    ///   - value: JSON on one line
    /// - Throws: `UserError` with file and line for a line that is not valid JSON, or whose `meta` is no object
    package func lineBytes(settingMeta key: String, to value: Data) throws -> Data {
        let line = try lineBytes()
        var place = MetaPlace(key)
        try UserError.located(in: location.file, line: location.line) {
            do { try place.find(in: line, name: location.file) } catch var error as UserError {
                (error.line, error.column) = (location.line, nil)
                throw error
            }
        }
        guard let edit = place.edit else {
            throw UserError(
                "\"meta\" is not an object", file: location.file, line: location.line,
                hint: "what is known of a record is written there: rename the key")
        }
        var result = Data(capacity: line.count + value.count + key.utf8.count + 12)
        result.append(line[line.startIndex..<line.startIndex + edit.range.lowerBound])
        result.append(contentsOf: edit.before.utf8)
        result.append(value)
        result.append(contentsOf: edit.after.utf8)
        result.append(line[(line.startIndex + edit.range.upperBound)...])
        return result
    }
}

/// Where in a line the value of a key of `meta` belongs.
private struct MetaPlace {
    /// The bytes to replace, and what is written around the value.
    typealias Edit = (range: Range<Int>, before: String, after: String)

    private let key: String
    private(set) var edit: Edit?

    init(_ key: String) { self.key = OrderedJSON.string(key).text }

    mutating func find(in line: Data, name: String) throws {
        var parser = JSONParser(line, fileName: name)
        var found: (kind: JSONParser.Kind, range: Range<Int>, isNull: Bool)?
        var end = 0
        try parser.pull { parser in
            try parser.members { name, parser in
                guard name == "meta" else {
                    _ = try parser.value()
                    return
                }
                let (kind, start) = (parser.nextKind(), parser.position)
                var isNull = false
                if kind == .object {
                    try readMeta(&parser)
                } else {
                    isNull = try parser.value() == .null
                }
                found = (kind, start..<parser.position, isNull)
            }
            end = parser.position - 1
        }
        guard let found else {
            edit = (end..<end, ",\"meta\":{\(key):", "}")
            return
        }
        if found.isNull { edit = (found.range, "{\(key):", "}") }
    }

    /// Reads the object `meta`, which the parser is at.
    private mutating func readMeta(_ parser: inout JSONParser) throws {
        var (isEmpty, own) = (true, Range<Int>?.none)
        try parser.members { name, parser in
            isEmpty = false
            let start = parser.position
            _ = try parser.value()
            if OrderedJSON.string(name).text == key { own = start..<parser.position }
        }
        let end = parser.position - 1
        edit = own.map { ($0, "", "") } ?? (end..<end, (isEmpty ? "" : ",") + "\(key):", "")
    }
}
