import Support
import Training
import Transformer

/// Training on the student's own text.
public struct OnPolicySettings: Sendable, RecipeSection {
    public enum Schedule: String, CaseIterable, Sendable { case constant, adaptive }

    public let prompts: [Reference]
    /// Share of the steps that are the student's own.
    public let share: Double
    /// Whether the share rises when the held-out loss does.
    public let isAdaptive: Bool
    /// Answers kept to be learnt from again.
    public let replay: Int
    public let maxNewTokens: Int
    public let sampling: SamplingSettings
    /// The teacher's part in drawing the student's tokens.
    public let teacherShare: Double

    init(_ section: Section) {
        prompts = section.value(
            "prompts", .oneOrMore(.reference(to: .corpus)), "What the student answers.")
        let schedule: Schedule = section.value(
            "schedule", .choice, default: .constant,
            "adaptive: the share rises by 0.1 each time the held-out loss is worse than before (needs validate)."
        )
        isAdaptive = schedule == .adaptive
        share = section.value(
            "share", .number(.fraction), default: isAdaptive ? 0 : 0.5, defaultText: "0.5; adaptive 0",
            "Share of the steps that are the student's own; the others are the corpus's.")
        replay = section.value(
            "replay", .integer(0...100_000), default: 0,
            "Answers kept to be drawn again, more often the later; 0 writes every step anew.")
        maxNewTokens = section.value(
            "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens), default: 64,
            "Longest answer, in tokens.")
        sampling = section.section("sampling", SamplingSettings.self, "How the student's tokens are drawn.")
        teacherShare = section.value(
            "teacher_share", .number(.fraction), default: 0,
            "λ: tokens are drawn from λp + (1−λ)q, p the teacher's distribution and q the student's (MiniLLM: 0.2)."
        )
    }

    /// - Parameter recordsLogProbabilities: whether a loss needs to know how the tokens were drawn
    func options(recordsLogProbabilities: Bool) -> OnPolicySource.Options {
        OnPolicySource.Options(
            fraction: share, isAdaptive: isAdaptive, replay: replay,
            sampling: sampling.options(maxNewTokens: maxNewTokens), teacherFraction: Float(teacherShare),
            recordsLogProbabilities: recordsLogProbabilities)
    }
}
