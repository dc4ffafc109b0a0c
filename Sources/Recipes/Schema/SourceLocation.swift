import Support

/// Where a value was written: a place in a recipe file, or an override on the command line.
public struct SourceLocation: Hashable, Sendable {
    /// The file as the user named it, or the override, such as `--set seed=1`.
    public let origin: String
    /// One-based line and column; `nil` for an override.
    public let line: Int?
    public let column: Int?

    public init(origin: String, line: Int? = nil, column: Int? = nil) {
        self.origin = origin
        self.line = line
        self.column = column
    }

    func error(_ problem: String, hint: String? = nil, status: ExitStatus = .configuration) -> UserError {
        UserError(problem, file: origin, line: line, column: column, hint: hint, status: status)
    }
}
