import Support

/// What a bug report needs to say about a machine, and whether the toolkit computes what it should there.
public struct Diagnosis: Encodable, Sendable {
    /// A fact's name, as keys of JSON are written, and its value.
    public struct Fact: Sendable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public let facts: [Fact]
    public let selfTest: [SelfTest.Outcome]

    /// Runs the checks, one after another.
    public init(facts: [Fact], checks: [SelfTest] = SelfTest.all) {
        self.facts = facts
        selfTest = checks.map { $0.run() }
    }

    /// nil when every check passed.
    public var failure: ExitStatus? { selfTest.allSatisfy { $0.problem == nil } ? nil : .internalError }

    private enum CodingKeys: String, CodingKey { case facts, selfTest }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let values = facts.map { ($0.name, $0.value) }
        try container.encode(Dictionary(values) { first, _ in first }, forKey: .facts)
        try container.encode(selfTest, forKey: .selfTest)
    }
}
