import Checkpoints
import Corpora
import Distillation
import Foundation
import Support

/// Estimates what a plan takes before anything is done.
public struct CostModel: Sendable {
    /// What a stage or a plan takes.
    public struct Estimate: Equatable, Sendable {
        public var seconds = 0.0
        /// The most memory in use at a time.
        public var memoryBytes = 0.0
        /// What stays on disk.
        public var diskBytes = 0.0
        /// What unfinished work takes on disk besides, until the stage is done.
        public var workBytes = 0.0
    }

    /// Matrix multiplications a second, in 10⁹ operations.
    public var gigaflops: Double

    public init(gigaflops: Double) { self.gigaflops = gigaflops }

    // The share of the multiplication rate that a whole stage reaches; measured with models of 1 to 6 million
    // parameters, for which everything but the products weighs most.
    private static let generateShare = 0.35
    private static let labelShare = 0.7
    private static let trainShare = 0.45
    /// The share of `max_new_tokens` an answer uses before it ends.
    private static let answerShare = 0.6
    /// Bytes of JSON lines a token of text takes.
    private static let bytesPerToken = 4.0
    /// Where a size is not known: that of a small tokenizer.
    private static let usualVocabulary = 2048
    /// Of a process that has loaded its libraries and a tokenizer and made OpenBLAS ready.
    private static let processBytes = 26e6
    /// JSON around a generated answer: its question, keys and where it comes from.
    private static let recordBytes = 450.0
    /// Tokens that labelling and evaluating run through a model at once.
    private static let passTokens = 2048.0
    /// Sequences that are generated at once, and tokens of their prompts that are read at once.
    private static let (slots, promptTokens) = (16.0, 256.0)

    /// An estimate for each stage of the plan, in order.
    public func estimates(of plan: Plan) -> [Estimate] {
        plan.stages.map { Costs(plan: plan, instance: $0, model: self).estimate }
    }

    /// The plan as a whole: times and disk add up, memory does not.
    public static func total(of estimates: [Estimate]) -> Estimate {
        estimates.reduce(into: Estimate()) { sum, estimate in
            sum.seconds += estimate.seconds
            sum.diskBytes += estimate.diskBytes
            sum.memoryBytes = max(sum.memoryBytes, estimate.memoryBytes)
            sum.workBytes = max(sum.workBytes, estimate.workBytes)
        }
    }

    /// The estimate of one stage.
    private struct Costs {
        let plan: Plan
        let instance: StageInstance
        let model: CostModel

        var estimate: Estimate {
            switch instance.stage {
            case .tokenizer(let stage):
                let bytes = stage.corpus.reduce(0) { $0 + tokens(of: $1) * bytesPerToken }
                // SentencePiece reads about a megabyte a second and keeps the text and its suffix array.
                return Estimate(
                    seconds: 1 + bytes / 1e6, memoryBytes: processBytes + 20 * bytes, diskBytes: 1e6)
            case .cut(let stage): return cut(stage)
            case .generate(let stage): return generate(stage)
            case .select(let stage): return select(stage)
            case .learn(let stage): return learn(stage)
            case .label(let stage): return label(stage)
            case .train(let stage): return train(stage)
            case .convert(let stage):
                let bytes = weights(shape(of: stage.model))
                let format = stage.type.format
                let share = Double(format.bytesPerBlock) / Double(4 * format.valuesPerBlock)
                return Estimate(seconds: 1, memoryBytes: processBytes + bytes, diskBytes: share * bytes)
            case .evaluate(let stage): return evaluate(stage)
            case .report: return Estimate()
            }
        }

        private func seconds(_ operations: Double, _ share: Double) -> Double {
            operations / (model.gigaflops * 1e9 * share)
        }

        private func cut(_ stage: CutStage) -> Estimate {
            let (whole, kept) = (shape(of: stage.model), shape(of: stage))
            let measured = (stage.settings.cut.measuresImportance ? StudentCut.importanceTokens : 0)
            let seen = (stage.settings.cut.vocabulary == nil ? 0 : StudentCut.massTokens)
            return Estimate(
                seconds: 1 + seconds(Double(measured + seen) * (whole?.forwardOperations ?? 0), labelShare),
                memoryBytes: processBytes + stored(stage.model) + weights(kept)
                    + (measured + seen > 0 ? pass(whole, passTokens) : 0),
                diskBytes: weights(kept))
        }

        /// The shape that is left of a model.
        private func shape(of stage: CutStage) -> ModelShape? {
            guard var shape = shape(of: stage.model) else { return nil }
            let cut = stage.settings.cut
            switch cut.layers {
            case .count(let count)?: shape.layers = count
            case .chosen(let chosen)?: shape.layers = chosen.count
            case nil: break
            }
            shape.feedForward = cut.feedForward ?? shape.feedForward
            shape.heads = cut.heads ?? shape.heads
            shape.width = cut.width ?? shape.width
            shape.vocabulary = cut.vocabulary?.size ?? shape.vocabulary
            return shape
        }

        private func generate(_ stage: GenerateStage) -> Estimate {
            let shape = shape(of: stage.model)
            let tokens = generatedTokens(stage, of: instance)
            let records = generatedRecords(stage, of: instance)
            let question = promptBytes(stage, of: instance) / bytesPerToken
            return Estimate(
                seconds: seconds(tokens * (shape?.forwardOperations ?? 0), generateShare),
                memoryBytes: processBytes + stored(stage.model)
                    + generation(shape, length: question + Double(stage.maxNewTokens)),
                diskBytes: tokens * bytesPerToken + records * recordBytes)
        }

        private func select(_ stage: SelectStage) -> Estimate {
            let models = [stage.model, stage.small].compactMap { $0 }.compactMap { shape(of: $0) }
            let tokens = stage.corpus.reduce(0) { $0 + self.tokens(of: $1) }
            return Estimate(
                seconds: models.reduce(0) { $0 + seconds(tokens * $1.forwardOperations, labelShare) },
                memoryBytes: models.reduce(processBytes) {
                    $0 + weights($1) + pass($1, min(tokens, passTokens))
                }, diskBytes: stage.share * tokens * bytesPerToken)
        }

        private func learn(_ stage: LearnStage) -> Estimate {
            let shape = shape(of: stage.model)
            let tokens = stage.corpus.reduce(0) { $0 + self.tokens(of: $1) }
            let steps = 3 * Double(stage.steps) * stage.share
            return Estimate(
                seconds: seconds(tokens * (1 + steps) * (shape?.forwardOperations ?? 0), trainShare),
                memoryBytes: processBytes + weights(shape) + 6 * Self.learnedBytes,
                diskBytes: stage.share * tokens * 4 * Double(shape?.width ?? 0))
        }

        /// Of a matrix over the positions that are learned at once and the vocabulary.
        private static var learnedBytes: Double { 128e6 }

        private func label(_ stage: LabelStage) -> Estimate {
            let shape = shape(of: stage.model)
            let tokens = stage.corpus.reduce(0) { $0 + self.tokens(of: $1) }
            let entries =
                switch stage.signal {
                case .topK(let k, _): Double(k)
                // Teachers are mostly sure: half of a head, and few draws, which repeat.
                case .sampled(let head, let draws, _): Double(head) / 2 + Double(draws) / 16
                }
            let hidden = 2 * Double(stage.hidden.count) * Double(shape?.width ?? 0)
            // A list of its own for the ids, probabilities and draws of each position, until its shard is written.
            let pending = min(tokens, Double(stage.contextLength) * 2048) * (300 + 8 * entries)
            let bytes: Double =
                switch stage.signal {
                case .topK(let k, _): Double(4 * k + 2)
                case .sampled: 3 * entries + 9
                }
            return Estimate(
                seconds: seconds(tokens * (shape?.forwardOperations ?? 0), labelShare),
                memoryBytes: processBytes + stored(stage.model) + pass(shape, min(tokens, passTokens))
                    + pending,
                // Text in JSON has markup around it; two bytes or more for each token, the rest where one is a target.
                diskBytes: tokens * (2.2 + (stage.lossOn == .assistant ? 0.5 : 1) * (bytes + hidden)))
        }

        private func train(_ stage: TrainStage) -> Estimate {
            let shape = shape(of: stage.model, tokenizer: stage.tokenizer, in: instance)
            let perStep = Double(stage.batch.sequences) * Double(stage.batch.contextLength)
            let tokens =
                switch stage.duration {
                case .tokens(let tokens): Double(tokens)
                case .steps(let steps): Double(steps) * perStep
                case .epochs(let epochs):
                    epochs
                        * (stage.corpus.map(\.source) + (stage.learned.map { [$0] } ?? []))
                        .reduce(0) { $0 + self.tokens(of: $1) }
                }
            // Of corpora with teachers of their own, the most that any of them costs.
            let routed = stage.corpus.compactMap(\.teacher).compactMap { self.shape(of: $0) }
                .max { $0.forwardOperations < $1.forwardOperations }
            let teachers =
                stage.teachers.compactMap { self.shape(of: $0.model) } + (routed.map { [$0] } ?? [])
            let peer = stage.peer.flatMap {
                self.shape(of: $0.model, tokenizer: stage.tokenizer, in: instance)
            }
            let learners = [shape, peer].compactMap { $0 }
            let operations =
                3 * learners.reduce(0) { $0 + $1.forwardOperations }
                + teachers.reduce(0) { $0 + $1.forwardOperations }
            // An exit reads the head three times, as its last layer does, and once more the last layer's.
            let exits = Double(4 * (stage.exits?.layers.count ?? 0)) * (shape?.headOperations ?? 0)
            // Weights, gradients, two moments, and the average where there is one.
            let copies: Double = stage.averageDecay == nil ? 4 : 5
            let state = copies * learners.reduce(0) { $0 + weights($1) }
            // What the backward pass keeps of a token in a layer, in units of the width: about ten and four
            // times the feed-forward's.
            let kept = learners.reduce(0) {
                $0 + Double($1.layers) * Double(10 * $1.width + 4 * $1.feedForward) * 4
            }
            // A corpus may be smaller than a batch.
            let whole = stage.corpus.reduce(0) { $0 + self.tokens(of: $1.source) }
            let rows = min(perStep / Double(stage.batch.accumulate), whole > 0 ? whole : .infinity)
            // Teachers are read as they are stored, one after the other; each keeps its logits beside the student's.
            let teaching =
                teachers.reduce(0) { $0 + weights($1) / 2 + logits($1, rows) }
                + (teachers.map { pass($0, rows) - logits($0, rows) }.max() ?? 0)
            return Estimate(
                seconds: seconds(tokens * (operations + exits), trainShare),
                memoryBytes: processBytes + state + rows * kept + teaching
                    + learners.reduce(0) { $0 + logits($1, rows) },
                diskBytes: learners.reduce(0) { $0 + weights($1) } * (stage.precision == .bf16 ? 0.5 : 1),
                // The state of the last save and the one that takes its place: all but the gradients.
                workBytes: 2 * state * (copies - 1) / copies)
        }

        private func evaluate(_ stage: EvaluateStage) -> Estimate {
            var shape = shape(of: stage.models[0].reference)
            if let exit = stage.models[0].exit { shape?.layers = exit }
            let teacher = stage.teacher.flatMap { self.shape(of: $0) }
            // Half-overlapping windows read a long text twice.
            let overlap = Double(stage.windowLength) / Double(stage.windowStride)
            let text = stage.perplexity.reduce(0) { $0 + tokens(of: $1) } * overlap
            let compared = stage.agreement.reduce(0) { $0 + tokens(of: $1) } * overlap
            let answers = stage.tasks.reduce(0) { $0 + tokens(of: $1.value.questions) }
            let forward = shape?.forwardOperations ?? 0
            let limit = stage.limit.map { Double($0) * Self.limitedTokens } ?? .infinity
            let rows = min(max(text, compared), limit, passTokens)
            let isCompared = !stage.agreement.isEmpty && stage.teacher != nil
            let passes = max(pass(shape, rows), isCompared ? pass(teacher, rows) : 0)
            let beside = isCompared ? stage.teacher.map { stored($0) + logits(teacher, rows) } ?? 0 : 0
            let answering = stage.tasks.isEmpty ? 0 : generation(shape, length: 2 * Self.limitedTokens)
            return Estimate(
                seconds: seconds(
                    text * forward + compared * (forward + (teacher?.forwardOperations ?? 0)), labelShare)
                    + seconds(answers * forward, generateShare) + (stage.measuresSpeed ? 2 : 0),
                memoryBytes: processBytes + stored(stage.models[0].reference) + passes + beside + answering,
                diskBytes: 700)
        }

        /// Tokens of a record where only some of a file are read.
        private static let limitedTokens = 64.0

        /// Weights in Float32.
        private func weights(_ shape: ModelShape?) -> Double { 4 * (shape?.parameters ?? 0) }

        /// Weights of a frozen model, as its file has them.
        private func stored(_ reference: Reference) -> Double {
            if case .file(let url) = instance.inputs[reference.target],
                let bytes = try? Checkpoint.weightBytes(at: url)
            {
                return Double(bytes)
            }
            return weights(shape(of: reference))
        }

        /// What a forward pass of a frozen model holds, its logits among it.
        ///
        /// Per token the values of one layer, of which several layers' are alive at a time: measured at 3.5.
        private func pass(_ shape: ModelShape?, _ tokens: Double) -> Double {
            guard let shape else { return 0 }
            let heads = 2 * (shape.heads + shape.keyValueHeads) * shape.headDimension
            let values = Double(4 * shape.width + heads + 3 * shape.feedForward)
            return 4 * 3.5 * values * tokens + logits(shape, tokens)
        }

        /// A chunk of logits (see `LogitsChunks`).
        private func logits(_ shape: ModelShape?, _ tokens: Double) -> Double {
            let vocabulary = Double(shape?.vocabulary ?? 0)
            return 4 * vocabulary * min(tokens, max(128, Double(4 << 20) / max(vocabulary, 1)))
        }

        /// What answering holds: keys and values of the sequences, and the pass over their prompts.
        private func generation(_ shape: ModelShape?, length: Double) -> Double {
            guard let shape else { return 0 }
            let keys = Double(shape.layers * 2 * shape.keyValueHeads * shape.headDimension)
            return 4 * slots * min(length, Double(shape.contextLength)) * keys + pass(shape, promptTokens)
        }

        // MARK: What references stand for

        private func shape(of reference: Reference) -> ModelShape? { shape(of: reference, in: instance) }

        private func shape(of reference: Reference, in instance: StageInstance) -> ModelShape? {
            switch instance.inputs[reference.target] {
            case .file(let url): return ModelShape(checkpoint: url)
            case .stage(let address):
                let maker = plan.instance(address)
                switch maker.stage {
                case .train(let train): return shape(of: train.model, tokenizer: train.tokenizer, in: maker)
                case .cut(let cut): return Costs(plan: plan, instance: maker, model: model).shape(of: cut)
                case .convert(let convert):
                    return Costs(plan: plan, instance: maker, model: model).shape(of: convert.model)
                default: return nil
                }
            case .second(let address):
                let maker = plan.instance(address)
                guard case .train(let train) = maker.stage, let peer = train.peer else { return nil }
                return shape(of: peer.model, tokenizer: train.tokenizer, in: maker)
            case nil: return nil
            }
        }

        private func shape(of model: ModelSettings, tokenizer: Reference, in instance: StageInstance)
            -> ModelShape?
        {
            switch model.origin {
            case .checkpoint(let reference): shape(of: reference, in: instance)
            case .cut(let reference, _): shape(of: reference, in: instance)
            case .new(let shape): ModelShape(shape, vocabulary: vocabulary(of: tokenizer, in: instance))
            }
        }

        private func vocabulary(of reference: Reference, in instance: StageInstance) -> Int {
            if case .stage(let address) = instance.inputs[reference.target],
                case .tokenizer(let stage) = plan.instance(address).stage
            {
                return stage.vocabulary
            }
            return shape(of: reference, in: instance)?.vocabulary ?? usualVocabulary
        }

        private func tokens(of reference: Reference) -> Double {
            switch instance.inputs[reference.target] {
            case .file(let url): return Double(size(of: url)) / bytesPerToken
            case .stage(let address):
                let maker = plan.instance(address)
                switch maker.stage {
                case .generate(let stage): return generatedTokens(stage, of: maker)
                case .select(let stage): return part(stage.share, of: stage.corpus, in: maker)
                case .learn(let stage): return part(stage.share, of: stage.corpus, in: maker)
                default: return 0
                }
            case .second(let address):
                guard case .learn(let stage) = plan.instance(address).stage else { return 0 }
                return part(stage.share, of: stage.corpus, in: plan.instance(address))
            case nil: return 0
            }
        }

        private func part(_ share: Double, of corpus: [Reference], in maker: StageInstance) -> Double {
            let costs = Costs(plan: plan, instance: maker, model: model)
            return share * corpus.reduce(0) { $0 + costs.tokens(of: $1) }
        }

        private func generatedTokens(_ stage: GenerateStage, of instance: StageInstance) -> Double {
            let tokens = generatedRecords(stage, of: instance) * Double(stage.maxNewTokens) * answerShare
            return min(tokens, Double(stage.tokenBudget ?? .max))
        }

        private func generatedRecords(_ stage: GenerateStage, of instance: StageInstance) -> Double {
            var prompts = 0
            for reference in stage.prompts {
                guard case .file(let url) = instance.inputs[reference.target] else { continue }
                let files = (try? CorpusFiles(at: url).files) ?? []
                prompts += files.reduce(0) { $0 + ((try? JSONLines.count(of: $1)) ?? 0) }
            }
            return Double(min(prompts, stage.limit ?? .max)) * Double(stage.samples)
        }

        /// Bytes of a prompt's record.
        private func promptBytes(_ stage: GenerateStage, of instance: StageInstance) -> Double {
            let files = stage.prompts.compactMap { reference -> URL? in
                if case .file(let url) = instance.inputs[reference.target] { url } else { nil }
            }.flatMap { (try? CorpusFiles(at: $0).files) ?? [] }
            let records = files.reduce(0) { $0 + ((try? JSONLines.count(of: $1)) ?? 0) }
            return Double(files.reduce(0) { $0 + size(of: $1) }) / Double(max(records, 1))
        }

        private func size(of url: URL) -> Int {
            ((try? CorpusFiles(at: url).files) ?? []).reduce(0) { sum, file in
                // A link's own size is that of a path.
                let size = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey])
                    .fileSize
                return sum + (size ?? 0)
            }
        }
    }
}
