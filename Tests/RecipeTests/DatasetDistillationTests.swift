import Testing

@testable import Recipes

/// What recipes may say of a part of a corpus, and of sequences that stand for one.
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

    private let learn = "  - learn: {corpus: data/text.jsonl, share: 0.1}\n"

    @Test func learnedSequencesAreEnough() throws {
        let text = recipe(
            learn
                + "  - train: {model: {from: teacher}, learned: sequences, losses: [{kind: forward_kl}], tokens: 9}"
        )
        #expect(try workspace.problems(text) == [])
    }

    /// Their text is a corpus as any other.
    @Test func textOfLearnedSequences() throws {
        let text = recipe(
            learn + "  - label: {corpus: learned, to: signals}\n"
                + "  - train: {corpus: learned, signals: signals, losses: [{kind: forward_kl}], tokens: 9}")
        #expect(try workspace.problems(text) == [])
    }

    @Test(arguments: [
        (
            "learned: sequences, losses: [{kind: forward_kl}]",
            "6:22: a new model does not know the embeddings that were learned; begin from the model they were learned for, "
                + "or train on their text"
        ),
        (
            "model: {from: teacher}, learned: sequences, corpus: learned, losses: [{kind: forward_kl}]",
            "6:65: learned sequences bring their own distributions, and corpus is given too; keep one of the two"
        ),
        (
            "model: {from: teacher}, learned: sequences, losses: [{kind: uld}]",
            "6:73: uld cannot be computed from top_k signals: it needs the probability of every token; "
                + "learned sequences have the likeliest tokens, as kind top_k"
        ),
        (
            "model: {from: teacher}, learned: learned, losses: [{kind: forward_kl}]",
            "6:46: \"learned\" is a corpus; a set of learned sequences is needed here"
        ),
    ])
    func mistakes(keys: String, problem: String) throws {
        let problems = try workspace.problems(recipe(learn + "  - train: {\(keys), tokens: 9}"))
        #expect(problems == [problem])
    }

    /// A selection is labelled where all that it is chosen from is.
    @Test func signalsOfASelection() throws {
        func problems(labelled: String) throws -> [String] {
            try workspace.problems(
                recipe(
                    "  - label: {corpus: \(labelled), to: signals}\n"
                        + "  - select: {corpus: data/text.jsonl, method: coverage, share: 0.5}\n"
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
        ("method: difference", "5:13: there is no small model to compare with; give the key small"),
        (
            "method: coverage, target: data/text.jsonl",
            "5:69: key \"target\" means something only with method: gradient"
        ),
        (
            "method: random, tokenizer: teacher",
            "5:67: key \"tokenizer\" means something only with method: coverage"
        ),
    ])
    func selectionAsksForWhatItNeeds(keys: String, problem: String) throws {
        let text = recipe("  - select: {corpus: data/text.jsonl, share: 0.5, \(keys)}")
        let problems = try workspace.problems(text)
        #expect(problems == [problem])
    }
}
