import RecipeSchema
import Training

extension TrainStage {
    /// Losses on activations need the teacher, or signals with its hidden states.
    func checkFeatures(_ section: Section) {
        if let feature = features.first, teachers.isEmpty, signals.isEmpty,
            section.sound("teacher", "signals", "features")
        {
            section.context.problems.add(
                "\(feature.kind.name) needs the teacher's activations", at: feature.location,
                hint: "give teacher, or signals that were labelled with hidden")
        }
        if !signals.isEmpty, let feature = features.first(where: \.kind.comparesTokens),
            section.sound("signals")
        {
            let others = FeatureKind.all.filter { !$0.comparesTokens }.map(\.name)
            section.context.problems.add(
                "\(feature.kind.name) compares queries, keys and values, which signals do not have",
                at: feature.location,
                hint: "use \(others.joined(separator: ", ")), or give teacher instead of signals")
        }
    }

    /// Losses on the tokens that the student draws.
    func checkDrawnTokens(_ section: Section) {
        guard let loss = losses.first(where: \.kind.needsDrawnTokens) else {
            if let settings = onPolicy, settings.teacherFraction > 0, teachers.count > 1 {
                section.problem(
                    at: "on_policy", "tokens are drawn with one teacher at most",
                    hint: "take teacher_fraction away")
            }
            return
        }
        func problem(_ text: String, _ hint: String) {
            section.context.problems.add("\(loss.kind.name) " + text, at: loss.location, hint: hint)
        }
        guard let settings = onPolicy else {
            return problem(
                "is computed on text that the student generates", "give on_policy, or use reverse_kl")
        }
        if teachers.count > 1 {
            problem(
                "rewards by the likelihood of one teacher",
                "name one teacher, or use reverse_kl with on_policy")
        }
        if !settings.sampling.isPlain {
            problem(
                "weighs tokens by their probability, which sampling changes",
                "leave sampling out: temperature 1 and no filters")
        }
    }
}
