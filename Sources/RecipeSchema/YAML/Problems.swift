import Support

/// Collects the problems of a recipe, so that all are reported together.
package final class Problems {
    package init() {}

    package private(set) var found: [UserError] = []

    package func add(
        _ problem: String, at location: SourceLocation, hint: String? = nil,
        status: ExitStatus = .configuration
    ) {
        found.append(location.error(problem, hint: hint, status: status))
    }
}
