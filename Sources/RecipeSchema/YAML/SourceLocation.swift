import Support

/// Where a value was written: a line and column of a recipe file, or an override on the command line.
///
/// Tests that also import swift-testing write `RecipeSchema.SourceLocation`.
public struct SourceLocation: Hashable, Sendable {
    /// The file as the user named it, or the override, such as `--set seed=1`.
    public let origin: String
    /// One-based line and column; `nil` for an override.
    public let line: Int?
    /// One-based; `nil` for an override.
    public let column: Int?

    /// A location in a file, or an override where line and column are left out.
    public init(origin: String, line: Int? = nil, column: Int? = nil) {
        self.origin = origin
        self.line = line
        self.column = column
    }

    /// An error at this location.
    package func error(_ problem: String, hint: String? = nil, status: ExitStatus = .configuration)
        -> UserError
    {
        UserError(problem, file: origin, line: line, column: column, hint: hint, status: status)
    }
}
