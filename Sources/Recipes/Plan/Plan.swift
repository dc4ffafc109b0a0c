import Foundation
import Support

/// One pass through the recipe: a variant with a seed, or the recipe itself.
public struct PlannedRun: Sendable {
    /// The name of the variant; `nil` where the recipe has none.
    public let variant: String?
    /// The seed among `seeds`; `nil` where the recipe has none.
    public let seed: UInt64?
    /// Cache keys of its stages, in order.
    public let stages: [Fingerprint]
    /// The names that the run's folder shows the outputs of each stage under.
    let links: [Fingerprint: [String]]
    let recipe: Recipe

    /// The folder with its artifacts below the run directory: nothing for a recipe that is no study.
    public var folder: String? {
        let parts = [variant, seed.map { "seed-\($0)" }].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "-")
    }
}

extension Plan {
    /// The name of the last model trained, below the run directory; nil for a study, which has many.
    public var finalModel: String? {
        guard runs.count == 1, runs[0].folder == nil else { return nil }
        return runs[0].stages.map { instance($0).stage }.last { type(of: $0).trainsModel }?.outputs[0].link
    }
}

/// What running a recipe means: runs whose equal stages are shared.
public struct Plan: Sendable {
    /// The recipe that is planned.
    public let file: RecipeFile
    /// One pass for each variant and seed.
    public let runs: [PlannedRun]
    /// Every stage once, each after the stages it reads from.
    public let stages: [StageInstance]
    /// What the report shows, if the recipe has a report stage.
    package let report: ReportOptions?

    /// The recipe's name.
    public var name: String { file.recipe.name }

    /// The index in `stages` of each cache key.
    let indices: [Fingerprint: Int]

    func instance(_ key: Fingerprint) -> StageInstance {
        guard let index = indices[key] else {
            preconditionFailure("the plan has no stage \(key)")
        }
        return stages[index]
    }
}
