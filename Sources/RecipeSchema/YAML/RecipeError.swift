import Support

/// Everything that is wrong with a recipe, found before any work.
public struct RecipeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The problems, sorted by location; never empty.
    public let problems: [UserError]

    /// Drops repeated problems (variants of a study share most of their text) and sorts the rest by location.
    package init(_ problems: [UserError]) {
        precondition(!problems.isEmpty, "a recipe error names at least one problem")
        var known: Set<UserError> = []
        let unique = problems.filter { known.insert($0).inserted }
        self.problems = unique.sorted { Self.order($0) < Self.order($1) }
    }

    private static func order(_ error: UserError) -> (Int, Int, String) {
        (error.line ?? 0, error.column ?? 0, error.problem)
    }

    /// The exit code: that of the problems if they agree, else `configuration`.
    public var status: ExitStatus {
        problems.allSatisfy { $0.status == problems[0].status } ? problems[0].status : .configuration
    }

    /// One line a problem, then their number.
    public var description: String {
        let lines = problems.map(\.description).joined(separator: "\n")
        return problems.count == 1 ? lines : "\(lines)\n\(problems.count) problems"
    }
}
