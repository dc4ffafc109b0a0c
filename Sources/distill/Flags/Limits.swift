import ArgumentParser

/// Throws a `ValidationError` if there is a problem with an option's value.
func require(_ problem: String?) throws {
    if let problem { throw ValidationError(problem) }
}
