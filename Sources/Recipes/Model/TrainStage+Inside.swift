import Training

extension TrainStage {
    /// Losses on what lies inside the teacher, and where they find it.
    func checkFeatures(_ section: Section) {
        if let feature = features.first, teachers.isEmpty, signals.isEmpty,
            section.sound("teacher", "signals", "features")
        {
            section.decoding.problems.add(
                "\(feature.kind.name) needs the teacher's activations", at: feature.place,
                hint: "give teacher, or signals that were labelled with hidden")
        }
        if !signals.isEmpty, let feature = features.first(where: \.kind.comparesTokens),
            section.sound("signals")
        {
            let others = FeatureKind.all.filter { !$0.comparesTokens }.map(\.name)
            section.decoding.problems.add(
                "\(feature.kind.name) looks at queries, keys and values, which no signals hold",
                at: feature.place,
                hint: "use \(others.joined(separator: ", ")), or give teacher instead of signals")
        }
    }

    /// Losses on the tokens that the student draws, and who draws them.
    func checkDrawnTokens(_ section: Section) {
        guard let loss = losses.first(where: \.kind.needsDrawnTokens) else {
            if let settings = onPolicy, settings.teacherShare > 0, teachers.count > 1 {
                section.problem(
                    at: "on_policy", "several teachers cannot draw as one", hint: "take teacher_share away")
            }
            return
        }
        func problem(_ text: String, _ hint: String) {
            section.decoding.problems.add("\(loss.kind.name) " + text, at: loss.place, hint: hint)
        }
        guard let settings = onPolicy else {
            return problem("is about what the student writes itself", "give on_policy, or use reverse_kl")
        }
        if teachers.count > 1 {
            problem("rewards what one teacher likes", "name one teacher, or use reverse_kl with on_policy")
        }
        if !settings.sampling.isPlain {
            problem(
                "weighs tokens by their chance, which sampling changes",
                "leave sampling out: temperature 1 and no cuts")
        }
    }
}
