import Distillation

/// Checks across the stages of a recipe.
struct StageChecks {
    let stages: [PlacedStage]
    let decoding: Decoding
    private var problems: Problems { decoding.problems }
    private var hidden: HiddenChecks { HiddenChecks(stages: stages, decoding: decoding) }

    init(stages: [PlacedStage], decoding: Decoding) {
        self.stages = stages
        self.decoding = decoding
    }

    func run() {
        for (index, placed) in stages.enumerated() {
            switch placed.stage {
            case .label(let label): hidden.check(label)
            case .train(let train):
                hidden.check(train)
                VocabularyChecks(decoding: decoding).check(train)
                checkSignals(of: train, at: placed.place)
                checkStoredSignals(of: train)
            case .report where index != stages.count - 1:
                problems.add("a report is the last stage", at: placed.place, remedy: "move it to the end")
            default: break
            }
        }
    }

    /// A cache holds what was captured: its kind, its temperature, its corpus and its tokens.
    private func checkSignals(of train: TrainStage, at place: Place) {
        let caches = train.signals.compactMap { signals in
            labelStage(of: signals).map { (signals: signals, label: $0) }
        }
        for (signals, label) in caches { check(signals, label, of: train) }
        // What a cache from elsewhere holds is not known here.
        guard caches.count == train.signals.count, let first = caches.first else { return }
        for part in train.corpus {
            let holding = caches.filter { holds($0.label, part.source) }
            if holding.isEmpty {
                let names = caches.map { "\"\($0.signals.name)\"" }.joined(separator: " and ")
                problems.add(
                    "\(names) \(caches.count == 1 ? "has" : "have") no signals for \(part.source.name)",
                    at: part.source.place, remedy: "label that corpus too")
            } else if holding.count > 1, let topK = holding.first(where: { !$0.label.signal.isSampled }) {
                problems.add(
                    "several caches hold \(part.source.name): of top_k signals no mean can be taken",
                    at: topK.signals.place, remedy: "label with kind sampled, or name one cache")
            }
        }
        for (signals, label) in caches where label.signal.temperature != first.label.signal.temperature {
            problems.add(
                "\"\(signals.name)\" was taken at temperature \(label.signal.temperature), "
                    + "\"\(first.signals.name)\" at \(first.label.signal.temperature)", at: signals.place,
                remedy: "label with one temperature")
        }
    }

    /// Whether a stage labels a corpus, or all that it is a selection of.
    private func holds(_ label: LabelStage, _ corpus: Reference) -> Bool {
        if label.corpus.contains(where: { $0.target == corpus.target }) { return true }
        let selection = stages.lazy.compactMap { placed in
            if case .select(let select) = placed.stage, select.name == corpus.name { select } else { nil }
        }.first
        return selection.map { $0.corpus.allSatisfy { holds(label, $0) } } ?? false
    }

    private func labelStage(of signals: Reference) -> LabelStage? {
        guard case .stage(let index) = signals.target, stages.indices.contains(index) else { return nil }
        return stages.lazy.compactMap { placed in
            if case .label(let label) = placed.stage, label.name == signals.name { label } else { nil }
        }.first
    }

    private func check(_ signals: Reference, _ label: LabelStage, of train: TrainStage) {
        for loss in train.losses where loss.kind.needsTeacher {
            checkSignals(label.signal.sparseKind, temperature: label.signal.temperature, for: loss)
        }
        if label.hidden.isEmpty, let feature = train.features.first(where: { !$0.kind.comparesTokens }) {
            problems.add(
                "\(feature.kind.name) needs the teacher's hidden states, which \"\(signals.name)\" does not hold",
                at: feature.place,
                remedy: "label with hidden and the layers' numbers, or give teacher instead of signals")
        }
        hidden.check(train, signals: label)
        if train.lossOn == .all, label.lossOn == .assistant {
            problems.add(
                "the loss is on all tokens, but \"\(signals.name)\" labels only the assistant's",
                at: signals.place,
                remedy: "set loss_on alike in both stages")
        }
        if train.systemTurns != label.systemTurns {
            problems.add(
                "the student reads system turns \(train.systemTurns == .both ? "too" : "not"), but the student of "
                    + "\"\(signals.name)\" \(train.systemTurns == .both ? "does not" : "does")",
                at: signals.place, remedy: "set system_turns alike in both stages")
        }
        if train.batch.contextLength > label.contextLength {
            problems.add(
                "sequences of \(train.batch.contextLength) tokens, but \"\(signals.name)\" labels the first "
                    + "\(label.contextLength) of a document", at: signals.place,
                remedy: "raise context in the label stage")
        }
    }

    /// Of caches on disk the manifest says what they hold.
    private func checkStoredSignals(of train: TrainStage) {
        let manifests = train.signals.compactMap { $0.file(decoding) }.compactMap {
            try? SignalManifest(contentsOf: $0)
        }
        for manifest in manifests {
            for loss in train.losses where loss.kind.needsTeacher {
                checkSignals(
                    manifest.origin.kind, temperature: Double(manifest.origin.temperature), for: loss)
            }
        }
    }

    private func checkSignals(_ kind: SparseKind, temperature stored: Double, for loss: LossSettings) {
        let term = loss.weighted(signalTemperature: Float(stored))
        if let problem = term.loss.problem(withSignals: kind) {
            let others = LossKind.all.filter { $0.needsTeacher && $0.problem(withSignals: kind) == nil }
            let topKServes = term.loss.problem(withSignals: .topK(k: 1)) == nil
            problems.add(
                problem, at: loss.place,
                remedy: "use \(others.map(\.name).joined(separator: ", ")), "
                    + (topKServes ? "signals of kind top_k, " : "") + "or teacher instead of signals")
        }
        let remedy = "the temperature is fixed when signals are captured: change it in the label stage"
        if loss.temperature?.ramp != nil {
            problems.add(
                "the temperature changes, the signals' does not", at: loss.temperaturePlace, remedy: remedy)
        } else if let temperature = loss.temperature?.start, temperature != stored {
            problems.add(
                "temperature \(temperature) differs from the signals' \(stored)",
                at: loss.temperaturePlace, remedy: remedy)
        }
    }
}
