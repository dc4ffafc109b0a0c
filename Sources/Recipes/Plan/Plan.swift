import Foundation
import Support
import Tokenization

/// A stage with everything that decides its result, under an address that names it.
public struct StageInstance: Sendable {
    /// The digest of the stage's kind, settings, inputs and seed: the same address, the same result.
    public let address: Fingerprint
    public let stage: Stage
    /// How chats are written; nil leaves that to the models.
    public let template: ChatTemplate?
    /// The seed of the stage's random streams; 0 where nothing is random.
    public let seed: UInt64
    /// What each reference of the stage stands for.
    let inputs: [Reference.Target: Input]
    /// The stage's normal form, for its record.
    let setting: String

    enum Input: Hashable, Sendable {
        case file(URL)
        case stage(Fingerprint)
        /// The second model of a stage that trains two.
        case second(Fingerprint)
    }

    /// The stage's directory below the run directory's `stages`.
    public var directoryName: String { "\(stage.kind.rawValue)-\(address.hexadecimal.prefix(12))" }

    /// The variant or run the stage belongs to, where not every run shares it.
    var scope: String?

    /// For progress and tables: the kind and what it makes or measures, and for which run.
    public var label: String { scope.map { "\(shortLabel) (\($0))" } ?? shortLabel }

    private var shortLabel: String {
        if case .evaluate(let evaluate) = stage, let model = evaluate.models.first {
            return "evaluate \(model.name)"
        }
        guard let artefact = stage.artefact, artefact.name != stage.kind.rawValue else {
            return stage.kind.rawValue
        }
        return "\(stage.kind.rawValue) \(artefact.name)"
    }
}

/// One pass through the recipe: a variant with a seed, or the recipe itself.
public struct PlannedRun: Sendable {
    public let variant: String?
    /// The seed among `seeds`; `nil` where the recipe has none.
    public let seed: UInt64?
    /// Addresses of its stages, in order.
    public let stages: [Fingerprint]
    /// Under which names the run's folder shows what each of them makes.
    let names: [Fingerprint: OutputNames]
    let recipe: Recipe

    /// The folder with its artefacts below the run directory: nothing for a recipe that is no study.
    public var folder: String? {
        let parts = [variant, seed.map { "seed-\($0)" }].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "-")
    }
}

/// What a run's folder calls what a stage makes.
struct OutputNames: Sendable {
    var output: String
    var second: String?

    init(_ stage: Stage) {
        output = stage.linkName
        second = stage.secondArtefact?.name
    }
}

extension Plan {
    /// The name of the last model trained, below the run directory; nil for a study, which has many.
    public var finalModel: String? {
        guard runs.count == 1, runs[0].folder == nil else { return nil }
        return runs[0].stages.map(instance).last { $0.stage.kind == .train }.map(\.stage.linkName)
    }
}

/// What running a recipe means: runs whose equal stages are shared.
public struct Plan: Sendable {
    public let file: RecipeFile
    public let runs: [PlannedRun]
    /// Every stage once, each after the stages it reads from.
    public let stages: [StageInstance]
    /// Written at the end if the recipe has a report stage.
    public let report: ReportStage?

    public var name: String { file.recipe.name }

    /// The place in `stages` of each address.
    let indices: [Fingerprint: Int]

    func instance(_ address: Fingerprint) -> StageInstance {
        guard let index = indices[address] else {
            preconditionFailure("the plan has no stage \(address)")
        }
        return stages[index]
    }
}
