import ArgumentParser
import Corpora
import Evaluation
import RecipeSchema
import Testing
import Transformer

@testable import Recipes
@testable import distill

/// Faults found, line 25: a default is stated once, and is the same in a command and in the stage of its name.
@Suite struct DefaultsTests {
    private func expect(
        _ kind: any Stage.Type, _ defaults: [String: Any], in section: String? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        var keys = kind.declarations
        if let section { keys = try #require(keys.first { $0.key == section }).nested }
        for (key, value) in defaults {
            let declaration = try #require(keys.first { $0.key == key }, "\(key)")
            let text = try #require(declaration.defaultText)
            let isSame = Double(text).map { "\($0)" } == Double("\(value)").map { "\($0)" }
            #expect(
                Double(text) == nil ? text == "\"\(value)\"" : isSame, "\(key): \(text) and \(value)",
                sourceLocation: sourceLocation)
        }
    }

    @Test func generate() throws {
        let command = try GenerateCommand.parse(["model", "--prompts", "p.jsonl", "--output", "o.jsonl"])
        try expect(
            GenerateStage.self,
            [
                "max_new_tokens": command.sampling.maxNewTokens, "samples": command.samples,
                "answer": command.answer.rawValue,
            ])
        let sampling = command.sampling
        try expect(
            GenerateStage.self,
            [
                "temperature": sampling.temperature, "top_p": sampling.topP, "min_p": sampling.minP,
                "repetition_penalty": sampling.repetitionPenalty,
            ], in: "sampling")
        // "all" in recipes.
        #expect(sampling.topK == 0)
        #expect(command.sampling.options == SamplingOptions())
    }

    @Test func label() throws {
        let command = try LabelCommand.parse(["model", "--corpus", "c.jsonl", "--output", "o"])
        try expect(
            LabelStage.self,
            [
                "context": command.corpus.context,
                "loss_on": (command.corpus.scope ?? TargetScope.standard).rawValue,
            ])
        try expect(
            LabelStage.self,
            [
                "kind": command.kind.rawValue, "k": command.k, "head": command.head, "draws": command.draws,
                "temperature": command.temperature,
            ], in: "signal")
    }

    @Test func evaluate() throws {
        let command = try PerplexityCommand.parse(["model", "--data", "t.jsonl"])
        // Both follow a model that reads less.
        #expect(command.corpus.givenContext == nil)
        let context = try #require(EvaluateStage.declarations.first { $0.key == "context" })
        #expect(context.defaultText?.hasPrefix("\(command.corpus.context), or the model's") == true)
        let task = try TaskCommand.parse(["model", "--data", "t.jsonl"])
        #expect(task.maximumTokens == TaskAccuracy.standardMaximumTokens)
        // Recipes have no key for it.
        #expect(Evaluator(context: 256).scope == Evaluator.standardScope)
    }

    @Test func prune() throws {
        let command = try PruneCommand.parse(["model", "out", "--layers", "1", "--corpus", "t.jsonl"])
        try expect(PruneStage.self, ["precision": command.type.rawValue])
    }

    @Test func convert() throws {
        let command = try ConvertCommand.parse(["model", "model.gguf"])
        try expect(ConvertStage.self, ["type": command.type.rawValue])
    }

    @Test func seeds() throws {
        let recipe = KeyReference.top()
        let standard = try #require(recipe.first { $0.key == "seed" }?.defaultText)
        let generate = try GenerateCommand.parse(["model", "--prompts", "p.jsonl", "--output", "o.jsonl"])
        let label = try LabelCommand.parse(["model", "--corpus", "c.jsonl", "--output", "o"])
        #expect("\(generate.seed)" == standard && "\(label.seed)" == standard)
    }

    /// Talking has defaults of its own, stated beside the others.
    @Test func chat() throws {
        #expect(try ChatCommand.parse(["model"]).sampling.options == .chat)
    }
}
