import RecipeSchema
import Support
import Training
import Transformer

/// Training in part on text that the student generates.
struct OnPolicySettings: Sendable, RecipeSection {
    enum Adaptation: String, CaseIterable { case constant, adaptive }

    let prompts: [Reference]
    /// Fraction of the steps on the student's own text.
    let fraction: Double
    /// Whether the fraction rises when the held-out loss does.
    let isAdaptive: Bool
    /// Answers kept to be trained on again.
    let replay: Int
    let sampling: SamplingOptions
    /// The teacher's weight in the distribution that tokens are drawn from.
    let teacherFraction: Double

    init(_ section: Section) {
        prompts = section.value(
            "prompts", .oneOrMore(.reference(to: .corpus)), "The prompts that the student answers.")
        let schedule: Adaptation = section.value(
            "schedule", .choice, default: .constant,
            "adaptive: the fraction rises by 0.1 each time the held-out loss is worse than before (needs validate)."
        )
        isAdaptive = schedule == .adaptive
        fraction = section.value(
            "fraction", .number(.fraction), default: isAdaptive ? 0 : 0.5, defaultText: "0.5; adaptive 0",
            "Fraction of the steps on the student's own text; the others are on the corpus.")
        replay = section.value(
            "replay", .integer(0...100_000), default: 0,
            "Size of the replay buffer, in answers; it is used more often later in training. 0 generates new "
                + "answers for every step.")
        let maxNewTokens = section.value(
            "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens), default: 64,
            "Maximum length of an answer, in tokens.")
        var sampling: SamplingOptions = section.section(
            "sampling", .sampling, "How the student's tokens are drawn.")
        sampling.maxNewTokens = maxNewTokens
        self.sampling = sampling
        teacherFraction = section.value(
            "teacher_fraction", .number(.fraction), default: 0,
            "λ: tokens are drawn from λp + (1−λ)q, p the teacher's distribution and q the student's (MiniLLM: 0.2)."
        )
    }

    /// - Parameter recordsLogProbabilities: whether a loss needs the log-probabilities that the tokens were drawn with
    func options(recordsLogProbabilities: Bool) -> OnPolicySource.Options {
        OnPolicySource.Options(
            fraction: fraction, isAdaptive: isAdaptive, replay: replay,
            sampling: sampling, teacherFraction: Float(teacherFraction),
            recordsLogProbabilities: recordsLogProbabilities)
    }
}
