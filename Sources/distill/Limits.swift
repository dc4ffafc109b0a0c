import ArgumentParser

/// Refuses a flag whose value is out of its limits.
func require(_ problem: String?) throws {
    if let problem { throw ValidationError(problem) }
}
