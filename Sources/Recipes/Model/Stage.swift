import Tokenization

/// One step of a recipe.
public enum Stage: Sendable {
    case tokenizer(TokenizerStage)
    case cut(PruneStage)
    case generate(GenerateStage)
    case select(SelectStage)
    case learn(DistillDatasetStage)
    case label(LabelStage)
    case train(TrainStage)
    case convert(ConvertStage)
    case evaluate(EvaluateStage)
    case report(ReportStage)

    public enum Kind: String, CaseIterable, Codable, Sendable {
        case tokenizer, cut, generate, select, learn, label, train, convert, evaluate, report
    }

    public var kind: Kind {
        switch self {
        case .tokenizer: .tokenizer
        case .cut: .cut
        case .generate: .generate
        case .select: .select
        case .learn: .learn
        case .label: .label
        case .train: .train
        case .convert: .convert
        case .evaluate: .evaluate
        case .report: .report
        }
    }

    /// What the stage reads without its output depending on it: text that is only measured along the way. It is no
    /// part of the stage's address.
    var observed: [Reference] {
        guard case .train(let stage) = self, !stage.followsHeldOutLoss else {
            return []
        }
        return stage.validation?.corpus ?? []
    }

    /// What the stage makes, under its name; a report makes nothing that later stages read.
    var artefact: (name: String, kind: ArtefactKind)? {
        switch self {
        case .tokenizer(let stage): (stage.name, .tokenizer)
        case .cut(let stage): (stage.name, .checkpoint)
        case .generate(let stage): (stage.name, .corpus)
        case .select(let stage): (stage.name, .corpus)
        case .learn(let stage): (stage.name, .corpus)
        case .label(let stage): (stage.name, .signals)
        case .train(let stage): (stage.name, .checkpoint)
        case .convert(let stage): (stage.name, .checkpoint)
        case .evaluate(let stage): (stage.name, .evaluation)
        case .report: nil
        }
    }

    /// The second thing that the stage makes: the peer of a model, or the sequences whose nearest text is the corpus.
    var secondArtefact: (name: String, kind: ArtefactKind)? {
        switch self {
        case .train(let stage): stage.peer.map { ($0.name, .checkpoint) }
        case .learn(let stage): (stage.sequencesName, .sequences)
        default: nil
        }
    }
}

/// A stage, its normal form and its place.
struct PlacedStage: Sendable {
    var stage: Stage
    var setting: CanonicalValue
    var place: SourceLocation
    /// How chats are written where the recipe says so, which is then a part of the normal form.
    var template: ChatTemplate?

    init(stage: Stage, setting: CanonicalValue, place: SourceLocation, template: ChatTemplate?) {
        self.stage = stage
        self.place = place
        self.template = template
        self.setting = setting
        if let template, case .map(var keys) = setting {
            keys["chat_template"] = .text(template.jinja)
            self.setting = .map(keys)
        }
    }
}

extension Stage.Kind {
    /// What the stage does, for the reference.
    var summary: String {
        switch self {
        case .tokenizer: "Trains a SentencePiece tokenizer."
        case .cut: "Keeps some parts of a model, chosen by their importance: a smaller model, to be trained."
        case .generate: "Lets a model answer prompts: a synthetic corpus."
        case .select: "Chooses a part of a corpus under a budget of tokens: a corpus."
        case .learn: "Learns a few sequences that stand for a corpus, and the text nearest to them: a corpus."
        case .label: "Stores a teacher's token distributions over a corpus: a signal cache."
        case .train: "Trains a model on a corpus, on a teacher's distributions, or both."
        case .convert: "Writes a model as a GGUF file, most often with fewer bits a weight."
        case .evaluate: "Measures models: perplexity, agreement with the teacher, tasks, speed."
        case .report: "Writes report.md and report.html."
        }
    }

    /// The keys of the stage.
    var declarations: [KeyDeclaration] {
        switch self {
        case .tokenizer: KeyType<TokenizerStage>.section(TokenizerStage.self).nested()
        case .cut: KeyType<PruneStage>.section(PruneStage.self).nested()
        case .generate: KeyType<GenerateStage>.section(GenerateStage.self).nested()
        case .select: KeyType<SelectStage>.section(SelectStage.self).nested()
        case .learn: KeyType<DistillDatasetStage>.section(DistillDatasetStage.self).nested()
        case .label: KeyType<LabelStage>.section(LabelStage.self).nested()
        case .train: KeyType<TrainStage>.section(TrainStage.self).nested()
        case .convert: KeyType<ConvertStage>.section(ConvertStage.self).nested()
        case .evaluate: KeyType<EvaluateStage>.section(EvaluateStage.self).nested()
        case .report: KeyType<ReportStage>.section(ReportStage.self).nested()
        }
    }

    fileprivate func decode(_ yaml: YAMLValue, _ decoding: Decoding) -> (
        value: Stage, setting: CanonicalValue
    )? {
        func read<Value: RecipeSection>(_ wrap: (Value) -> Stage) -> (value: Stage, setting: CanonicalValue)?
        {
            KeyType<Value>.section(Value.self).decode(yaml, decoding).map { (wrap($0.value), $0.setting) }
        }
        return switch self {
        case .tokenizer: read(Stage.tokenizer)
        case .cut: read(Stage.cut)
        case .generate: read(Stage.generate)
        case .select: read(Stage.select)
        case .learn: read(Stage.learn)
        case .label: read(Stage.label)
        case .train: read(Stage.train)
        case .convert: read(Stage.convert)
        case .evaluate: read(Stage.evaluate)
        case .report: read(Stage.report)
        }
    }
}

extension KeyType where Value == PlacedStage {
    /// A mapping of one key, the stage's kind, to the stage's keys. What it makes is known to the stages after it.
    static var stage: KeyType {
        let kinds = Stage.Kind.allCases.map(\.rawValue)
        return KeyType(
            summary: "one of: \(kinds.joined(separator: ", "))",
            placeholder: { preconditionFailure("a list of stages leaves unreadable ones out") },
            decode: { yaml, decoding in
                let index = decoding.nextStage()
                guard let entries = yaml.entries, let entry = entries.first else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place,
                        hint: "expected: a mapping of one stage, such as `- report: {}`")
                    return nil
                }
                if entries.count > 1 {
                    decoding.problems.add(
                        "a stage is a mapping of one key", at: entries[1].keyPlace,
                        hint:
                            "indent \"\(entries[1].key)\" below \"\(entry.key)\", or begin another item with \"- \""
                    )
                }
                if !kinds.contains(entry.key) {
                    decoding.problems.add(
                        "unknown stage \"\(entry.key)\"", at: entry.keyPlace,
                        hint: suggestion(for: entry.key, among: kinds))
                }
                // A misspelt stage is read as the nearest kind, so that its other mistakes show too.
                let name = nearest(to: entry.key, among: kinds)
                guard let kind = name.flatMap(Stage.Kind.init) else { return nil }
                var value = entry.value
                if value.isNull { value.place = entry.keyPlace }
                guard let (stage, setting) = kind.decode(value, decoding) else { return nil }
                if let artefact = stage.artefact {
                    let place = value["to"]?.place ?? entry.keyPlace
                    // A name with a mistake is still the one that later stages use.
                    var name = artefact.name
                    if name.isEmpty, case .scalar(let text, _) = value["to"]?.content { name = text }
                    decoding.add(
                        Artefact(name: name, kind: artefact.kind, stage: index, stageKind: kind), at: place)
                }
                if let second = stage.secondArtefact {
                    decoding.add(
                        Artefact(
                            name: second.name, kind: second.kind, stage: index, stageKind: kind,
                            isSecond: true),
                        at: value["peer"]?["to"]?.place ?? value["sequences_to"]?.place ?? entry.keyPlace)
                }
                let placed = PlacedStage(
                    stage: stage, setting: setting, place: entry.keyPlace, template: decoding.chatTemplate)
                return (placed, placed.setting)
            }, setting: \.setting)
    }
}
