import Foundation
import RecipeSchema

@testable import Recipes

/// A temporary directory with the files recipes name, removed with the value.
final class Workspace {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(
            path: "recipes-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: url.appending(path: "data"), withIntermediateDirectories: true)
        try write("data/prompts.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n")
        try write(
            "data/questions.jsonl",
            #"{"messages": [{"role": "user", "content": "once"}], "answers": ["upon"]}"# + "\n")
        try write("data/text.jsonl", "{\"text\":\"once upon a time\"}\n")
        try FileManager.default.copyItem(at: TinyModel.shared.url, to: url.appending(path: "data/teacher"))
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: url.appending(path: path))
    }

    func read(_ path: String) throws -> String {
        try String(contentsOf: url.appending(path: path), encoding: .utf8)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appending(path: path).path)
    }

    /// Every file and directory, sorted.
    var contents: [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: url.path))?.sorted() ?? []
    }

    func recipe(_ text: String, named name: String = "recipe.yaml", set overrides: [String] = []) throws
        -> RecipeFile
    {
        try write(name, text)
        return try RecipeFile(contentsOf: name, overrides: overrides, directory: url)
    }

    func plan(_ text: String, named name: String = "recipe.yaml", set overrides: [String] = []) throws -> Plan
    {
        try Plan(try recipe(text, named: name, set: overrides))
    }

    /// The problems of a recipe, each as `line:column: message`.
    func problems(_ text: String, set overrides: [String] = []) throws -> [String] {
        do {
            _ = try recipe(text, set: overrides)
            return []
        } catch let error as RecipeError {
            return error.problems.map { $0.description.replacing("recipe.yaml:", with: "") }
        }
    }
}

/// A whole recipe on the files of a `Workspace`.
let sampleRecipe = """
    name: sample
    seed: 17
    teacher: data/teacher
    student: {layers: 2, width: 16, heads: 2, feed_forward: 32}
    stages:
      - generate: {prompts: data/prompts.jsonl, to: corpus}
      - label: {corpus: corpus, signal: {kind: sampled, head: 4, draws: 8}}
      - train:
          corpus: corpus
          signals: signals
          losses:
            - {kind: cross_entropy, weight: 0.3}
            - {kind: forward_kl, weight: 0.7}
          tokens: 1_000_000
      - evaluate: {models: [teacher, student], perplexity: data/text.jsonl}
      - report: {}

    """

extension Recipe {
    var train: TrainStage {
        guard let stage = stages.lazy.compactMap({ $0 as? TrainStage }).first else {
            preconditionFailure("the recipe trains nothing")
        }
        return stage
    }
}
