import Testing

@testable import Recipes

/// What recipes may say of a part of a corpus, and of synthetic sequences that replace one.
@Suite struct DatasetDistillationTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func recipe(_ stages: String) -> String {
        """
        name: sample
        teacher: data/teacher
        student: {layers: 2, width: 16, heads: 2, feed_forward: 32}
        stages:
        \(stages)

        """
    }

    private let distill = "  - distill_dataset: {corpus: data/text.jsonl, fraction: 0.1}\n"

    @Test func syntheticSequencesAreEnough() throws {
        let text = recipe(
            distill
                + "  - train: {model: {from: teacher}, synthetic: sequences, losses: [{kind: forward_kl}], tokens: 9}"
        )
        #expect(try workspace.problems(text) == [])
    }

    /// Their text is a corpus as any other.
    @Test func textOfSyntheticSequences() throws {
        let text = recipe(
            distill + "  - label: {corpus: distilled, to: signals}\n"
                + "  - train: {corpus: distilled, signals: signals, losses: [{kind: forward_kl}], tokens: 9}")
        #expect(try workspace.problems(text) == [])
    }

    @Test(arguments: [
        (
            "synthetic: sequences, losses: [{kind: forward_kl}]",
            "6:24: the sequences are embeddings of another model than a new one; begin from the model they were learned for, "
                + "or train on their text"
        ),
        (
            "model: {from: teacher}, synthetic: sequences, corpus: distilled, losses: [{kind: forward_kl}]",
            "6:67: synthetic sequences contain their own distributions, and corpus is given too; keep one of the two"
        ),
        (
            "model: {from: teacher}, synthetic: sequences, losses: [{kind: uld}]",
            "6:75: uld cannot be computed from top_k signals: it needs the probability of every token; "
                + "synthetic sequences have the likeliest tokens, as kind top_k"
        ),
        (
            "model: {from: teacher}, synthetic: distilled, losses: [{kind: forward_kl}]",
            "6:48: \"distilled\" is a corpus; a set of synthetic sequences is needed here"
        ),
    ])
    func mistakes(keys: String, problem: String) throws {
        let problems = try workspace.problems(recipe(distill + "  - train: {\(keys), tokens: 9}"))
        #expect(problems == [problem])
    }

    /// A selection is labelled where all that it is chosen from is.
    @Test func signalsOfASelection() throws {
        func problems(labelled: String) throws -> [String] {
            try workspace.problems(
                recipe(
                    "  - label: {corpus: \(labelled), to: signals}\n"
                        + "  - select: {corpus: data/text.jsonl, method: coverage, fraction: 0.5}\n"
                        + "  - train: {corpus: selected, signals: signals, losses: [{kind: forward_kl}], tokens: 9}"
                ))
        }
        #expect(try problems(labelled: "data/text.jsonl") == [])
        #expect(
            try problems(labelled: "data/prompts.jsonl") == [
                "7:21: \"signals\" has no signals for selected; label that corpus too"
            ])
    }

    @Test(arguments: [
        ("method: gradient", "5:13: there is no text to compare with; give the key target"),
        ("method: difference", "5:13: there is no small model to compare with; give the key small_model"),
        ("method: margin", "5:13: there is no student to measure; give the key student"),
        (
            "method: random, student: teacher",
            "5:70: key \"student\" means something only with method: disagreement, entropy or margin"
        ),
        (
            "method: coverage, target: data/text.jsonl",
            "5:72: key \"target\" means something only with method: gradient"
        ),
        (
            "method: random, tokenizer: teacher",
            "5:70: key \"tokenizer\" means something only with method: coverage"
        ),
    ])
    func selectionAsksForWhatItNeeds(keys: String, problem: String) throws {
        let text = recipe("  - select: {corpus: data/text.jsonl, fraction: 0.5, \(keys)}")
        let problems = try workspace.problems(text)
        #expect(problems == [problem])
    }
}
