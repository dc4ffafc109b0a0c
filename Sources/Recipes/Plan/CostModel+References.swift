import Checkpoints
import Corpora
import Foundation

/// What references stand for, as far as it is known before anything is done.
extension CostModel.Costs {
    /// Weights in Float32.
    func weights(_ shape: ModelShape?) -> Double { shape?.weightBytes ?? 0 }

    /// Weights of a frozen model in memory: as `WeightStorage.automatic` keeps them.
    func loaded(_ reference: Reference) -> Double {
        guard let shape = shape(of: reference) else { return 0 }
        return shape.parameters > Double(WeightStorage.mostWidened)
            ? min(stored(reference), shape.weightBytes) : shape.weightBytes
    }

    /// Weights of a model, as its file has them.
    func stored(_ reference: Reference) -> Double {
        switch instance.inputs[reference.target] {
        case .file(let url):
            if let bytes = try? Checkpoint.weightBytes(at: url) { return Double(bytes) }
        case .stage(let address):
            let maker = plan.instance(address)
            switch maker.stage {
            case .train(let train) where train.precision == .bf16:
                return weights(shape(of: reference)) / 2
            case .cut(let cut): return stored(cut, at: maker)
            case .convert(let convert):
                let format = convert.type.format
                return weights(shape(of: reference)) * Double(format.bytesPerBlock)
                    / Double(4 * format.valuesPerBlock)
            default: break
            }
        case .second, nil: break
        }
        return weights(shape(of: reference))
    }

    func pass(_ shape: ModelShape?, _ tokens: Double) -> Double { shape?.pass(tokens) ?? 0 }

    /// Passes over some documents after others. They fall short of the limit by a part of a document, and buffers are kept in
    /// sizes that differ by an eighth: there are some of each.
    func passes(_ shape: ModelShape?, _ tokens: Double, of corpus: CorpusExtent, context: Int) -> Double {
        guard let shape else { return 0 }
        let sizes = corpus.tokens > 2 * tokens ? 1 + min(1, corpus.mean / 128) : 1
        return sizes * shape.pass(tokens, longest: min(corpus.longest, Double(context)))
    }

    func logits(_ shape: ModelShape?, _ positions: Double) -> Double {
        shape?.logits(positions) ?? 0
    }

    func shape(of reference: Reference) -> ModelShape? { shape(of: reference, in: instance) }

    func shape(of reference: Reference, in instance: StageInstance) -> ModelShape? {
        switch instance.inputs[reference.target] {
        case .file(let url): return ModelShape(checkpoint: url)
        case .stage(let address):
            let maker = plan.instance(address)
            switch maker.stage {
            case .train(let train): return shape(of: train.model, tokenizer: train.tokenizer, in: maker)
            case .cut(let cut): return at(maker).shape(of: cut)
            case .convert(let convert):
                return at(maker).shape(of: convert.model)
            default: return nil
            }
        case .second(let address):
            let maker = plan.instance(address)
            guard case .train(let train) = maker.stage, let peer = train.peer else { return nil }
            return shape(of: peer.model, tokenizer: train.tokenizer, in: maker)
        case nil: return nil
        }
    }

    func shape(of model: ModelSettings, tokenizer: Reference, in instance: StageInstance)
        -> ModelShape?
    {
        switch model.origin {
        case .checkpoint(let reference): shape(of: reference, in: instance)
        case .cut(let reference, _): shape(of: reference, in: instance)
        case .new(let shape): ModelShape(shape, vocabulary: vocabulary(of: tokenizer, in: instance))
        }
    }

    func vocabulary(of reference: Reference, in instance: StageInstance) -> Int {
        if case .stage(let address) = instance.inputs[reference.target],
            case .tokenizer(let stage) = plan.instance(address).stage
        {
            return stage.vocabulary
        }
        return shape(of: reference, in: instance)?.vocabulary ?? CostModel.usualVocabulary
    }

    /// The costs of another stage.
    func at(_ instance: StageInstance) -> Self {
        Self(plan: plan, instance: instance, model: model, extents: extents)
    }

    static func distinct(_ references: [Reference]) -> [Reference] {
        var seen: Set<Reference.Target> = []
        return references.filter { seen.insert($0.target).inserted }
    }

    func tokens(of reference: Reference) -> Double { extent(of: reference).tokens }

    func extent(
        of references: [Reference], limit: Int? = nil, asPrompts: Bool = false,
        documents: TextDocuments = .paragraph
    ) -> CorpusExtent {
        references.reduce(CorpusExtent()) {
            $0 + extent(of: $1, limit: limit, asPrompts: asPrompts, documents: documents)
        }
    }

    func extent(
        of reference: Reference, limit: Int? = nil, asPrompts: Bool = false,
        documents: TextDocuments = .paragraph
    ) -> CorpusExtent {
        switch instance.inputs[reference.target] {
        case .file(let url):
            return extents.extent(of: url, limit: limit, asPrompts: asPrompts, documents: documents)
        case .stage(let address):
            let maker = plan.instance(address)
            switch maker.stage {
            case .generate(let stage): return generated(stage, of: maker).limited(to: limit)
            case .select(let stage):
                return at(maker).extent(of: stage.corpus).scaled(by: stage.share).limited(to: limit)
            case .learn(let stage):
                return at(maker).extent(of: stage.corpus).scaled(by: stage.share).limited(to: limit)
            default: return CorpusExtent()
            }
        case .second(let address):
            let maker = plan.instance(address)
            guard case .learn(let stage) = maker.stage else { return CorpusExtent() }
            return at(maker).extent(of: stage.corpus).scaled(by: stage.share)
        case nil: return CorpusExtent()
        }
    }

    /// Prompts and their answers.
    func generated(_ stage: GenerateStage, of instance: StageInstance) -> CorpusExtent {
        let prompts = promptExtent(stage, of: instance, limited: true)
        var records = prompts.records * Double(stage.samples)
        let answer = CostModel.answerShare * Double(stage.maxNewTokens)
        if let budget = stage.tokenBudget, answer > 0 { records = min(records, Double(budget) / answer) }
        return CorpusExtent(
            records: records, tokens: records * (prompts.mean + answer), targets: records * answer,
            longest: prompts.longest + Double(stage.maxNewTokens))
    }

    /// - Parameter limited: whether only the prompts that are answered count
    func promptExtent(_ stage: GenerateStage, of instance: StageInstance, limited: Bool)
        -> CorpusExtent
    {
        // The first of all files together.
        var (sum, left) = (CorpusExtent(), limited ? stage.limit.map(Double.init) : nil)
        for reference in stage.prompts where left ?? 1 > 0 {
            // A limit as large as no file is none.
            let limit = left.flatMap { $0 < 1e15 ? Int($0.rounded(.up)) : nil }
            let part = at(instance).extent(of: reference, limit: limit, asPrompts: true)
            sum = sum + part
            left = left.map { $0 - part.records }
        }
        if let system = stage.system {
            let tokens = Double(system.utf8.count) / CorpusExtent.bytesPerToken
            sum.tokens += sum.records * tokens
            sum.longest += tokens
        }
        return sum
    }
}
