import Corpora
import Foundation
import Support
import Tokenization

extension Plan {
    /// Raised when the same settings no longer give the same result. Version 3 trains whole steps until the tokens asked for
    /// are reached, and a step's documents do not depend on `accumulate`.
    static func formatVersion(of stage: Stage) -> Int {
        guard case .train(let train) = stage else { return 2 }
        if case .steps = train.duration, train.batch.accumulate == 1 { return 2 }
        return 3
    }

    /// Expands variants and seeds and addresses every stage. Reads the files the recipe names, writes nothing.
    public init(_ file: RecipeFile) throws {
        var planner = Planner(directory: file.directory)
        var runs: [PlannedRun] = []
        let variants: [(name: String?, recipe: Recipe)] =
            file.variants.isEmpty ? [(nil, file.recipe)] : file.variants.map { ($0.name, $0.recipe) }
        for variant in variants {
            let seeds: [UInt64?] = variant.recipe.seeds.isEmpty ? [nil] : variant.recipe.seeds.map { $0 }
            for seed in seeds {
                runs.append(try planner.run(variant.recipe, variant: variant.name, seed: seed))
            }
        }
        self.file = file
        self.runs = runs
        var sharing: [Fingerprint: [Int]] = [:]
        for (index, run) in runs.enumerated() {
            for address in Set(run.stages) { sharing[address, default: []].append(index) }
        }
        stages = planner.instances.map { instance in
            var instance = instance
            instance.scope = Self.scope(ofStageIn: sharing[instance.address] ?? [], among: runs)
            return instance
        }
        indices = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.address, $0) })
        report =
            file.recipe.stages.compactMap { if case .report(let report) = $0 { report } else { nil } }.last
    }
}

extension Plan {
    /// The run or variant a stage belongs to; `nil` if every run shares it.
    ///
    /// - Parameter sharing: Indices of the runs that have the stage.
    private static func scope(ofStageIn sharing: [Int], among runs: [PlannedRun]) -> String? {
        if sharing.count == runs.count { return nil }
        if sharing.count == 1 { return runs[sharing[0]].folder }
        let variants = Set(sharing.map { runs[$0].variant })
        return variants.count == 1 ? runs[sharing[0]].variant : nil
    }
}

/// Turns stages of recipes into instances and keeps those that differ.
private struct Planner {
    let directory: URL
    private(set) var instances: [StageInstance] = []
    private var known: Set<Fingerprint> = []
    private var contents: [String: String] = [:]

    init(directory: URL) { self.directory = directory }

    mutating func run(_ recipe: Recipe, variant: String?, seed: UInt64?) throws -> PlannedRun {
        var addresses: [Fingerprint] = []
        var names: [Fingerprint: OutputNames] = [:]
        /// The address of each stage that makes something, by its index in the recipe.
        var made: [Int: Fingerprint] = [:]
        for (index, placed) in recipe.placedStages.enumerated() {
            for (stage, setting) in parts(of: placed) {
                let seed = effectiveSeed(of: stage, recipe: recipe, run: seed)
                let instance = try instance(stage, setting, template: placed.template, seed: seed, made: made)
                made[index] = instance.address
                addresses.append(instance.address)
                names[instance.address] = OutputNames(stage)
                if known.insert(instance.address).inserted { instances.append(instance) }
            }
        }
        return PlannedRun(variant: variant, seed: seed, stages: addresses, names: names, recipe: recipe)
    }

    /// An evaluation is split by model, so that a model shared by many runs is measured once; a report is
    /// written after all runs.
    private func parts(of placed: PlacedStage) -> [(Stage, CanonicalValue)] {
        switch placed.stage {
        case .report: return []
        case .evaluate(var evaluate):
            guard case .map(var settings) = placed.setting else { return [] }
            return evaluate.models.map { model in
                evaluate.models = [model]
                settings["models"] = .list([model.setting])
                return (.evaluate(evaluate), .map(settings))
            }
        default: return [(placed.stage, placed.setting)]
        }
    }

    /// `seeds` of a study repeat training; the data it trains on stays the same.
    private func effectiveSeed(of stage: Stage, recipe: Recipe, run: UInt64?) -> UInt64 {
        switch stage {
        case .tokenizer: recipe.seed
        case .generate(let stage): stage.seed ?? recipe.seed
        case .select(let stage): stage.seed ?? run ?? recipe.seed
        case .learn(let stage): stage.seed ?? run ?? recipe.seed
        case .label(let stage): stage.seed ?? recipe.seed
        case .train(let stage): (stage.seed ?? run ?? recipe.seed) &+ UInt64(stage.seedOffset)
        case .cut, .convert, .evaluate, .report: 0
        }
    }

    private mutating func instance(
        _ stage: Stage, _ setting: CanonicalValue, template: ChatTemplate?, seed: UInt64,
        made: [Int: Fingerprint]
    ) throws -> StageInstance {
        var inputs: [Reference.Target: StageInstance.Input] = [:]
        var digests: [Reference.Target: String] = [:]
        for reference in setting.references {
            switch reference.target {
            case .stage(let index), .second(let index):
                guard let address = made[index] else {
                    preconditionFailure("\(reference.name) refers to a later stage")
                }
                let isSecond = reference.target == .second(index)
                inputs[reference.target] = isSecond ? .second(address) : .stage(address)
                digests[reference.target] = address.hexadecimal + (isSecond ? " second" : "")
            case .file(let path):
                let url = URL(filePath: path, relativeTo: directory)
                inputs[reference.target] = .file(url)
                digests[reference.target] = try content(of: url)
            }
        }
        for reference in stage.observed where inputs[reference.target] == nil {
            switch reference.target {
            case .stage(let index): inputs[reference.target] = made[index].map { .stage($0) }
            case .second: preconditionFailure("what is measured along the way is text")
            case .file(let path):
                inputs[reference.target] = .file(URL(filePath: path, relativeTo: directory))
            }
        }
        let canonical = setting.canonical { digests[$0.target]! }
        let address = Fingerprint(
            hashing: "swift-distill stage \(Plan.formatVersion(of: stage))", stage.kind.rawValue, canonical,
            "\(seed)")
        return StageInstance(
            address: address, stage: stage, template: template, seed: seed, inputs: inputs,
            setting: setting.canonical(\.name))
    }

    /// The digest of a file, or of a directory's files with their names; hidden files do not count.
    private mutating func content(of url: URL) throws -> String {
        let given = url.absoluteString
        if let known = contents[given] { return known }
        var parts: [String] = []
        // A run directory shows its artefacts as links.
        let url = url.resolvingSymlinksInPath()
        let isDirectory = (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
        if !FileManager.default.fileExists(atPath: url.path), CorpusFiles.isPattern(url.relativePath) {
            for file in try CorpusFiles(at: url).files {
                parts += [file.lastPathComponent, try Fingerprint(fileAt: file).hexadecimal]
            }
        } else if isDirectory {
            let names = try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
            for name in names where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
                let file = url.appending(path: name)
                let isFolder = try file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory ?? false
                if !isFolder { parts += [name, try Fingerprint(fileAt: file).hexadecimal] }
            }
        } else {
            parts = [try Fingerprint(fileAt: url).hexadecimal]
        }
        let digest = Fingerprint(hashing: parts.map { Data($0.utf8) }).hexadecimal
        contents[given] = digest
        return digest
    }
}
