import Support

/// What a bug report needs: facts about the machine, and the results of self-tests.
public struct Diagnosis: Encodable, Sendable {
    /// A name and a value.
    public struct Fact: Sendable {
        /// As a JSON key.
        public let name: String
        /// Human-readable.
        public let value: String

        /// A fact about the machine.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Facts about the machine, in order.
    public let facts: [Fact]
    /// Results of the checks.
    public let selfTest: [SelfTest.Outcome]

    /// Runs the checks, one after another.
    public init(facts: [Fact], checks: [SelfTest] = SelfTest.all) {
        self.facts = facts
        selfTest = checks.map { $0.run() }
    }

    /// The exit status to fail with; nil when every check passed.
    public var failure: ExitStatus? { selfTest.allSatisfy { $0.problem == nil } ? nil : .internalError }

    private enum CodingKeys: String, CodingKey { case facts, selfTest }

    /// Encodes facts as an object, and the results of the checks.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let values = facts.map { ($0.name, $0.value) }
        try container.encode(Dictionary(values) { first, _ in first }, forKey: .facts)
        try container.encode(selfTest, forKey: .selfTest)
    }
}
