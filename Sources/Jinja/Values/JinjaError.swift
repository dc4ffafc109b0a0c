/// Why a template cannot be read or rendered.
public struct JinjaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: Hashable, Sendable {
        /// The template is not valid, or uses what transformers does not allow or this interpreter does not know.
        case syntax
        /// Something was done with a value that is not defined.
        case undefined
        /// The template called `raise_exception`; `message` is its text.
        case raised
        /// Python would raise: a `TypeError`, a `ValueError` and the like.
        case runtime
        /// The template uses more than `RenderLimits` allow.
        case limit
    }

    /// What went wrong.
    public var kind: Kind
    /// Line of the template, from 1, where it is known.
    public var line: Int?
    /// One sentence without a full stop. For `raised` the template's own words.
    public var message: String

    /// An error, with its line where it is known.
    public init(_ kind: Kind, _ message: String, line: Int? = nil) {
        self.kind = kind
        self.message = message
        self.line = line
    }

    static func runtime(_ message: String) -> JinjaError { JinjaError(.runtime, message) }

    /// The error with the line of what was evaluated, unless it has one.
    func at(_ line: Int) -> JinjaError {
        guard self.line == nil else { return self }
        var error = self
        error.line = line
        return error
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}
