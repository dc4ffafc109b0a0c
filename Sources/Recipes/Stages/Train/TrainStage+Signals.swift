import RecipeSchema
import Signals
import Support
import Training

/// Checks of a training against the stages that make its signals.
extension TrainStage {
    /// A cache has what was captured: its kind, its temperature, its corpus and its tokens.
    func checkSignals(_ facts: RecipeFacts, at location: SourceLocation) {
        let caches = signals.compactMap { signals in
            (facts.maker(of: signals)?.stage as? LabelStage).map { (signals: signals, label: $0) }
        }
        for (signals, label) in caches {
            check(signals, label, facts)
            let used = label.tokenizer ?? label.model
            guard facts.tokenizersDiffer(used, tokenizer) else { continue }
            facts.problems.add(
                "\"\(signals.name)\" is labelled with the tokenizer of \(used.name), the student has that of "
                    + tokenizer.name, at: signals.location,
                hint: facts.comparison(of: tokenizer, with: label.model).isUnrelated
                    ? "let the teacher write (generate), and train on its text"
                    : "set tokenizer: \(tokenizer.name) in the stage that labels")
        }
        // Nothing is known of a cache that an earlier stage does not make.
        guard caches.count == signals.count, let first = caches.first else { return }
        for part in corpus {
            let holding = caches.filter { Self.labels($0.label, part.source, facts) }
            if holding.isEmpty {
                let names = caches.map { "\"\($0.signals.name)\"" }.joined(separator: " and ")
                facts.problems.add(
                    "\(names) \(caches.count == 1 ? "has" : "have") no signals for \(part.source.name)",
                    at: part.source.location, hint: "label that corpus too")
            } else if holding.count > 1, let topK = holding.first(where: { $0.label.signal.kind.isTopK }) {
                facts.problems.add(
                    "several caches have signals for \(part.source.name): top_k signals cannot be averaged",
                    at: topK.signals.location, hint: "label with kind sampled, or name one cache")
            }
        }
        for (signals, label) in caches where label.signal.temperature != first.label.signal.temperature {
            facts.problems.add(
                "\"\(signals.name)\" was labelled at temperature \(label.signal.temperature), "
                    + "\"\(first.signals.name)\" at \(first.label.signal.temperature)", at: signals.location,
                hint: "label with one temperature")
        }
    }

    /// Whether a stage labels a corpus, or all that it is a part of.
    private static func labels(_ label: LabelStage, _ corpus: Reference, _ facts: RecipeFacts) -> Bool {
        if label.corpus.contains(where: { $0.target == corpus.target }) { return true }
        guard let maker = facts.maker(of: corpus) else { return false }
        let sources = maker.stage.sources(ofOutput: maker.output)
        return !sources.isEmpty && sources.allSatisfy { labels(label, $0, facts) }
    }

    private func check(_ signals: Reference, _ label: LabelStage, _ facts: RecipeFacts) {
        for loss in losses where loss.kind.needsTeacher {
            Self.check(loss, label.signal.kind, temperature: label.signal.temperature, facts)
        }
        if label.hidden.isEmpty, let feature = features.first(where: { !$0.kind.comparesTokens }) {
            facts.problems.add(
                "\(feature.kind.name) needs the teacher's hidden states, which \"\(signals.name)\" does not have",
                at: feature.location,
                hint: "label with hidden and the layers' numbers, or give teacher instead of signals")
        }
        checkHidden(label, facts)
        if lossOn == .all, label.lossOn == .assistant {
            facts.problems.add(
                "the loss is on all tokens, but \"\(signals.name)\" labels only the assistant's",
                at: signals.location, hint: "set loss_on alike in both stages")
        }
        if systemTurns != label.systemTurns {
            facts.problems.add(
                "the student reads system turns \(systemTurns == .both ? "too" : "not"), but the student of "
                    + "\"\(signals.name)\" \(systemTurns == .both ? "does not" : "does")",
                at: signals.location, hint: "set system_turns alike in both stages")
        }
        // A teacher labels no more of a document than it reads.
        let labelled = min(
            label.contextLength, facts.configuration(of: label.model)?.contextLength ?? .max)
        let context = batch.contextLength
        guard context != labelled else { return }
        // Signals are found by a document's tokens: one that is truncated elsewhere is another document.
        facts.problems.add(
            context > labelled
                ? "sequences of \(context) tokens, but \"\(signals.name)\" labels the first \(labelled) of a document"
                : "documents are truncated to \(context) tokens, but \"\(signals.name)\" has them truncated to \(labelled)",
            at: signals.location, hint: "set context alike in both stages")
    }

    /// Whether the features find the layers that they compare in a cache.
    private func checkHidden(_ label: LabelStage, _ facts: RecipeFacts) {
        guard !label.hidden.isEmpty, let teacher = facts.configuration(of: label.model)?.layers,
            let student = model.configuration(tokenizer: tokenizer, facts)?.layers
        else { return }
        for feature in features {
            let wanted = feature.feature.teacherLayers(student: student, teacher: teacher)
            guard let missing = wanted.first(where: { !label.hidden.contains($0) }) else { continue }
            let list = Set(wanted).sorted().map(String.init).joined(separator: ", ")
            facts.problems.add(
                "\(feature.kind.name) compares with the teacher's layer \(missing), which \"\(label.outputName)\" does not have",
                at: feature.location, hint: "label with hidden: [\(list)], or choose other layers")
        }
    }

    /// The manifest of a cache on disk says what it has.
    func checkStoredSignals(_ facts: RecipeFacts) {
        let context = facts.context
        guard !signals.isEmpty else { return }
        let tokenizer = self.tokenizer.tokenizer(context)
        let fingerprints = tokenizer.map { (Fingerprint(of: $0.serializedModel), $0.piecesFingerprint) }
        for signals in signals {
            guard let manifest = signals.file(context).flatMap(context.files.manifest) else { continue }
            for loss in losses where loss.kind.needsTeacher {
                Self.check(
                    loss, manifest.origin.kind, temperature: decimal(manifest.origin.temperature), facts)
            }
            if let (file, pieces) = fingerprints, manifest.origin.tokenizerFingerprint != file,
                manifest.origin.piecesFingerprint != pieces
            {
                facts.problems.add(
                    "\(signals.name) was labelled with another tokenizer than that of \(self.tokenizer.name)",
                    at: signals.location,
                    hint: "label the corpus with the student's tokenizer (the key tokenizer of label)")
            }
            if manifest.origin.hidden == nil, let feature = features.first {
                facts.problems.add(
                    "\(feature.kind.name) needs the teacher's hidden states, which \(signals.name) does not have",
                    at: feature.location, hint: "label with hidden and the layers' numbers, or give teacher")
            }
        }
    }

    private static func check(
        _ loss: LossSettings, _ kind: SparseKind, temperature stored: Double, _ facts: RecipeFacts
    ) {
        let term = loss.weighted(signalTemperature: Float(stored))
        if let problem = term.loss.problem(withSignals: kind) {
            let others = LossKind.all.filter { $0.needsTeacher && $0.problem(withSignals: kind) == nil }
            let topKServes = term.loss.problem(withSignals: .topK(k: 1)) == nil
            facts.problems.add(
                problem, at: loss.location,
                hint: "use \(others.map(\.name).joined(separator: ", ")), "
                    + (topKServes ? "signals of kind top_k, " : "") + "or teacher instead of signals")
        }
        let hint = "the temperature is fixed when signals are captured: change it in the label stage"
        if loss.temperature?.ramp != nil {
            facts.problems.add(
                "the temperature changes, the signals' does not", at: loss.temperatureLocation, hint: hint)
        } else if let temperature = loss.temperature?.start, temperature != stored {
            facts.problems.add(
                "temperature \(temperature) differs from the signals' \(stored)",
                at: loss.temperatureLocation, hint: hint)
        }
    }
}

extension SparseKind {
    var isTopK: Bool {
        if case .topK = self { true } else { false }
    }
}
