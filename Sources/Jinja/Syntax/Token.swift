/// A piece of a template.
struct Token: Sendable {
    enum Kind: Hashable, Sendable {
        /// Text between tags.
        case data
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name, string, integer, float, symbol
        case end
    }

    var kind: Kind
    /// The text, name or symbol.
    var text: String
    /// The value of a string or number.
    var value: JinjaValue?
    var line: Int

    /// What stands there, in a message.
    var description: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .string: "a string"
        case .end: "the end of the template"
        case .name, .integer, .float, .symbol: "'\(text.prefix(40))'"
        }
    }
}
