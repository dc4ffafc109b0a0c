import Foundation
import RecipeSchema
import Signals
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Recipes

/// Faults found, line 1: every numeric key of the schema is taken to both of its limits and run, and just beyond them it is
/// refused. A limit that is wider than what the code behind it can use ends the test's process.
@Suite struct NumericLimitTests {
    /// What is done at the upper limit.
    enum Upper {
        case run
        /// No machine can carry it out, or not in time: the plan is made, its cost estimated, and what training is asked for
        /// converted.
        case plan
    }

    /// For each numeric key, by its path in the schema, a recipe with `VALUE` in its place.
    static let keys: [String: (recipe: String, upper: Upper)] = {
        var keys: [String: (String, Upper)] = [:]
        func add(_ path: String, _ recipe: String, _ upper: Upper = .run) { keys[path] = (recipe, upper) }
        let generate = ["prompts": "prompts.jsonl", "limit": "1", "max_new_tokens": "2"]
        let label = ["corpus": "text.jsonl", "context": "32"]
        let select = ["corpus": "text.jsonl", "method": "random", "fraction": "0.5"]
        let distill = ["corpus": "text.jsonl", "fraction": "0.5", "steps": "1", "context": "32"]
        let train = [
            "corpus": "text.jsonl", "losses": "[{kind: cross_entropy}]", "steps": "2",
            "batch": "{sequences: 2, context: 32}",
        ]
        let evaluate = ["models": "[teacher]", "perplexity": "text.jsonl", "context": "32", "speed": "false"]
        func stage(_ kind: String, _ keys: [String: String], _ changes: [String: String?]) -> String {
            var keys = keys
            for (key, value) in changes { keys[key] = value }
            let text = keys.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
                separator: ", ")
            return "  - \(kind): {\(text)}\n"
        }
        func recipe(_ stages: String, student: String = shape, top: String = "") -> String {
            "name: limits\nteacher: model\nstudent: \(student)\n\(top)stages:\n\(stages)"
        }
        func trained(_ changes: [String: String?]) -> String { recipe(stage("train", train, changes)) }

        add("seed", recipe(stage("generate", generate, [:]), top: "seed: VALUE\n"))
        // Nothing listens there: the run ends with a message.
        let endpoint = ["url": "http://127.0.0.1:9/v1", "model": "m", "retry_delay": "0.001"]
        for (key, value) in [
            "concurrency": "VALUE", "timeout": "VALUE", "retries": "VALUE", "retry_delay": "VALUE",
            "patience": "VALUE", "max_failures_in_a_row": "VALUE", "max_requests": "VALUE",
            "max_tokens_spent": "VALUE", "max_cost": "VALUE", "prices.input": "{input: VALUE, output: 1}",
            "prices.output": "{input: 1, output: VALUE}",
        ] {
            var keys = endpoint
            if key == "max_cost" { keys["prices"] = "{input: 1, output: 1}" }
            keys[String(key.prefix { $0 != "." })] = value
            let text = keys.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
                separator: ", ")
            add(
                "endpoints.\(key)",
                recipe(
                    stage("generate", generate, ["model": "api"]), top: "endpoints: {api: {\(text)}}\n"),
                .plan)
        }
        add(
            "generate/top_logprobs",
            recipe(
                stage("generate", generate, ["model": "api", "top_logprobs": "VALUE"]),
                top: "endpoints: {api: {url: 'http://127.0.0.1:9/v1', model: m}}\n"),
            .plan)
        add("seeds", recipe(stage("train", train, [:]), top: "seeds: [1, VALUE]\n"))
        for (prefix, wrap): (String, (String) -> String) in [
            ("student.", { recipe(stage("train", train, [:]), student: $0) }),
            ("train/model.", { trained(["model": $0]) }),
            (
                "train/peer.model.",
                { trained(["peer": "{model: \($0)}", "losses": "[{kind: forward_kl}]"]) }
            ),
        ] {
            for key in [
                "layers", "width", "heads", "feed_forward", "key_value_heads", "head_dimension", "context",
            ] {
                var shape = [
                    "layers": "1", "width": "8", "heads": key == "key_value_heads" ? "1024" : "1",
                    "feed_forward": "8", "head_dimension": "4", "context": "64",
                ]
                shape[key] = "VALUE"
                let text = shape.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
                    separator: ", ")
                add(prefix + key, wrap("{\(text)}"), .plan)
            }
            add(
                prefix + "vocabulary.trim_to",
                wrap("{from: teacher, vocabulary: {trim_to: VALUE, corpus: text.jsonl}}"))
        }
        for key in ["layers", "width", "heads", "feed_forward"] {
            add("prune/\(key)", recipe(stage("prune", ["corpus": "text.jsonl"], [key: "VALUE"])))
        }
        add(
            "prune/vocabulary.trim_to",
            recipe(stage("prune", [:], ["vocabulary": "{trim_to: VALUE, corpus: text.jsonl}"])))
        add(
            "tokenizer/vocabulary",
            recipe(stage("tokenizer", ["corpus": "text.jsonl"], ["vocabulary": "VALUE"])))

        func prompts(_ source: String, _ more: [String: String?] = [:]) -> String {
            recipe(stage("prompts", [:], more)).replacing(
                "prompts: {", with: "prompts: {\(source)\(more.isEmpty ? "" : ", ")")
        }
        add("prompts/grid.count", prompts("grid: {templates: '{a}', slots: {a: [x, y]}, count: VALUE}"))
        for key in ["words", "per_passage", "limit"] {
            add(
                "prompts/questions.\(key)",
                prompts("questions: {documents: notes.md, \(key): VALUE}", ["max_new_tokens": "2"]))
        }
        for key in ["examples", "per_request", "requests", "rounds", "similarity", "count"] {
            let count = key == "count" ? "" : ", count: 1"
            add(
                "prompts/self_instruct.\(key)",
                prompts(
                    "self_instruct: {seeds: prompts.jsonl\(count), \(key): VALUE}", ["max_new_tokens": "2"]),
                .plan)
        }
        for key in ["count", "requests", "rounds", "min_words", "similarity"] {
            let count = key == "count" ? "" : "count: 1, "
            add(
                "prompts/magpie.\(key)",
                prompts("magpie: {\(count)\(key): VALUE}", ["max_new_tokens": "2"]), .plan)
        }
        add(
            "prompts/continue.limit",
            prompts("continue: {chats: chats.jsonl, limit: VALUE}", ["max_new_tokens": "2"]))
        let evolve = "evolve: {prompts: prompts.jsonl}"
        for key in ["limit", "rounds"] {
            add(
                "prompts/evolve.\(key)",
                prompts("evolve: {prompts: prompts.jsonl, \(key): VALUE}", ["max_new_tokens": "2"]), .plan)
        }
        for key in ["max_new_tokens", "seed"] { add("prompts/\(key)", prompts(evolve, [key: "VALUE"])) }
        for key in ["temperature", "top_p", "top_k", "min_p", "repetition_penalty"] {
            add(
                "prompts/sampling.\(key)",
                prompts(evolve, ["max_new_tokens": "2", "sampling": "{\(key): VALUE}"]))
        }
        for (key, filter) in [
            "min": "length", "max": "length", "min_fraction": "script, scripts: latin",
            "min_letters": "language, like: text.jsonl, unlike: prompts.jsonl",
            "margin": "language, like: text.jsonl, unlike: prompts.jsonl",
            "max_duplicate_lines": "repetition",
            "top_ngram": "repetition", "max_top_ngram": "repetition", "duplicate_ngram": "repetition",
            "max_duplicate_ngrams": "repetition", "max_repeats": "repetition",
            "max_compression": "repetition",
            "min_words": "repetition", "within": "refusal", "threshold": "near_duplicates",
            "ngram": "near_duplicates", "permutations": "near_duplicates",
            "shortest": "contamination, against: prompts.jsonl",
            "common": "contamination, against: prompts.jsonl",
            "min_perplexity": "perplexity, model: teacher", "max_perplexity": "perplexity, model: teacher",
            "min_percentile": "perplexity, model: teacher", "max_percentile": "perplexity, model: teacher",
            "min_ratio": "perplexity_ratio, model: teacher", "max_ratio": "perplexity_ratio, model: teacher",
            "min_tokens": "perplexity, model: teacher, max_perplexity: 9",
            "layer": "similarity, model: teacher", "context": "similarity, model: teacher",
        ] {
            add(
                "filter/filters.\(key)",
                recipe("  - filter: {corpus: text.jsonl, filters: [{kind: \(filter), \(key): VALUE}]}\n"))
        }

        for key in ["at_least", "seed"] {
            add("judge/\(key)", recipe("  - judge: {corpus: text.jsonl, majority: {}, \(key): VALUE}\n"))
        }
        for method in ["score", "pairwise"] {
            for key in ["temperature", "max_new_tokens"] {
                let length = key == "max_new_tokens" ? "" : ", max_new_tokens: 2"
                add(
                    "judge/\(method).\(key)",
                    recipe(
                        "  - judge: {corpus: text.jsonl, group_by: text, keep: all, \(method): {\(key): VALUE\(length)}}\n"
                    ))
            }
        }
        func weakLabels(_ function: String, _ more: String = "") -> String {
            let others = "{name: b, filter: refusal, label: x}, {name: c, filter: length, otherwise: y}"
            return recipe(
                "  - weak_labels: {corpus: text.jsonl, labels: [x, y], functions: [\(function), \(others)]\(more)}\n"
            )
        }
        for key in ["at_least", "at_most"] {
            add("weak_labels/functions.\(key)", weakLabels("{name: a, score: n, label: x, \(key): VALUE}"))
        }
        let vote = "{name: a, vote: v}"
        add("weak_labels/keep.probability", weakLabels(vote, ", keep: {probability: VALUE}"))
        add("weak_labels/class_balance", weakLabels(vote, ", class_balance: [0.5, VALUE]"))
        for key in ["validation", "test", "seed"] {
            add("split/\(key)", recipe("  - split: {corpus: text.jsonl, \(key): VALUE}\n"))
        }
        for key in ["limit", "max_new_tokens", "seed", "token_budget"] {
            add("generate/\(key)", recipe(stage("generate", generate, [key: "VALUE"])))
        }
        add(
            "generate/samples",
            recipe(stage("generate", generate, ["samples": "VALUE", "token_budget": "1"])))
        for key in ["temperature", "top_p", "top_k", "min_p", "repetition_penalty"] {
            add(
                "generate/sampling.\(key)",
                recipe(stage("generate", generate, ["sampling": "{\(key): VALUE}"])))
            add(
                "train/on_policy.sampling.\(key)",
                trained([
                    "teacher": "teacher", "losses": "[{kind: reverse_kl}]",
                    "on_policy":
                        "{prompts: prompts.jsonl, max_new_tokens: 2, fraction: 1, sampling: {\(key): VALUE}}",
                ]))
        }
        for key in ["fraction", "replay", "max_new_tokens", "teacher_fraction"] {
            let length = key == "max_new_tokens" ? "" : ", max_new_tokens: 2"
            add(
                "train/on_policy.\(key)",
                trained([
                    "teacher": "teacher", "losses": "[{kind: reverse_kl}]",
                    "on_policy": "{prompts: prompts.jsonl, \(key): VALUE\(length)}",
                ]))
        }
        for key in ["fraction", "context", "seed"] {
            add("select/\(key)", recipe(stage("select", select, [key: "VALUE"])))
        }
        for key in ["fraction", "context", "seed", "learning_rate"] {
            add("distill_dataset/\(key)", recipe(stage("distill_dataset", distill, [key: "VALUE"])))
        }
        add("distill_dataset/steps", recipe(stage("distill_dataset", distill, ["steps": "VALUE"])), .plan)
        for key in ["context", "seed"] { add("label/\(key)", recipe(stage("label", label, [key: "VALUE"]))) }
        add("label/hidden", recipe(stage("label", label, ["hidden": "[VALUE]"])))
        add("label/signal.k", recipe(stage("label", label, ["signal": "{kind: top_k, k: VALUE}"])))
        for key in ["head", "draws", "temperature"] {
            add("label/signal.\(key)", recipe(stage("label", label, ["signal": "{\(key): VALUE}"])))
        }

        for key in ["tokens", "steps", "epochs"] {
            var duration: [String: String?] = ["steps": nil]
            duration[key] = "VALUE"
            add("train/\(key)", trained(duration), .plan)
        }
        for key in ["seed", "seed_offset", "clip", "ema", "checkpoint_every"] {
            add("train/\(key)", trained([key: "VALUE"]))
        }
        add("train/batch.sequences", trained(["batch": "{sequences: VALUE, context: 32}"]))
        add(
            "train/batch.context",
            recipe(
                stage("train", train, ["batch": "{sequences: 2, context: VALUE}"]),
                student: shape.replacing("context: 64", with: "context: 1_048_576")), .plan)
        add(
            "train/batch.accumulate",
            trained(["batch": "{sequences: 1_048_576, accumulate: VALUE, context: 32}"]), .plan)
        add("train/corpus.weight", trained(["corpus": "[{source: text.jsonl, weight: VALUE}]"]))
        add("train/corpus.limit", trained(["corpus": "[{source: text.jsonl, limit: VALUE}]"]))
        add("train/validate.every", trained(["validate": "{on: text.jsonl, every: VALUE}"]))
        add("train/validate.limit", trained(["validate": "{on: text.jsonl, limit: VALUE}"]))
        add("train/gradient_angle.every", trained(["gradient_angle": "{every: VALUE}"]))
        add(
            "train/teacher.weight",
            trained([
                "teacher": "[{model: teacher, weight: VALUE}, model]", "losses": "[{kind: forward_kl}]",
            ]))
        add("train/exits.layers", trained(["exits": "{layers: [VALUE]}", "model": "{from: teacher}"]))
        for key in ["alpha", "temperature", "weight"] {
            add(
                "train/exits.\(key)",
                trained(["exits": "{layers: [1], \(key): VALUE}", "model": "{from: teacher}"]))
        }
        func feature(_ kind: String, _ keys: String) -> [String: String?] {
            ["teacher": "teacher", "model": "{from: teacher}", "features": "[{kind: \(kind), \(keys)}]"]
        }
        add("train/features.weight", trained(feature("hidden_mse", "weight: VALUE")))
        add("train/features.layers", trained(feature("hidden_mse", "layers: [VALUE]")))
        add("train/features.relation_heads", trained(feature("minilm", "relation_heads: VALUE")))

        for (prefix, wrap): (String, (String) -> [String: String?]) in [
            ("train/", { ["losses": "[\($0)]"] }), ("train/peer.", { ["peer": "{losses: [\($0)]}"] }),
        ] {
            func loss(_ key: String, _ text: String) {
                let needsPrompts = text.contains("policy_gradient")
                var changes = wrap("{\(text)}")
                if prefix == "train/" { changes["teacher"] = "teacher" }
                if needsPrompts {
                    changes["on_policy"] = "{prompts: prompts.jsonl, max_new_tokens: 2, fraction: 1}"
                }
                changes["validate"] = "{on: text.jsonl, every: 1}"
                add("\(prefix)losses.\(key)", trained(changes))
            }
            loss("weight", "kind: forward_kl, weight: VALUE")
            loss("temperature", "kind: forward_kl, temperature: VALUE")
            loss("alpha", "kind: skew_forward_kl, alpha: VALUE")
            loss("beta", "kind: jsd, beta: VALUE")
            loss("clip", "kind: policy_gradient, clip: VALUE")
            for number in ["weight", "temperature"] {
                loss("\(number).from", "kind: forward_kl, \(number): {from: VALUE, to: 1}")
                loss("\(number).to", "kind: forward_kl, \(number): {from: 1, to: VALUE}")
                loss("\(number).begin", "kind: forward_kl, \(number): {from: 1, to: 2, begin: VALUE}")
                loss("\(number).end", "kind: forward_kl, \(number): {from: 1, to: 2, end: VALUE}")
                loss(
                    "\(number).goal",
                    "kind: forward_kl, \(number): {from: 1, to: 2, by: held_out_loss, goal: VALUE}")
            }
        }
        for (prefix, wrap): (String, (String) -> [String: String?]) in [
            ("train/", { ["optimizer": $0] }),
            ("train/peer.", { ["peer": "{optimizer: \($0)}", "losses": "[{kind: forward_kl}]"] }),
        ] {
            for key in [
                "learning_rate", "weight_decay", "beta1", "beta2", "epsilon", "embedding_learning_rate_scale",
            ] {
                add("\(prefix)optimizer.\(key)", trained(wrap("{\(key): VALUE}")))
            }
        }
        add("train/schedule.warmup", trained(["schedule": "{warmup: VALUE}"]))
        add("train/schedule.final", trained(["schedule": "{final: VALUE}"]))
        add("train/schedule.decay", trained(["schedule": "{kind: wsd, decay: VALUE}"]))

        for key in ["context", "limit"] {
            add("evaluate/\(key)", recipe(stage("evaluate", evaluate, [key: "VALUE"])))
        }
        add(
            "evaluate/stride",
            recipe(stage("evaluate", evaluate, ["stride": "VALUE", "context": "64"])))
        add(
            "evaluate/models.exit",
            recipe(stage("evaluate", evaluate, ["models": "[{model: teacher, exit: VALUE}]"])))
        return keys
    }()

    private static let shape =
        "{layers: 1, width: 8, heads: 1, feed_forward: 8, head_dimension: 4, context: 64}"

    private static var declared: [String: KeyLimits] {
        func walk(_ keys: [KeyDeclaration], _ prefix: String) -> [(String, KeyLimits)] {
            keys.flatMap { key in
                (key.limits.map { [(prefix + key.key, $0)] } ?? []) + walk(key.nested, prefix + key.key + ".")
            }
        }
        let all =
            walk(KeyReference.top().filter { $0.key != "stages" }, "")
            + StageRegistry.standard.kinds.flatMap { walk($0.declarations, "\($0.name)/") }
        return Dictionary(all, uniquingKeysWith: { first, _ in first })
    }

    @Test func noNumericKeyIsLeftOut() {
        let (declared, tested) = (Set(Self.declared.keys), Set(Self.keys.keys))
        #expect(declared.subtracting(tested).sorted() == [])
        #expect(tested.subtracting(declared).sorted() == [])
    }

    /// The values at the two limits, and those just beyond.
    private static func values(_ limits: KeyLimits) -> (low: String, high: String, beyond: [String]) {
        switch limits {
        case .integer(let range):
            let beyond = range.upperBound == .max ? "9223372036854775808" : "\(range.upperBound + 1)"
            return ("\(range.lowerBound)", "\(range.upperBound)", ["\(range.lowerBound - 1)", beyond])
        case .number(let limits):
            let low = limits.orZero ? 0 : limits.includesLeast ? limits.least : 1e-30
            let high = limits.includesMost ? limits.most : limits.most * 0.999_999_9
            let below =
                limits.orZero ? limits.least / 2 : limits.includesLeast ? limits.least - 1e-3 : limits.least
            let above = limits.includesMost ? limits.most * 1.01 : limits.most
            return (
                "\(low)", "\(high)",
                ["\(below)", "\(above)", "1e-46", "0.99999999999", "1e39"].filter {
                    !limits.contains(Double($0)!)
                }
            )
        }
    }

    /// A model whose vocabulary has the markers of chats, and text to train on, made once.
    private static let data: URL = {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "limits-\(UUID().uuidString)", directoryHint: .isDirectory)
        try! FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let tokenizer = try! Tokenizer(contentsOf: golden("tokenization/unigram.model"))
        try! TinyModel.save(to: directory.appending(path: "model"), context: 64, tokenizer: tokenizer)
        let text = ["the lamp in the hall", "where does the river go", "a stone under the bridge"]
        try! Data(text.map { "{\"text\": \"\($0)\"}\n" }.joined().utf8).write(
            to: directory.appending(path: "text.jsonl"))
        try! Data("where does the river go\n".utf8).write(to: directory.appending(path: "notes.md"))
        try! Data("{\"prompt\": \"where\", \"completion\": \"in the hall\"}\n".utf8).write(
            to: directory.appending(path: "chats.jsonl"))
        try! Data("{\"prompt\": \"where\"}\n{\"prompt\": \"why\"}\n".utf8).write(
            to: directory.appending(path: "prompts.jsonl"))
        return directory
    }()

    private func file(_ key: String, _ value: String) throws -> RecipeFile {
        let text = Self.keys[key]!.recipe.replacing("VALUE", with: value)
        var reader = YAMLReader(origin: "recipe")
        return try RecipeFile(
            tree: reader.read(text).value, path: "recipe.yaml", overrides: [], directory: Self.data,
            checksFiles: true)
    }

    /// Carries a recipe out; a mistake must be one that a user can read.
    private func run(_ key: String, _ value: String, _ upper: Upper) throws {
        do {
            let plan = try Plan(file(key, value))
            let estimates = CostModel(gigaflops: 100).estimates(of: plan)
            #expect(estimates.allSatisfy { $0.seconds >= 0 && $0.memoryBytes >= 0 && $0.diskBytes >= 0 })
            for train in plan.stages.compactMap({ $0.stage as? TrainStage }) {
                let options = train.trainingOptions(
                    corpusTokens: 20,
                    stepsReaching: Packer(lengths: [20], budget: 20, seed: 1).batches, signalTemperature: nil,
                    seed: 1)
                #expect(options.steps >= 1)
                #expect(options.schedule.factor(step: 0, total: options.steps).isFinite)
            }
            guard upper == .run else { return }
            try withTemporaryDirectory { directory in
                let runner = RecipeRunner(
                    toolVersion: "test", runs: directory, progress: { _ in }
                )
                _ = try runner.run(plan)
            }
        } catch let error as RecipeError {
            // Another key may not go with the value; the value itself is accepted.
            #expect(!error.description.contains("out of range"), "\(key): \(value): \(error)")
        } catch let error as UserError {
            #expect(error.status != .internalError, "\(key): \(value): \(error)")
        } catch {
            Issue.record("\(key): \(value): \(error)")
        }
    }

    @Test(arguments: keys.keys.sorted()) func bothLimitsRun(key: String) throws {
        let (low, high, beyond) = Self.values(try #require(Self.declared[key]))
        try run(key, low, .run)
        try run(key, high, Self.keys[key]!.upper)
        for value in beyond {
            #expect(throws: RecipeError.self, "\(key): \(value)") { _ = try file(key, value) }
        }
    }

    /// Seconds between two saves are a number too.
    @Test(arguments: ["0s", "1e300s", "-1s", "1e10s", "nans"]) func unusableIntervalsAreRefused(value: String)
    {
        #expect(throws: RecipeError.self) { _ = try file("train/checkpoint_every", value) }
    }
}
