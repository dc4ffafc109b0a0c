import Foundation
import Support

/// Lines that hold one JSON string each.
enum JSONStringLine {
    /// The UTF-8 of the string in a line.
    /// - Throws: `UserError` with the line's number if it is no JSON string.
    static func parse(_ line: UnsafeBufferPointer<UInt8>, line number: Int) throws -> [UInt8] {
        var problem = "not a JSON string"
        do {
            var parser = JSONParser(Data(line), fileName: "standard input")
            if case .string(let text) = try parser.document() { return Array(text.utf8) }
        } catch let error as UserError {
            problem = error.problem
        }
        throw UserError(
            problem, file: "standard input", line: number, hint: "with --jsonl a line is a JSON string")
    }

    /// A text as a JSON string.
    static func write(_ text: [UInt8]) -> [UInt8] {
        // Encoding a string cannot fail.
        Array((try? JSONEncoder.stable.encode(String(decoding: text, as: UTF8.self))) ?? Data())
    }
}
