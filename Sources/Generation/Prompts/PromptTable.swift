import Corpora
import Support
import Tokenization

/// Prompts from the rows of a table: each fills the slots of a template.
public struct PromptTable: Sendable {
    private let template: PromptTemplate
    private let system: PromptTemplate?

    /// - Parameters:
    ///   - template: of the user's turn; its slots are columns
    ///   - system: of a system turn
    public init(template: PromptTemplate, system: PromptTemplate? = nil) {
        self.template = template
        self.system = system
    }

    /// The prompts, one for each row.
    ///
    /// - Throws: `UserError` with file and line for a row without one of the columns
    public func prompts(_ table: TableRows) throws -> [PromptRecord] {
        let columns = template.slots + (system?.slots ?? [])
        return try table.rows.map { row in
            for column in columns where row.values[column] == nil {
                throw UserError(
                    "has no column \"\(column)\", which the template names", file: table.file, line: row.line,
                    hint: "columns are \(row.values.keys.sorted().joined(separator: ", "))")
            }
            let text = template.filled(row.values)
            var messages = [Message(role: .user, content: text)]
            if let system {
                messages.insert(Message(role: .system, content: system.filled(row.values)), at: 0)
            }
            return PromptRecord(
                messages, kind: "table", origin: "\(table.file):\(row.line)",
                details: [
                    OrderedJSON.Member("file", .string(table.file)),
                    OrderedJSON.Member("line", .integer(row.line)),
                ])
        }
    }
}
