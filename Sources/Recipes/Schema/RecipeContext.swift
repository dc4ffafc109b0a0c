import Foundation
import Hub
import RecipeSchema
import Tokenization

// The schema's types, as recipes use them.
package typealias Section = RecipeSchema.Section<RecipeContext>
package typealias KeyType<Value> = RecipeSchema.KeyType<Value, RecipeContext>
package typealias CanonicalValue = RecipeSchema.CanonicalValue<Reference>

/// A mapping of a recipe.
package protocol RecipeSection: SchemaSection where Context == RecipeContext {}

/// What the sections of one recipe share while they are read.
package final class RecipeContext: SchemaContext {
    package typealias Input = Reference

    package let problems = Problems()
    /// The directory that relative paths start from.
    let directory: URL
    /// Whether files must exist; documentation and some tests read recipes without them.
    let checksFiles: Bool
    /// What those files hold.
    let files: InputFiles
    /// Finds models by path or name.
    let locator: ModelLocator
    /// Models that the cache lacks and the hub may have: each is a problem, too.
    private(set) var missing: [HubReference] = []
    /// Models behind an API, by name.
    var endpoints: [String: EndpointSettings] = [:]
    /// The recipe's teacher where it is one of them.
    var teacherEndpoint: Reference?
    /// The keys of the top level that stages take as defaults, read before the stages are. A teacher here has weights.
    var teacher: Reference?
    var tokenizer: Reference?
    var student: ModelSettings?
    var chats = ChatSettings()
    /// The outputs of the stages read so far.
    private(set) var artifacts: [Artifact] = []
    private var artifactsByName: [String: Artifact] = [:]
    private var artifactsByTarget: [Reference.Target: Artifact] = [:]
    private var stageCount = 0

    package convenience init() { self.init(directory: URL(filePath: ".")) }

    init(
        directory: URL, checksFiles: Bool = false, files: InputFiles = InputFiles(),
        locator: ModelLocator = ModelLocator()
    ) {
        self.directory = directory
        self.locator = locator
        self.checksFiles = checksFiles
        self.files = files
    }

    /// The settings of a model behind an API; nil for other models.
    func endpoint(of model: Reference?) -> EndpointSettings? {
        guard case .endpoint(let name)? = model?.target else { return nil }
        return endpoints[name]
    }

    /// The index of the stage about to be read.
    func nextStage() -> Int {
        defer { stageCount += 1 }
        return stageCount
    }

    /// Makes an output of a stage known to the stages after it.
    func add(_ artifact: Artifact, at location: SourceLocation) {
        if endpoints[artifact.name] != nil {
            problems.add(
                "an endpoint is named \"\(artifact.name)\" too", at: location, hint: "choose another name")
        }
        if artifactsByName[artifact.name] != nil {
            problems.add(
                "an earlier stage already makes \"\(artifact.name)\"", at: location,
                hint: "choose another name")
        } else {
            artifactsByName[artifact.name] = artifact
        }
        artifactsByTarget[artifact.target] = artifact
        artifacts.append(artifact)
    }

    /// Records a model that the cache lacks.
    func addMissing(_ model: HubReference) { missing.append(model) }

    /// The normal form of a reference: a file or an output is an input, an endpoint what decides its answers.
    func canonical(of reference: Reference) -> CanonicalValue {
        guard case .endpoint(let name) = reference.target else { return .input(reference) }
        return endpoints[name]?.canonical ?? .null
    }

    func artifact(named name: String) -> Artifact? { artifactsByName[name] }

    /// The output that a reference names.
    func artifact(at target: Reference.Target) -> Artifact? { artifactsByTarget[target] }
}

extension RecipeContext {
    /// The names of keys and stages until version 0.4, and what they are now.
    package static var formerNames: FormerNames {
        [
            "cut": ["prune"], "learn": ["distill_dataset"],
            "share": ["fraction"], "teacher_share": ["teacher_fraction"], "learned": ["synthetic"],
            "small": ["small_model"], "figures": ["metrics"],
        ]
    }
}
