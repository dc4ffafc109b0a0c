import Signals
import Support
import Training

/// Checks across the stages of a recipe.
struct StageChecks {
    let stages: [PlacedStage]
    let decoding: Decoding
    private let facts: ModelFacts
    private let hidden: HiddenChecks
    private var problems: Problems { decoding.problems }

    init(stages: [PlacedStage], decoding: Decoding) {
        self.stages = stages
        self.decoding = decoding
        facts = ModelFacts(stages: stages, decoding: decoding)
        hidden = HiddenChecks(facts)
    }

    func run() {
        let vocabularies = VocabularyChecks(decoding: decoding)
        for (index, placed) in stages.enumerated() {
            switch placed.stage {
            case .label(let label): hidden.check(label)
            case .train(let train):
                hidden.check(train)
                vocabularies.check(train)
                checkSignals(of: train, at: placed.place)
                checkStoredSignals(of: train)
            case .select(let select): vocabularies.check(select)
            case .evaluate(let evaluate):
                vocabularies.check(evaluate)
                evaluate.models.forEach(checkExit)
            case .report where index != stages.count - 1:
                problems.add("a report is the last stage", at: placed.place, hint: "move it to the end")
            default: break
            }
        }
    }

    /// A cache holds what was captured: its kind, its temperature, its corpus and its tokens.
    private func checkSignals(of train: TrainStage, at place: SourceLocation) {
        let caches = train.signals.compactMap { signals in
            labelStage(of: signals).map { (signals: signals, label: $0) }
        }
        for (signals, label) in caches {
            check(signals, label, of: train)
            VocabularyChecks(decoding: decoding).check(signals, of: label, in: train)
        }
        // What a cache from elsewhere holds is not known here.
        guard caches.count == train.signals.count, let first = caches.first else { return }
        for part in train.corpus {
            let holding = caches.filter { holds($0.label, part.source) }
            if holding.isEmpty {
                let names = caches.map { "\"\($0.signals.name)\"" }.joined(separator: " and ")
                problems.add(
                    "\(names) \(caches.count == 1 ? "has" : "have") no signals for \(part.source.name)",
                    at: part.source.place, hint: "label that corpus too")
            } else if holding.count > 1, let topK = holding.first(where: { !$0.label.signal.isSampled }) {
                problems.add(
                    "several caches hold \(part.source.name): of top_k signals no mean can be taken",
                    at: topK.signals.place, hint: "label with kind sampled, or name one cache")
            }
        }
        for (signals, label) in caches where label.signal.temperature != first.label.signal.temperature {
            problems.add(
                "\"\(signals.name)\" was taken at temperature \(label.signal.temperature), "
                    + "\"\(first.signals.name)\" at \(first.label.signal.temperature)", at: signals.place,
                hint: "label with one temperature")
        }
    }

    /// An exit of a model whose number of layers is known.
    private func checkExit(of model: EvaluatedModel) {
        guard let exit = model.exit, let layers = facts.layers(of: model.reference), exit > layers else {
            return
        }
        problems.add(
            "there is no layer \(exit) in a model with \(layers)", at: model.exitPlace,
            hint: "accepted: 1 to \(layers)")
    }

    /// Whether a stage labels a corpus, or all that it is a selection of.
    private func holds(_ label: LabelStage, _ corpus: Reference) -> Bool {
        if label.corpus.contains(where: { $0.target == corpus.target }) { return true }
        let selection: SelectStage? =
            if case .select(let select)? = facts.maker(of: corpus) { select } else { nil }
        return selection.map { $0.corpus.allSatisfy { holds(label, $0) } } ?? false
    }

    private func labelStage(of signals: Reference) -> LabelStage? {
        if case .label(let label)? = facts.maker(of: signals) { label } else { nil }
    }

    private func check(_ signals: Reference, _ label: LabelStage, of train: TrainStage) {
        for loss in train.losses where loss.kind.needsTeacher {
            checkSignals(label.signal.sparseKind, temperature: label.signal.temperature, for: loss)
        }
        if label.hidden.isEmpty, let feature = train.features.first(where: { !$0.kind.comparesTokens }) {
            problems.add(
                "\(feature.kind.name) needs the teacher's hidden states, which \"\(signals.name)\" does not hold",
                at: feature.place,
                hint: "label with hidden and the layers' numbers, or give teacher instead of signals")
        }
        hidden.check(train, signals: label)
        if train.lossOn == .all, label.lossOn == .assistant {
            problems.add(
                "the loss is on all tokens, but \"\(signals.name)\" labels only the assistant's",
                at: signals.place,
                hint: "set loss_on alike in both stages")
        }
        if train.systemTurns != label.systemTurns {
            problems.add(
                "the student reads system turns \(train.systemTurns == .both ? "too" : "not"), but the student of "
                    + "\"\(signals.name)\" \(train.systemTurns == .both ? "does not" : "does")",
                at: signals.place, hint: "set system_turns alike in both stages")
        }
        // A teacher labels no more of a document than it reads.
        let labelled = min(label.contextLength, facts.contextLength(of: label.model) ?? .max)
        let context = train.batch.contextLength
        guard context != labelled else { return }
        // Signals are found by a document's tokens: one that is cut elsewhere is another document.
        problems.add(
            context > labelled
                ? "sequences of \(context) tokens, but \"\(signals.name)\" labels the first \(labelled) of a document"
                : "documents are cut to \(context) tokens, but \"\(signals.name)\" holds them cut to \(labelled)",
            at: signals.place, hint: "set context alike in both stages")
    }

    /// Of caches on disk the manifest says what they hold.
    private func checkStoredSignals(of train: TrainStage) {
        let tokenizer = train.tokenizer.tokenizer(decoding).map { Fingerprint(of: $0.serializedModel) }
        for signals in train.signals {
            guard let manifest = signals.file(decoding).flatMap(decoding.files.manifest) else { continue }
            for loss in train.losses where loss.kind.needsTeacher {
                checkSignals(
                    manifest.origin.kind, temperature: decimal(manifest.origin.temperature), for: loss)
            }
            if let tokenizer, manifest.origin.tokenizerFingerprint != tokenizer {
                problems.add(
                    "\(signals.name) was labelled with another tokenizer than that of \(train.tokenizer.name)",
                    at: signals.place,
                    hint: "label the corpus with a teacher that has the student's tokenizer")
            }
            if manifest.origin.hidden == nil, let feature = train.features.first {
                problems.add(
                    "\(feature.kind.name) needs the teacher's hidden states, which \(signals.name) does not hold",
                    at: feature.place, hint: "label with hidden and the layers' numbers, or give teacher")
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
                hint: "use \(others.map(\.name).joined(separator: ", ")), "
                    + (topKServes ? "signals of kind top_k, " : "") + "or teacher instead of signals")
        }
        let hint = "the temperature is fixed when signals are captured: change it in the label stage"
        if loss.temperature?.ramp != nil {
            problems.add(
                "the temperature changes, the signals' does not", at: loss.temperaturePlace, hint: hint)
        } else if let temperature = loss.temperature?.start, temperature != stored {
            problems.add(
                "temperature \(temperature) differs from the signals' \(stored)",
                at: loss.temperaturePlace, hint: hint)
        }
    }
}
