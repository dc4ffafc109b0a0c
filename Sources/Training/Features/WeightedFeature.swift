import Support

/// A feature loss with its parameters and its weight in the objective.
public struct WeightedFeature: Equatable, Sendable {
    /// The formula.
    public var kind: FeatureKind
    /// Its factor in the objective.
    public var weight: Float
    /// The student's layers that are compared, from 1; nil for the kind's default. Layer i is compared with the teacher's
    /// layer round(i · teacher's layers / student's layers), at least 1.
    public var layers: [Int]?
    /// The value of each of the kind's parameters.
    public let parameters: [String: Float]

    /// - Parameters:
    ///   - kind: the formula
    ///   - weight: its factor in the objective
    ///   - layers: the student's layers that are compared, from 1; nil for the kind's default
    ///   - given: those that differ from the kind's defaults
    public init(
        _ kind: FeatureKind, weight: Float = 1, layers: [Int]? = nil, parameters given: [String: Float] = [:]
    ) {
        self.kind = kind
        self.weight = weight
        self.layers = layers
        parameters = Dictionary(
            uniqueKeysWithValues: kind.parameters.map { ($0.name, given[$0.name] ?? $0.standard) })
    }

    /// Checks that a student has the layers that are compared.
    ///
    /// - Parameter count: number of the student's layers
    /// - Throws: `UserError` that names the missing layer
    public func checkLayers(of count: Int) throws(UserError) {
        guard let layer = layers?.first(where: { !(1...count).contains($0) }) else { return }
        throw UserError(
            "\(kind.name) compares layer \(layer) of a student with \(count)",
            hint: "accepted: 1 to \(count)", status: .configuration)
    }

    /// The teacher's layers that are compared, from 1.
    ///
    /// - Parameters:
    ///   - student: number of its layers
    ///   - teacher: number of its layers
    public func teacherLayers(student: Int, teacher: Int) -> [Int] {
        layerMap(student: student, teacher: teacher).map { $0.teacher + 1 }
    }

    /// Pairs of compared layers, from 0.
    func layerMap(student: Int, teacher: Int) -> [(student: Int, teacher: Int)] {
        let chosen = layers ?? (kind.usualLayers == .all ? Array(1...student) : [student])
        return chosen.map { layer in
            let mapped = (Double(layer) * Double(teacher) / Double(student)).rounded()
            return (layer - 1, max(1, Int(mapped)) - 1)
        }
    }
}
