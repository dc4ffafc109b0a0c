import Corpora
import Foundation
import Hub
import Support
import Tokenization

extension Plan {
    /// Expands variants and seeds and gives every stage its cache key. Reads the files the recipe names, writes nothing.
    ///
    /// - Throws: `UserError` if one of these files cannot be read.
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
            for key in Set(run.stages) { sharing[key, default: []].append(index) }
        }
        stages = planner.instances.map { instance in
            var instance = instance
            instance.scope = Self.scope(ofStageIn: sharing[instance.cacheKey] ?? [], among: runs)
            return instance
        }
        indices = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.cacheKey, $0) })
        report = file.recipe.stages.compactMap(\.reportOptions).last
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
        var keys: [Fingerprint] = []
        var links: [Fingerprint: [String]] = [:]
        /// The cache key of each stage with outputs, by its index in the recipe.
        var made: [Int: Fingerprint] = [:]
        let seeds = RunSeeds(recipe: recipe.seed, study: seed)
        for (index, placed) in recipe.placedStages.enumerated() {
            for (stage, canonical) in placed.stage.planned(placed.canonical) {
                let instance = try instance(
                    stage, canonical, chats: placed.chats, seed: stage.effectiveSeed(seeds), made: made)
                made[index] = instance.cacheKey
                keys.append(instance.cacheKey)
                links[instance.cacheKey] = stage.outputs.map(\.link)
                if known.insert(instance.cacheKey).inserted { instances.append(instance) }
            }
        }
        return PlannedRun(variant: variant, seed: seed, stages: keys, links: links, recipe: recipe)
    }

    private mutating func instance(
        _ stage: any Stage, _ canonical: CanonicalValue, chats: ChatSettings, seed: UInt64,
        made: [Int: Fingerprint]
    ) throws -> StageInstance {
        var inputs: [Reference.Target: StageInstance.Input] = [:]
        var digests: [Reference.Target: String] = [:]
        for reference in canonical.inputs {
            let input = input(reference, made)
            inputs[reference.target] = input
            switch input {
            case .output(let index, let key): digests[reference.target] = "\(key.hexadecimal) \(index)"
            case .file(let url): digests[reference.target] = try content(of: url)
            }
        }
        for reference in stage.observed { inputs[reference.target] = input(reference, made) }
        let text = canonical.serialized { digests[$0.target]! }
        let key = Fingerprint(
            hashing: "swift-distill stage \(stage.version)", type(of: stage).name, text, "\(seed)")
        return StageInstance(
            cacheKey: key, stage: stage, chats: chats, seed: seed, inputs: inputs,
            canonical: canonical.serialized(\.name))
    }

    private func input(_ reference: Reference, _ made: [Int: Fingerprint]) -> StageInstance.Input {
        switch reference.target {
        case .file(let path): return .file(URL(filePath: path, relativeTo: directory))
        case .output(let index, let stage):
            guard let key = made[stage] else {
                preconditionFailure("\(reference.name) refers to a later stage")
            }
            return .output(index, of: key)
        case .endpoint(let name):
            preconditionFailure("the endpoint \(name) is no input")
        }
    }

    /// The digest of a file, or of a directory's files with their names; hidden files do not count.
    private mutating func content(of url: URL) throws -> String {
        let given = url.absoluteString
        if let known = contents[given] { return known }
        var parts: [String] = []
        let named = url
        // A run directory shows its artifacts as links.
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
                if !isFolder, ModelLocator.isPart(name, ofModelAt: url) {
                    parts += [name, try Fingerprint(fileAt: file).hexadecimal]
                }
            }
        } else {
            // The parts of a GGUF file are found by its name, which a link of a cache has and its blob has not.
            let folder = named.deletingLastPathComponent()
            parts = try GGUFPartName.parts(of: named.lastPathComponent).map {
                try Fingerprint(fileAt: folder.appending(path: $0)).hexadecimal
            }
        }
        let digest = Fingerprint(hashing: parts.map { Data($0.utf8) }).hexadecimal
        contents[given] = digest
        return digest
    }
}
