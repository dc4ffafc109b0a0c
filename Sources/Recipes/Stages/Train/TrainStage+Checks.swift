import RecipeSchema
import Training

extension TrainStage {
    /// Checks across keys that need no other stage; `check(_:at:)` has the rest.
    func check(_ section: Section) {
        checkRoutes(section)
        if !signals.isEmpty, !teachers.isEmpty {
            section.problem(
                at: "teacher", "both signals and teacher are given", hint: "keep one of the two")
        }
        if section.has("teacher_mix"), teachers.count < 2, section.sound("teacher", "teacher_mix") {
            section.problem(
                at: "teacher_mix", "there is only one teacher", hint: "give teacher a list")
        }
        checkPeer(section)
        checkSynthetic(section)
        checkQuantization(section)
        checkFeatures(section)
        if systemTurns == .teacher, let feature = features.first(where: \.kind.comparesTokens) {
            section.context.problems.add(
                "\(feature.kind.name) compares all tokens of a chat, of which the student sees only a part",
                at: feature.location, hint: "use hidden_mse, hidden_cosine or rkd_distance")
        }
        if onPolicy != nil, teachers.isEmpty, section.sound("teacher", "on_policy") {
            section.problem(
                at: "on_policy", "no cache has signals for text that the student will generate",
                hint: "give teacher instead of signals")
        }
        if let settings = onPolicy, settings.isAdaptive, validation == nil,
            section.sound("on_policy", "validate")
        {
            section.problem(
                at: "on_policy", "the fraction follows the held-out loss, which is not measured",
                hint: "give validate, with the text to measure on")
        }
        if onPolicy != nil, !losses.contains(where: \.kind.needsTeacher), section.sound("losses") {
            section.problem(
                at: "on_policy", "no loss compares with the teacher", hint: "add one, such as reverse_kl")
        }
        checkDrawnTokens(section)
        let seesWhole = !teachers.isEmpty || peer != nil || corpus.contains { $0.teacher != nil }
        let all = losses + (peer?.losses ?? [])
        if let loss = all.first(where: \.renormalizes), seesWhole {
            section.context.problems.add(
                "\(loss.kind.name) with renormalize is computed from top_k signals: a whole distribution sums to 1 already",
                at: loss.location,
                hint:
                    "take renormalize away, or give signals instead of \(peer == nil ? "teacher" : "peer")")
        }
        let needing = losses.filter(\.kind.needsTeacher)
        if let loss = needing.first, !hasTeacher(section) {
            section.context.problems.add(
                "\(loss.kind.name) needs a teacher's distributions", at: loss.location,
                hint: "give signals (a signal cache), teacher (a model) or peer (a model trained in step)")
        }
        if let loss = all.first(where: \.followsHeldOutLoss), validation == nil, section.sound("validate") {
            section.context.problems.add(
                "\(loss.kind.name) follows the held-out loss, which is not measured", at: loss.location,
                hint: "give validate, with the text to measure on")
        }
        if case .new(let shape) = model.origin, section.sound("batch", "model"),
            batch.contextLength > shape.contextLength
        {
            section.problem(
                at: "batch",
                "the batch's context \(batch.contextLength) exceeds the model's \(shape.contextLength)",
                hint: "shorten the one or raise the other")
        }
    }

    /// Whether anything is given that a loss can compare the student with.
    private func hasTeacher(_ section: Section) -> Bool {
        ["signals", "teacher", "peer", "synthetic"].contains(where: section.has)
            || corpus.contains { $0.teacher != nil }
    }

    /// Corpora with teachers of their own.
    private func checkRoutes(_ section: Section) {
        guard let teacher = corpus.lazy.compactMap(\.teacher).first, section.sound("corpus") else { return }
        func problem(_ text: String, at location: SourceLocation = teacher.location, _ hint: String) {
            section.context.problems.add(text, at: location, hint: hint)
        }
        if section.has("signals") || section.has("peer") {
            let other = section.has("signals") ? "signals" : "peer"
            problem("a corpus has a teacher, and \(other) is given too", "keep one of the two")
        } else if teachers.isEmpty, let part = corpus.first(where: { $0.teacher == nil }) {
            problem(
                "\(part.source.name) has no teacher", at: part.source.location,
                "give it a teacher too, or the stage one for all others")
        } else if let feature = features.first, section.sound("features") {
            problem(
                "\(feature.kind.name) compares with one teacher, and the corpora have several",
                at: feature.location,
                "leave features out, or give the stage one teacher")
        }
    }

    /// Synthetic sequences contain their distributions, and are embeddings of one model.
    private func checkSynthetic(_ section: Section) {
        guard synthetic != nil, section.sound("synthetic") else { return }
        let others = ["corpus", "signals", "teacher", "peer", "features", "on_policy", "gradient_angle"]
        if let other = others.first(where: section.has) {
            section.problem(
                at: other, "synthetic sequences contain their own distributions, and \(other) is given too",
                hint: "keep one of the two")
        } else if case .new = model.origin, section.sound("model") {
            section.problem(
                at: "synthetic", "the sequences are embeddings of another model than a new one",
                hint: "begin from the model they were learned for, or train on their text")
        }
        for loss in losses {
            let term = loss.weighted(signalTemperature: 1)
            guard let problem = term.loss.problem(withSignals: .topK(k: 1)), loss.kind.needsTeacher else {
                continue
            }
            section.context.problems.add(
                problem, at: loss.location,
                hint: "synthetic sequences have the likeliest tokens, as kind top_k")
        }
    }

    /// The type that is trained for is the type that is exported.
    private func checkQuantization(_ section: Section) {
        guard let quantization, section.sound("quantize") else { return }
        func problem(_ text: String, _ hint: String) {
            section.problem(at: "quantize", text, hint: hint)
        }
        let block = quantization.dtype.valuesPerBlock
        if onPolicy != nil {
            problem(
                "on_policy generates with weights that are not quantized",
                "train on the corpus here, and on_policy in a stage before")
        } else if precision == .bf16 {
            problem(
                "weights rounded to bf16 first are not those that \(quantization.rawValue) was trained with",
                "use precision f32: the stage convert makes the small file")
        } else if case .new(let shape) = model.origin, section.sound("model") {
            let rows = [shape.width, shape.heads * shape.headDimension, shape.feedForward]
            guard let width = rows.first(where: { $0 % block != 0 }) else { return }
            problem(
                "rows of \(width) weights are not divisible into blocks of \(block)",
                "make width, heads · head_dimension and feed_forward multiples of \(block)")
        }
    }

    private func checkPeer(_ section: Section) {
        guard let peer, section.sound("peer") else { return }
        if case .checkpoint(let one) = model.origin, case .checkpoint(let other)? = peerModel?.origin,
            one.target == other.target, peer.losses == nil, peer.isSound
        {
            section.context.problems.add(
                "two models that begin alike and learn alike stay alike", at: peer.modelLocation,
                hint: "begin the peer from another model or shape, or give it losses of its own")
        }
        func problem(_ text: String, _ hint: String) { section.problem(at: "peer", text, hint: hint) }
        if section.has("teacher") || section.has("signals") {
            problem("the peer is the teacher, and another is given", "keep one of peer, teacher and signals")
        } else if !(losses + peerLosses).contains(where: \.kind.needsTeacher), section.sound("losses") {
            problem(
                "no loss compares the two",
                "add one, such as forward_kl, or train them in stages of their own")
        } else if let loss = peer.losses?.first(where: \.kind.needsDrawnTokens) {
            problem(
                "\(loss.kind.name) is computed on text that a model generates, and a peer generates none",
                "use reverse_kl")
        } else if systemTurns == .teacher {
            problem("the peer reads what the student reads", "use teacher for context distillation")
        } else if case .new(let shape)? = peerModel?.origin, batch.contextLength > shape.contextLength {
            problem(
                "the batch's context \(batch.contextLength) exceeds the peer's \(shape.contextLength)",
                "shorten the one or raise the other")
        }
    }
}
