import Checkpoints
import Foundation
import Pruning
import Signals
import Support
import Tensors

extension CostModel {
    /// The estimate of one stage.
    struct Costs {
        let plan: Plan
        let instance: StageInstance
        let model: CostModel
        let extents: CorpusExtents

        var estimate: Estimate {
            switch instance.stage {
            case .tokenizer(let stage):
                let bytes = extent(of: stage.corpus).tokens * CorpusExtent.bytesPerToken
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
                // Tensors are read from the mapped file and written one after the other.
                return Estimate(
                    seconds: 1, memoryBytes: processBytes + stored(stage.model), diskBytes: share * bytes)
            case .evaluate(let stage): return evaluate(stage)
            case .report: return Estimate()
            }
        }

        private func seconds(_ operations: Double, _ share: Double) -> Double {
            operations / (model.gigaflops * 1e9 * share)
        }

        /// A process that multiplies matrices.
        private var productive: Double { processBytes + productBytes * Double(Parallel.threads) }

        private func cut(_ stage: PruneStage) -> Estimate {
            let whole = shape(of: stage.model)
            let measured = (stage.settings.cut.measuresImportance ? PruningPlan.importanceTokens : 0)
            let seen = (stage.settings.cut.vocabulary == nil ? 0 : PruningPlan.massTokens)
            let looks = measured + seen > 0
            return Estimate(
                seconds: 1 + seconds(Double(measured + seen) * (whole?.forwardOperations ?? 0), labelShare),
                // What is kept is taken as it is written, from weights that stay as they are stored.
                memoryBytes: productive + stored(stage.model)
                    + (looks ? pass(whole, passTokens) + logits(whole, passTokens) : 0),
                diskBytes: stored(stage, at: instance))
        }

        /// What a cut model takes on disk.
        func stored(_ stage: PruneStage, at instance: StageInstance) -> Double {
            let costs = at(instance)
            let kept = weights(costs.shape(of: stage))
            switch stage.precision {
            case .f32: return kept
            case .bf16: return kept / 2
            case .stored:
                let whole = weights(costs.shape(of: stage.model))
                return whole > 0 ? kept * costs.stored(stage.model) / whole : kept
            }
        }

        /// The shape that is left of a model.
        func shape(of stage: PruneStage) -> ModelShape? {
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
            let prompts = promptExtent(stage, of: instance, limited: true)
            let made = generated(stage, of: instance)
            return Estimate(
                seconds: seconds(made.targets * (shape?.forwardOperations ?? 0), generateShare),
                memoryBytes: productive + loaded(stage.model)
                    + answering(
                        shape, prompts, sequences: made.records,
                        answer: answerShare * Double(stage.maxNewTokens))
                    // All prompts are read before the first is answered.
                    + 3 * CorpusExtent.bytesPerToken
                    * promptExtent(stage, of: instance, limited: false).tokens,
                diskBytes: made.tokens * CorpusExtent.bytesPerToken + made.records * recordBytes)
        }

        /// Slots keep the keys and values of the longest sequence that each has held.
        private func answering(
            _ shape: ModelShape?, _ prompts: CorpusExtent, sequences: Double, answer: Double
        ) -> Double {
            let held = max(sequences / 16, 1)
            let usual = prompts.mean + (prompts.longest - prompts.mean) * (held - 1) / (held + 1)
            return shape?.generation(sequences: sequences, length: usual + answer) ?? 0
        }

        private func select(_ stage: SelectStage) -> Estimate {
            let models = [stage.model, stage.small].compactMap { $0 }
            let shapes = models.compactMap { shape(of: $0) }
            let corpus = extent(of: stage.corpus)
            // Documents are run one by one: their lengths leave buffers of the eight sizes of an octave.
            let rows = 8 * corpus.mean
            let running: Double
            if stage.method == .gradient, let shape = shapes.first {
                // Gradients and their mean squares, and for each weight its place in a sketch, of two bytes.
                running =
                    2.5 * weights(shape) + shape.training(rows, targets: rows) + logits(shape, corpus.longest)
            } else {
                running = shapes.reduce(0) { $0 + $1.pass(rows, longest: rows) + logits($1, corpus.longest) }
            }
            return Estimate(
                seconds: shapes.reduce(0) { $0 + seconds(corpus.tokens * $1.forwardOperations, labelShare) },
                memoryBytes: (models.isEmpty ? processBytes : productive)
                    + models.reduce(0) { $0 + loaded($1) } + running,
                diskBytes: stage.share * bytes(corpus))
        }

        /// JSON lines of a corpus.
        private func bytes(_ corpus: CorpusExtent) -> Double {
            corpus.tokens * CorpusExtent.bytesPerToken + 20 * corpus.records
        }

        private func learn(_ stage: DistillDatasetStage) -> Estimate {
            let shape = shape(of: stage.model)
            let corpus = extent(of: stage.corpus)
            let tokens = stage.share * corpus.tokens
            let steps = 3 * Double(stage.steps) * stage.share
            // Positions that are learned at once, of which matrices over the vocabulary are held: their labels with gradient and
            // moments, and the distributions that are compared.
            let vocabulary = Double(shape?.vocabulary ?? 0)
            let together = min(tokens, max(16, min(2048, Double(1 << 25) / max(vocabulary, 1))))
            let matrices = 4 * vocabulary * together * 9
            return Estimate(
                seconds: seconds(corpus.tokens * (1 + steps) * (shape?.forwardOperations ?? 0), trainShare),
                memoryBytes: productive + weights(shape) + matrices
                    + (shape?.training(together, targets: together) ?? 0)
                    // The statistic that is wanted, the one there is, and their difference.
                    + 12 * vocabulary * Double(shape?.width ?? 0),
                diskBytes: tokens * 4 * Double(shape?.width ?? 0) + stage.share * bytes(corpus))
        }

        private func label(_ stage: LabelStage) -> Estimate {
            let shape = shape(of: stage.model)
            let corpus = extent(of: stage.corpus, documents: stage.documents)
            let positions = stage.lossOn == .assistant ? corpus.targets : corpus.tokens
            let entries =
                switch stage.signal {
                case .topK(let k, _): Double(k)
                // Teachers are mostly sure: half of a head, and few draws, which repeat.
                case .sampled(let head, let draws, _): Double(head) / 2 + Double(draws) / 16
                }
            let bytes: Double =
                switch stage.signal {
                case .topK(let k, _): Double(4 * k + 2)
                case .sampled: 3 * entries + 9
                }
            let hidden = Double(stage.hidden.count) * Double(shape?.width ?? 0)
            // Until its shard is written each position has lists of its own, hidden states as Float32, and all of them once more
            // as they are put together.
            let documents = Double(
                stage.hidden.isEmpty ? LabelingJob.shardDocuments : LabelingJob.shardDocumentsWithHidden)
            let densest = stage.lossOn == .assistant ? corpus.densestShare : 1
            let pending =
                min(positions, documents * corpus.mean * densest) * (400 + 40 * entries + 8 * hidden)
            let rows = min(corpus.tokens, passTokens)
            return Estimate(
                seconds: seconds(corpus.tokens * (shape?.forwardOperations ?? 0), labelShare),
                memoryBytes: productive + loaded(stage.model)
                    + passes(shape, rows, of: corpus, context: stage.contextLength)
                    + logits(shape, rows * densest) + pending,
                diskBytes: 2.2 * corpus.tokens + positions * (bytes + 2 * hidden))
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
            // Weights, gradients, two moments, the average where there is one; rounded weights, and gradients to compare with.
            let copies: Double = stage.averageDecay == nil ? 4 : 5
            let beside = (stage.quantization == nil ? 0.0 : 1) + (stage.gradientAngle == nil ? 0 : 1)
            let state = copies * learners.reduce(0) { $0 + weights($1) }
            let whole = stage.corpus.reduce(stage.learned.map { extent(of: $0) } ?? CorpusExtent()) {
                $0 + extent(of: $1.source, limit: $1.limit, documents: stage.documents)
            }
            // A corpus may be smaller than a batch.
            let rows = min(
                perStep / Double(stage.batch.accumulate), whole.tokens > 0 ? whole.tokens : .infinity)
            // Of batches in random order some have more targets than the mean.
            let targets = rows * (stage.lossOn == .assistant ? min(1, 1.2 * whole.share) : 1)
            // Teachers run one after the other; each keeps its logits beside the student's. Losses that look inside run the first
            // as a whole.
            let references =
                stage.teachers.map(\.model) + Self.distinct(stage.corpus.compactMap(\.teacher))
                + (stage.gradientAngle.map { [$0.teacher] } ?? [])
            let looksInside = !stage.features.isEmpty && !stage.teachers.isEmpty
            let teaching =
                references.reduce(0) { $0 + loaded($1) }
                + references.reduce(0) {
                    let shape = self.shape(of: $1)
                    return max(
                        $0,
                        passes(shape, rows, of: whole, context: stage.batch.contextLength)
                            + (looksInside ? shape?.inside(rows) ?? 0 : 0))
                }
            let speakers = Double(stage.teachers.count + (routed == nil ? 0 : 1) + (peer == nil ? 0 : 1))
            let answering =
                stage.onPolicy.map { settings in
                    let prompts = extent(of: settings.prompts, asPrompts: true)
                    return self.answering(
                        shape, prompts, sequences: perStep / 64, answer: Double(settings.maxNewTokens))
                } ?? 0
            // A student's own answers and a corpus make batches of other sizes, each with buffers of its own.
            let sizes = stage.onPolicy == nil ? 1.0 : 2
            let running =
                sizes
                * learners.reduce(0) {
                    $0 + $1.training(rows, targets: targets * Double(1 + (stage.exits?.layers.count ?? 0)))
                }
            let heads = (1 + speakers + (stage.exits == nil ? 0 : 1)) * logits(shape, targets)
            return Estimate(
                seconds: seconds(tokens * (operations + exits), trainShare),
                memoryBytes: productive + state + beside * weights(shape) + running + heads + teaching
                    + answering,
                diskBytes: learners.reduce(0) { $0 + weights($1) } * (stage.precision == .bf16 ? 0.5 : 1),
                // The state of the last save and the one that takes its place: all but the gradients.
                workBytes: 2 * state * (copies - 1) / copies)
        }

        private func evaluate(_ stage: EvaluateStage) -> Estimate {
            var shape = shape(of: stage.models[0].reference)
            if let exit = stage.models[0].exit { shape?.layers = exit }
            let teacher = stage.teacher.flatMap { self.shape(of: $0) }
            // Half-overlapping windows read a long text twice.
            let length = Double(stage.windowLength)
            func read(_ corpus: CorpusExtent) -> Double {
                corpus.tokens * (corpus.mean > length ? length / Double(stage.windowStride) : 1)
            }
            let text = extent(of: stage.perplexity, limit: stage.limit, documents: stage.documents)
            let compared = extent(of: stage.agreement, limit: stage.limit, documents: stage.documents)
            let questions = stage.tasks.map { extent(of: [$0.value.questions], limit: stage.limit) }
            let answers = questions.reduce(0) { $0 + $1.records * Self.answerTokens }
            let forward = shape?.forwardOperations ?? 0
            let isCompared = !stage.agreement.isEmpty && stage.teacher != nil
            let longer = read(text) > read(compared) ? text : compared
            let rows = min(read(longer), max(passTokens, length))
            let positions = rows * longer.densestShare
            var running =
                passes(shape, rows, of: longer, context: stage.windowLength) + logits(shape, positions)
            if isCompared {
                // Buffers of models of one shape are the same.
                if teacher != shape {
                    running += passes(teacher, rows, of: longer, context: stage.windowLength)
                }
                running += logits(teacher, positions)
            }
            // Buffers of a pass over windows are of other sizes than those of answering.
            running +=
                questions.map {
                    answering(shape, $0, sequences: $0.records, answer: Self.answerTokens)
                }.max() ?? 0
            return Estimate(
                seconds: seconds(
                    read(text) * forward + read(compared) * (forward + (teacher?.forwardOperations ?? 0)),
                    labelShare) + seconds(answers * forward, generateShare) + (stage.measuresSpeed ? 2 : 0),
                memoryBytes: productive + loaded(stage.models[0].reference)
                    + (isCompared ? stage.teacher.map(loaded) ?? 0 : 0) + running,
                diskBytes: 1800)
        }

        /// Tokens of an answer to a question.
        private static let answerTokens = 16.0
    }
}
