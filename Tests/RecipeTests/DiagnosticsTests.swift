import Foundation
@testable import RecipeSchema
import Support
import Testing

@testable import Recipes
@testable import Reports

@Suite struct DiagnosticsTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    @Test func fiveMistakesAreReportedTogether() throws {
        let text = """
            name: sample
            teacher: data/teacher
            student: {layers: 2, widht: 16, width: 18, heads: 4, feed_forward: 32}
            stages:
              - generate: {prompts: data/promts.jsonl, samples: many, to: corpus}
              - train:
                  corpus: corpsu
                  losses: [{kind: cross_entropy}]
                  tokens: 100

            """
        #expect(
            try workspace.problems(text) == [
                "3:22: unknown key \"widht\"; did you mean \"width\"?",
                "3:51: width 18 is not divisible by 4 heads; 3 heads would do, or give head_dimension",
                "5:25: no such file: data/promts.jsonl; did you mean \"prompts.jsonl\"?",
                "5:53: found \"many\"; expected: integer, 1 to 10000",
                "7:15: no earlier stage makes \"corpsu\", and no file has that name; did you mean \"corpus\"?",
            ])
    }

    /// A change of the sample recipe and the one problem it makes.
    struct Mistake: CustomTestStringConvertible {
        var replacing: String
        var with: String
        var problem: String
        var testDescription: String { with }

        init(_ replacing: String, _ with: String, _ problem: String) {
            (self.replacing, self.with, self.problem) = (replacing, with, problem)
        }
    }

    /// Of the sample recipe's student.
    private static let shape = "{layers: 2, width: 16, heads: 2, feed_forward: 32}"

    static let mistakes = [
        // Faults found, line 7: a context that a model does not have.
        Mistake(
            "perplexity: data/text.jsonl", "context: 4096, perplexity: data/text.jsonl",
            "15:53: a context of 4096 tokens exceeds that of teacher, 2048; give a context of at most 2048"),
        // Faults found, line 13: every answer twice.
        Mistake(
            "{prompts: data/prompts.jsonl, to: corpus}",
            "{prompts: data/prompts.jsonl, samples: 2, sampling: {temperature: 0}, to: corpus}",
            "6:54: 2 answers without randomness are one answer 2 times; set samples to 1, or the temperature above 0"
        ),
        Mistake(
            "signals: signals\n      losses:\n        - {kind: cross_entropy, weight: 0.3}",
            "teacher: teacher\n      losses:\n        - {kind: policy_gradient}",
            "12:18: policy_gradient is computed on text that the student generates; give on_policy, or use reverse_kl"
        ),
        Mistake(
            "signals: signals\n      losses:\n        - {kind: cross_entropy, weight: 0.3}",
            "teacher: teacher\n      on_policy: {prompts: data/prompts.jsonl, sampling: {top_p: 0.9}}\n      losses:\n"
                + "        - {kind: policy_gradient}",
            "13:18: policy_gradient weighs tokens by their probability, which sampling changes; leave sampling out: "
                + "temperature 1 and no filters"),
        Mistake(
            "report: {}", "report: {metrics: {bytes: signal.bytes_per_position}}",
            "16:31: no earlier stage makes \"signal\"; did you mean \"signals\"?"),
        Mistake(
            "report: {}", "report: {metrics: {bytes: signals.bytes_per_postion}}",
            "16:31: a stage label has no metric \"bytes_per_postion\"; did you mean \"bytes_per_position\"?"),
        Mistake(
            "report: {}", "report: {metrics: {bytes: signals}}",
            "16:31: found \"signals\"; expected: STAGE.METRIC, such as student.tokens_per_second"),
        Mistake(
            "weight: 0.7}", "weight: 0.7, renormalize: true}",
            "13:18: forward_kl with renormalize is computed from top_k signals: weights of samples sum to 1 already; use "
                + "forward_kl, signals of kind top_k, or teacher instead of signals"),
        Mistake("seed: 17", "sed: 17", "2:1: unknown key \"sed\"; did you mean \"seed\"?"),
        Mistake(
            "name: sample\n", "name: sample\nteacher: data/teacher\n",
            "4:1: key \"teacher\" is given twice; the first is on line 2; keep one of the two"),
        Mistake("seed: 17", "seed: -1", "2:7: -1 is out of range; expected: integer, 0 or more"),
        Mistake("seed: 17", "seed: [1]", "2:7: found a list; expected: integer, 0 or more"),
        Mistake("seed: 17", "seed: \"17\"", "2:7: found \"17\"; expected: integer, 0 or more"),
        Mistake("seed: 17", "seed: 1.5", "2:7: found \"1.5\"; expected: integer, 0 or more"),
        Mistake(
            "seed: 17", "seed: 99999999999999999999",
            "2:7: 99999999999999999999 is too large a number; expected: integer, 0 or more"),
        Mistake(
            "name: sample\n", "",
            "1:1: key \"name\" is missing; expected: a name of lower-case letters, digits, - and _"),
        Mistake(
            "name: sample", "name: a/b",
            "1:7: \"a/b\" cannot be a name; expected: a name of lower-case letters, digits, - and _"),
        Mistake(
            "student], perplexity", "student], to: stages, perplexity",
            "15:48: the name \"stages\" is reserved; choose another"),
        Mistake(
            "to: corpus", "to: corpus, seed: 1e400", "6:63: found \"1e400\"; expected: integer, 0 or more"),
        Mistake(
            "teacher: data/teacher", "teacher: data/teachr",
            "3:10: data/teachr: no such file or directory, and not in the cache of the Hugging Face hub; "
                + "did you mean \"teacher\"? to download it: distill pull data/teachr"),
        Mistake(
            "student: {layers: 2", "student: {layers: 2, key_value_heads: 3",
            "4:39: 2 heads are not divisible by 3 key_value_heads; accepted: 1, 2"),
        Mistake(
            "width: 16", "width: 6",
            "4:39: the head dimension 3 is odd; rotary positions turn pairs of components: choose an even one"
        ),
        Mistake(
            "width: 16", "width: 16, context: 100",
            "9:7: the batch's context 256 exceeds the model's 100; shorten the one or raise the other"),
        Mistake(
            shape, "{from: data/teacher, key_value_heads: 1}",
            "4:31: key \"key_value_heads\" means something only without from"),
        Mistake(
            "student: {layers: 2", "student: {vocabulary: {trim_to: 50}, layers: 2",
            "4:11: key \"vocabulary\" means something only with from"),
        Mistake(
            shape, "{from: data/teacher, layers: 1}",
            "4:10: importance is measured on text, which is not given; give corpus"),
        Mistake(
            shape, "{from: data/teacher, reconstruct: true, corpus: data/text.jsonl}",
            "4:44: there is nothing to reconstruct: the layers are kept whole; give layers, width, heads or feed_forward"
        ),
        Mistake(
            shape, "{from: data/teacher, layers: [1], reconstruct: true}",
            "4:10: projections are fitted on text, which is not given; give corpus"),
        Mistake(
            shape, "{from: data/teacher, layers: 3, corpus: data/text.jsonl}",
            "4:39: layers 3 does not fit a model with 2; accepted: 1 to 2"),
        Mistake(
            shape, "{from: data/teacher, layers: [2, 1]}",
            "4:39: the layers do not rise; name each once, in order"),
        Mistake(
            shape, "{from: data/teacher, layers: [1, 3]}",
            "4:39: layers 3 does not fit a model with 2; accepted: 1 to 2"),
        Mistake(
            shape, "{from: data/teacher, heads: none, corpus: data/text.jsonl}",
            "4:38: found \"none\"; expected: integer, 1 to 1024"),
        Mistake(
            shape, "{from: data/teacher, vocabulary: {trim_to: 50}}",
            "4:43: the pieces kept are those of a text, which is not given; give corpus there"),
        Mistake(
            shape, "{from: data/teacher, vocabulary: {trim_to: 100, corpus: data/text.jsonl}}",
            "4:43: 100 pieces are no fewer than the model has, 100; keep fewer, or leave vocabulary out"),
        Mistake(
            shape, "{from: data/teacher, vocabulary: {trimto: 50, trim_to: 50, corpus: data/text.jsonl}}",
            "4:44: unknown key \"trimto\"; did you mean \"trim_to\"?"),
        Mistake(
            "      corpus: corpus\n",
            "      corpus: corpus\n      model: {from: data/teacher, layers: [2]}\n",
            "10:14: a model is not pruned where it is trained; prune it in student at the top, or in a stage prune before"
        ),
        Mistake(
            "  - label:", "  - prune: {precision: stored, heads: 1, corpus: corpus}\n  - label:",
            "7:24: rows of stored weights are kept as they are; use f32 or bf16 where width, heads or feed_forward are pruned, or with reconstruct"
        ),
        Mistake(
            "  - label:", "  - prune: {corpus: corpus}\n  - label:",
            "7:12: nothing is pruned; give layers, width, heads, feed_forward or vocabulary"),
        Mistake("- label:", "- lable:", "7:5: unknown stage \"lable\"; did you mean \"label\"?"),
        Mistake(
            "kind: sampled", "kind: sampeld",
            "7:44: found \"sampeld\"; did you mean \"sampled\"? accepted: top_k, sampled"),
        Mistake("head: 4", "k: 4", "7:53: key \"k\" means something only with kind: top_k"),
        Mistake(
            "signals: signals", "signals: corpus",
            "10:16: \"corpus\" is a corpus; a signal cache is needed here"),
        Mistake(
            "corpus: corpus\n", "corpus: signals\n",
            "9:15: \"signals\" is a signal cache; a corpus is needed here"),
        Mistake(
            "corpus: corpus\n", "corpus: [corpus, data/text.jsonl]\n",
            "9:24: \"signals\" has no signals for data/text.jsonl; label that corpus too"),
        Mistake(
            "{kind: forward_kl,", "{kind: reverse_kl,",
            "13:18: reverse_kl cannot be computed from sampled signals: their weights stand for the teacher's "
                + "probabilities only in forward_kl; use forward_kl, signals of kind top_k, or teacher instead of "
                + "signals"),
        Mistake(
            "{kind: forward_kl,", "{kind: forward_kl, standardize: true,",
            "13:18: forward_kl with standardize cannot be computed from sampled signals: they hold no logits; "
                + "use forward_kl, or teacher instead of signals"),
        Mistake(
            "{kind: forward_kl,", "{kind: forward_lk,",
            "13:18: found \"forward_lk\"; did you mean \"forward_kl\"? accepted: cross_entropy, forward_kl, "
                + "reverse_kl, jsd, total_variation, skew_forward_kl, skew_reverse_kl, alpha_beta, akl, uld, "
                + "logit_mse, weighted_reverse_kl, policy_gradient"),
        Mistake(
            "signals: signals\n", "signals: signals\n      system_turns: teacher\n",
            "11:21: the student cannot learn all tokens of a chat it sees only in part; set loss_on: assistant"
        ),
        Mistake(
            "signals: signals\n", "signals: signals\n      on_policy: {prompts: data/prompts.jsonl}\n",
            "11:18: no cache has signals for text that the student will generate; give teacher instead of signals"
        ),
        Mistake(
            "signals: signals\n", "signals: signals\n      features: [{kind: minilm}]\n",
            "11:25: minilm compares queries, keys and values, which signals do not have; use hidden_mse, hidden_cosine, "
                + "rkd_distance, rkd_angle, or give teacher instead of signals"),
        Mistake(
            "signals: signals\n", "signals: signals\n      features: [{kind: hidden_mse}]\n",
            "11:25: hidden_mse needs the teacher's hidden states, which \"signals\" does not have; label with hidden and "
                + "the layers' numbers, or give teacher instead of signals"),
        Mistake(
            "signal: {kind: sampled, head: 4, draws: 8}", "hidden: [1, 3]",
            "7:37: there is no layer 3: data/teacher has 2; layers count from 1"),
        Mistake(
            "signal: {kind: sampled, head: 4, draws: 8}}\n  - train:\n",
            "hidden: [1]}\n  - train:\n      features: [{kind: hidden_mse}]\n",
            "9:25: hidden_mse compares with the teacher's layer 2, which \"signals\" does not have; label with hidden: [1, 2], "
                + "or choose other layers"),
        Mistake(
            "weight: 0.7", "alpha: 0.5",
            "13:30: key \"alpha\" means something only with kind: skew_forward_kl, skew_reverse_kl, alpha_beta"
        ),
        Mistake(
            "weight: 0.7", "temperature: {from: 2, to: 1}",
            "13:43: the temperature changes, the signals' does not; "
                + "the temperature is fixed when signals are captured: change it in the label stage"),
        Mistake(
            "weight: 0.7", "weight: {from: 1, to: 0, by: held_out_loss, goal: 2}",
            "13:18: forward_kl follows the held-out loss, which is not measured; "
                + "give validate, with the text to measure on"),
        Mistake(
            "weight: 0.7", "weight: {from: 1, to: 0, begin: 0.5, end: 0.5}",
            "13:72: the end 0.5 does not come after the beginning 0.5"),
        Mistake(
            "weight: 0.7", "temperature: 2",
            "13:43: temperature 2.0 differs from the signals' 1.0; "
                + "the temperature is fixed when signals are captured: change it in the label stage"),
        Mistake(
            "      signals: signals\n", "",
            "12:18: forward_kl needs a teacher's distributions; give signals (a signal cache), teacher (a model) or peer "
                + "(a model trained in step)"
        ),
        Mistake(
            "signals: signals\n", "signals: signals\n      teacher: teacher\n",
            "11:16: both signals and teacher are given; keep one of the two"),
        Mistake(
            "tokens: 1_000_000", "steps: 5\n      epochs: 2",
            "15:15: steps and epochs are both given; give exactly one of tokens, steps, epochs"),
        Mistake(
            "      tokens: 1_000_000\n", "",
            "9:7: the length of training is missing; give exactly one of tokens, steps, epochs"),
        Mistake(
            "student], perplexity", "student], to: corpus, perplexity",
            "15:48: an earlier stage already makes \"corpus\"; choose another name"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      exits: {layers: [1, 2]}",
            "15:23: there is no exit after layer 2 of a model with 2; accepted: 1 to 1"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      exits: {layers: [2, 1]}",
            "15:23: the layers do not rise; name each once, in order"),
        Mistake(
            "corpus: corpus\n      signals: signals",
            "corpus: [{source: corpus, teacher: teacher}, data/text.jsonl]",
            "9:52: data/text.jsonl has no teacher; give it a teacher too, or the stage one for all others"),
        Mistake(
            "corpus: corpus\n", "corpus: {source: corpus, teacher: teacher}\n",
            "9:41: a corpus has a teacher, and signals is given too; keep one of the two"),
        Mistake(
            "corpus: corpus\n      signals: signals",
            "corpus: {source: corpus, teacher: teacher}\n      teacher: teacher\n      features: [{kind: hidden_mse}]",
            "11:25: hidden_mse compares with one teacher, and the corpora have several; leave features out, or give the "
                + "stage one teacher"),
        Mistake(
            "signals: signals\n",
            "teacher: teacher\n      features: [{kind: attention_transfer, layers: [1, 3]}]\n",
            "11:25: attention_transfer compares layer 3 of a student with 2; accepted: 1 to 2"),
        Mistake(
            "signals: signals\n", "teacher: teacher\n      features: [{kind: minilm, relation_heads: 3}]\n",
            "11:25: 3 relation heads do not divide the widths [16] of queries, keys and values; accepted: 1, 2, 4, 8, 16"
        ),
        Mistake(
            "signals: signals\n", "teacher: teacher\n      teacher_mix: {space: logits}\n",
            "11:20: there is only one teacher; give teacher a list"),
        Mistake(
            "signals: signals\n      losses:\n        - {kind: cross_entropy, weight: 0.3}",
            "peer: {}\n      losses:\n        - {kind: forward_kl, renormalize: true}",
            "12:18: forward_kl with renormalize is computed from top_k signals: a whole distribution sums to 1 already; "
                + "take renormalize away, or give signals instead of peer"),
        Mistake(
            "signals: signals\n",
            "peer: {losses: [{kind: policy_gradient}]}\n",
            "10:13: policy_gradient is computed on text that a model generates, and a peer generates none; use reverse_kl"
        ),
        Mistake(
            "tokens: 1_000_000", "epochs: 1e300",
            "14:15: 1e300 is out of range; expected: number, greater than 0, at most 1000000"),
        Mistake(
            "tokens: 1_000_000", "tokens: 9223372036854775807",
            "14:15: 9223372036854775807 is out of range; expected: integer, 1 to 1000000000000000"),
        Mistake(
            "weight: 0.7}", "weight: 0.7, temperature: 1e-60}",
            "13:56: 1e-60 is out of range; expected: number, 0.001 to 10000"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      quantize: q4_0",
            "15:17: rows of 16 weights are not divisible into blocks of 32; make width, heads · head_dimension and feed_forward "
                + "multiples of 32"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      precision: bf16\n      quantize: q8_0",
            "16:17: weights rounded to bf16 first are not those that q8_0 was trained with; use precision f32: the "
                + "stage convert makes the small file"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      quantize: q6_k",
            "15:17: found \"q6_k\"; accepted: q8_0, q5_0, q4_0"),
        Mistake(
            "tokens: 1_000_000", "tokens: 1_000_000\n      peer: {}",
            "15:13: the peer is the teacher, and another is given; keep one of peer, teacher and signals"),
        Mistake(
            "signals: signals\n", "model: {from: data/teacher}\n      peer: {model: {from: data/teacher}}\n",
            "11:21: two models that begin alike and learn alike stay alike; begin the peer from another model or "
                + "shape, or give it losses of its own"),
        Mistake(
            "signals: signals\n", "system_turns: teacher\n      loss_on: assistant\n      peer: {}\n",
            "12:13: the peer reads what the student reads; use teacher for context distillation"),
        Mistake(
            "signals: signals\n", "peer: {to: student}\n",
            "10:18: an earlier stage already makes \"student\"; choose another name"),
        Mistake(
            "models: [teacher, student]", "models: [{model: teacher, exit: 3}, {model: student, exit: 1}]",
            "15:48: there is no layer 3 in a model with 2; accepted: 1 to 2"),
        Mistake(
            "models: [teacher, student]", "models: []",
            "15:24: the list is empty; expected: a model: a path, a name on the Hugging Face hub, "
                + "or the name of a stage's output"),
        Mistake(
            "perplexity: data/text.jsonl", "perplexity: data/*.csv",
            "15:56: data/*.csv: no file matches; give .jsonl, .ndjson, .json or .txt, also as .gz"),
        Mistake(
            "perplexity: data/text.jsonl", "speed: false",
            "15:24: nothing is measured; give perplexity, agreement, tasks or speed"),
        Mistake(
            "perplexity: data/text.jsonl", "perplexity: data/text.jsonl, repetition: true",
            "15:85: there is no task whose answers are measured; give the key tasks"),
        Mistake(
            "  - report: {}", "  - report: {titel: x}",
            "16:14: unknown key \"titel\"; did you mean \"title\"?"),
        Mistake(
            "  - report: {}", "  - report",
            "16:5: found \"report\"; expected: a mapping of one stage, such as `- report: {}`"),
    ]

    @Test(arguments: mistakes) func eachMistakeIsNamedWithItsPlace(mistake: Mistake) throws {
        let text = sampleRecipe.replacing(mistake.replacing, with: mistake.with, maxReplacements: 1)
        #expect(text != sampleRecipe)
        let problems = try workspace.problems(text)
        #expect(problems == [mistake.problem])
    }

    @Test func exitsOfAModelThatAStageMakes() throws {
        let text = sampleRecipe.replacing(
            "  - evaluate:",
            with: "  - train: {model: {from: student}, corpus: corpus, losses: [{kind: cross_entropy}], "
                + "exits: {layers: [2]}, tokens: 10, to: shallow}\n  - evaluate:")
        let problems = try workspace.problems(text)
        #expect(problems.count == 1)
        #expect(problems[0].hasSuffix("there is no exit after layer 2 of a model with 2; accepted: 1 to 1"))
    }

    /// Of a shape with mistakes nothing is known, so that exits and features add none of their own.
    @Test func aWrongShapeIsOneMistake() throws {
        let text = sampleRecipe.replacing("layers: 2", with: "layers: many").replacing(
            "signals: signals\n",
            with: "teacher: teacher\n      exits: {layers: [3]}\n"
                + "      features: [{kind: minilm, layers: [3], relation_heads: 4}]\n")
        let problems = try workspace.problems(text)
        #expect(problems.count == 1 && problems[0].hasPrefix("4:19: found \"many\""), "\(problems)")
    }

    /// A second cache of the same corpus is another teacher's word on it; top-k signals have no mean.
    @Test func severalCaches() throws {
        func problems(_ second: String) throws -> [String] {
            try workspace.problems(
                sampleRecipe.replacing(
                    "  - train:", with: "  - label: {\(second), to: others}\n  - train:"
                ).replacing("signals: signals", with: "signals: [signals, others]"))
        }
        #expect(try problems("corpus: corpus") == [])
        #expect(
            try problems("corpus: corpus, signal: {kind: top_k}") == [
                "11:26: several caches have signals for corpus: top_k signals cannot be averaged; label with kind sampled, "
                    + "or name one cache"
            ])
        #expect(
            try problems("corpus: data/text.jsonl, signal: {temperature: 2}") == [
                "11:26: \"others\" was labelled at temperature 2.0, \"signals\" at 1.0; label with one temperature"
            ])
    }

    @Test func aReportComesLast() throws {
        let text = sampleRecipe + "  - evaluate: {models: [student], to: again}\n"
        #expect(try workspace.problems(text) == ["16:5: a report is the last stage; move it to the end"])
    }

    @Test func fileProblemsHaveTheirPlace() throws {
        func problem(_ data: Data) throws -> String {
            try data.write(to: workspace.url.appending(path: "recipe.yaml"))
            do {
                _ = try RecipeFile(contentsOf: "recipe.yaml", directory: workspace.url)
                return "none"
            } catch let error as RecipeError {
                return error.description
            }
        }
        #expect(try problem(Data()).contains("recipe.yaml:1:1: the recipe is empty"))
        #expect(try problem(Data("# nothing\n".utf8)).contains("the recipe is empty"))
        #expect(
            try problem(Data([0x6E, 0x0A, 0xFF, 0x0A])).hasPrefix("recipe.yaml:2:1: the text is not UTF-8"))
        #expect(
            try problem(Data("name: a\nstages:\n\t- report: {}\n".utf8)).contains("a tab indents this line"))
        #expect(try problem(Data("name: [a\nseed: 1\n".utf8)).hasPrefix("recipe.yaml:2:5: not valid YAML"))
        #expect(try problem(Data("name: a\u{0}\n".utf8)).hasPrefix("recipe.yaml:1:8: not valid YAML"))
        #expect(try problem(Data("- a\n".utf8)).hasPrefix("recipe.yaml:1:1: found a list where a mapping"))
        #expect(try problem(Data("{a: 1}\n---\n{b: 1}\n".utf8)).contains("another document"))
        #expect(try problem(Data(repeating: 32, count: YAMLReader.largestFile + 1)).contains("bytes"))
    }

    @Test func hostileDocumentsAreRefusedQuickly() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try workspace.problems(deep) == ["1:1: the document is too deeply nested; at most 64 levels"])
        let dashes = String(repeating: "- ", count: 100_000)
        #expect(
            try workspace.problems(dashes) == ["1:1: the document is too deeply nested; at most 64 levels"])
        // Ten aliases a level would write out a tree of ten billion values.
        let bomb = (1...10).reduce("a0: &a0 x\n") { text, level in
            text
                + "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n"
        }
        #expect(try workspace.problems(bomb) == ["4:1: too many aliases; a recipe has at most 24"])
        #expect(try workspace.problems("a: &a [*a]\n").first?.contains("undefined alias") == true)
    }

    @Test func aliasesWork() throws {
        let text = sampleRecipe.replacing(
            "prompts: data/prompts.jsonl", with: "prompts: &file data/prompts.jsonl"
        )
        .replacing("perplexity: data/text.jsonl", with: "perplexity: *file")
        #expect(try workspace.problems(text) == [])
    }

    @Test func aMissingRecipeSaysHowToBegin() {
        #expect {
            try RecipeFile(contentsOf: "none.yaml", directory: workspace.url)
        } throws: { error in
            (error as? RecipeError)?.status == .noInput && "\(error)".contains("distill init")
        }
    }

    @Test func variantsAreCheckedToo() throws {
        let text =
            sampleRecipe + """
                variants:
                  - name: one
                    set: {student.widht: 32}
                  - name: one
                    set: {stages.trian.tokens: 5}
                  - name: three
                    set: {student.heads: 3}
                seeds: [1, 1]
                verdict: {baseline: tow}

                """
        #expect(
            try workspace.problems(text) == [
                "19:11: unknown key \"widht\"; did you mean \"width\"?",
                "20:11: a variant before is named \"one\" too; choose another name",
                "21:11: the recipe has no stage \"trian\"; did you mean \"train\"?",
                "23:26: width 16 is not divisible by 3 heads; 2 heads would do, or give head_dimension",
                "24:8: the seed 1 is listed twice",
                "25:21: no variant is named \"tow\"; accepted: one, one, three",
            ])
    }

    @Test(arguments: [("widht", "width"), ("leyers", "layers"), ("heads", "head"), ("zzz", nil)])
    func nearestWord(word: String, expected: String?) {
        #expect(nearest(to: word, among: ["layers", "width", "head", "optimizer"]) == expected)
    }
}
