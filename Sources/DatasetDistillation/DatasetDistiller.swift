import Corpora
import Foundation
import Selection
import Signals
import Support
import Tensors
import Training
import Transformer

// N positions of a group of sequences, M targets among them, C width, V vocabulary.

/// Dataset distillation: optimizes a few synthetic sequences that represent a corpus.
///
/// Input embeddings and soft labels are initialized with documents of the corpus and optimized by gradient descent until a
/// statistic of them matches that of the corpus. The model is frozen. Sequences are optimized in groups, each matched to a part
/// of the corpus, so that they differ from each other and memory does not depend on their number.
///
///     let distiller = DatasetDistiller(model, isText: isText, options: options)
///     let result = try distiller.distill(corpus, content: { _ in [] }, budget: 4_096) { _, _, _ in }
///     try result.sequences.save(to: url)
public struct DatasetDistiller {
    /// Options of the optimization.
    public struct Options: Sendable {
        /// The statistic that is matched.
        public var statistic: MatchedStatistic
        /// Number of gradient steps for each group.
        public var steps: Int
        /// Of embeddings in units of their root mean square, of label logits as it is; it decreases linearly to 0.
        public var learningRate: Float
        /// Of the initial documents and the parts of the corpus.
        public var seed: UInt64

        /// The accepted numbers of steps.
        public static let stepsLimits = 1...1_000_000
        /// The accepted learning rates: with more than a thousand times an embedding's size the initialization is lost.
        public static let learningRateLimits = NumberLimits(1e-9...1e3)

        /// Options of the optimization.
        public init(statistic: MatchedStatistic, steps: Int, learningRate: Float, seed: UInt64) {
            self.statistic = statistic
            self.steps = steps
            self.learningRate = learningRate
            self.seed = seed
        }
    }

    /// The result of a distillation.
    public struct Result {
        /// The sequences.
        public let sequences: SyntheticSequences
        /// For each sequence the document of the corpus that it was initialized with.
        public let origins: [Int]
        /// ‖S − S_corpus‖² / ‖S_corpus‖² of the statistic S, the mean over groups: at the start and at the end.
        public let distance: (first: Double, last: Double)
    }

    /// The initial label's mass on the model's distribution; the rest is on the next token.
    private static let smoothing: Float = 0.1
    /// Entries of a label that are stored.
    package static let labelEntries = 64

    private let model: DecoderModel
    /// For each piece whether it is text. Others are neither optimized nor decoded to.
    private let isText: [Bool]
    private let options: Options

    /// - Parameters:
    ///   - model: frozen, its weights in Float32
    ///   - isText: for each of the V pieces whether it is text
    ///   - options: of the optimization
    public init(_ model: DecoderModel, isText: [Bool], options: Options) {
        precondition(isText.count == model.configuration.vocabularySize, "isText has one flag per piece")
        self.model = model
        self.isText = isText
        self.options = options
    }

    /// Distils a corpus into synthetic sequences.
    ///
    /// - Parameters:
    ///   - corpus: documents without targets are ignored
    ///   - content: for a document of the corpus, the ranges of tokens that are optimized; what lies past its end is ignored
    ///   - budget: the most tokens of all sequences together
    ///   - progress: receives the steps done, the total, and the distance of the current group
    /// - Complexity: three forward passes of the sequences per step, and one of the corpus
    /// - Throws: `UserError` when no document fits the budget, or the disk fails; and what `progress` throws
    public func distill(
        _ corpus: EncodedCorpus, content: (_ document: Int) throws -> [Range<Int>], budget: Int,
        progress: (_ done: Int, _ total: Int, _ distance: Double) throws -> Void
    ) throws -> Result {
        let usable = try (0..<corpus.count).filter { try corpus.document($0).targetCount > 0 }
        let chosen = RandomSelection(seed: options.seed).choose(
            lengths: usable.map { corpus.lengths[$0] }, budget: budget
        ).map { usable[$0] }
        guard !chosen.isEmpty else {
            throw UserError(
                "no document fits a budget of \(budget) tokens",
                hint: "choose a larger fraction of the corpus", status: .configuration
            )
        }
        let groups = grouped(chosen, corpus.lengths)
        var stream = RandomStream(seed: options.seed, purpose: "learned data parts")
        let order = stream.permutation(of: usable.count)
        var parts: [SyntheticGroup] = []
        for (number, group) in groups.enumerated() {
            let part = order.indices.filter { $0 % groups.count == number }.map { usable[order[$0]] }
            let wanted = try statistic(of: part, corpus)
            parts.append(
                try optimize(
                    group.map { try corpus.document($0) }, content: group.map(content), wanted: wanted
                ) { step, distance in
                    try progress(number * options.steps + step, groups.count * options.steps, distance)
                })
        }
        func mean(_ value: (SyntheticGroup) -> Double) -> Double {
            parts.reduce(0) { $0 + value($1) } / Double(parts.count)
        }
        return Result(
            sequences: SyntheticGroup.joined(parts), origins: groups.flatMap { $0 },
            distance: (mean(\.firstDistance), mean(\.lastDistance)))
    }

    /// Groups of consecutive documents whose tokens are in memory at once.
    private func grouped(_ documents: [Int], _ lengths: [UInt32]) -> [[Int]] {
        let limit = MatchedStatistic.positionsAtOnce(vocabulary: model.configuration.vocabularySize)
        var (groups, room) = ([[Int]](), 0)
        for document in documents {
            let length = Int(lengths[document])
            if groups.isEmpty || length > room {
                groups.append([])
                room = max(limit, length)
            }
            groups[groups.count - 1].append(document)
            room -= length
        }
        return groups
    }

    /// The statistic of documents, [V, C].
    private func statistic(of documents: [Int], _ corpus: EncodedCorpus) throws -> Tensor {
        let sum = Tensor.zeros(model.head.weight.shape)
        var count = 0
        for group in grouped(documents, corpus.lengths) {
            let batch = TrainingBatch(PackedBatch(try group.map { try corpus.document($0) }))
            count += batch.targets.count
            withoutGradients {
                options.statistic.add(
                    hidden: gatherRows(model.hiddenStates(batch.tokens), at: batch.positions),
                    head: model.head, targets: batch.targets, to: sum)
            }
        }
        kernels.scale(sum.pointer, 1 / Float(max(count, 1)), sum.count)
        return sum
    }

    private func optimize(
        _ documents: [EncodedDocument], content: [[Range<Int>]], wanted: Tensor,
        progress: (_ step: Int, _ distance: Double) throws -> Void
    ) throws -> SyntheticGroup {
        let batch = TrainingBatch(PackedBatch(documents))
        let (ids, segments) = (batch.tokens.ids, batch.tokens.segments)
        let free = documents.indices.flatMap { index in
            content[index].flatMap { range in
                range.clamped(to: 0..<documents[index].ids.count).map { segments[index] + $0 }
            }
        }.filter { isText[Int(ids[$0])] }
        let isFree = free.reduce(into: [Bool](repeating: false, count: ids.count)) { $0[$1] = true }

        let embeddings = withoutGradients { model.embedded(ids) }
        let labels = firstLabels(batch)
        let size = Float((sumOfSquares([embeddings]) / Double(embeddings.count)).squareRoot())
        let optimizer = AdamW(
            groups: [
                .init(parameters: [("embeddings", embeddings)], learningRateScale: size, weightDecay: 0),
                .init(parameters: [("labels", labels)], weightDecay: 0),
            ], options: .init(learningRate: options.learningRate, weightDecay: 0, beta2: 0.99))
        embeddings.requiringGradient()
        labels.requiringGradient()
        var distances: [Double] = []
        for step in 0...options.steps {
            let (distance, tape) = Tape.record {
                let hidden = model.hiddenStates(
                    TokenBatch(ids: ids, segments: segments, embeddings: embeddings))
                return options.statistic.distance(
                    hidden: gatherRows(hidden, at: batch.positions), head: model.head, labels: labels,
                    to: wanted)
            }
            distances.append(Double(distance.pointer[0]))
            try progress(step, distances.last!)
            guard step < options.steps else { break }
            tape.backward(from: distance)
            if let gradient = embeddings.gradient {
                for row in ids.indices where !isFree[row] {
                    gradient.pointer(row: row).update(repeating: 0, count: gradient.width)
                }
            }
            let rest = 1 - Float(step) / Float(options.steps)
            optimizer.update(learningRate: options.learningRate * rest)
        }
        embeddings.requiringGradient(false)
        return SyntheticGroup(
            segments: segments, ids: snapped(embeddings, ids: ids, at: free),
            lossMask: documents.flatMap(\.lossMask),
            embeddings: embeddings, labels: Self.likeliest(softmaxed(labels), count: Self.labelEntries),
            firstDistance: distances.first!, lastDistance: distances.last!)
    }

    /// The initial label logits: most of the mass is on the next token.
    private func firstLabels(_ batch: TrainingBatch) -> Tensor {
        withoutGradients {
            let hidden = gatherRows(model.hiddenStates(batch.tokens), at: batch.positions)
            let labels = Tensor(shape: [hidden.rows, model.head.rows])
            model.head.project(hidden.matrix, into: labels.matrix)
            let p = softmaxed(labels)
            for (row, target) in batch.targets.enumerated() {
                let (values, logits) = (p.pointer(row: row), labels.pointer(row: row))
                for i in 0..<labels.width { logits[i] = safeLog(Self.smoothing * values[i]) }
                logits[Int(target)] = safeLog(Self.smoothing * values[Int(target)] + 1 - Self.smoothing)
            }
            return labels
        }
    }

    /// The ids, with those at some positions replaced by the text piece with the nearest embedding.
    private func snapped(_ embeddings: Tensor, ids: [Int32], at positions: [Int]) -> [Int32] {
        withoutGradients {
            let pieces = isText.indices.filter { isText[$0] }.map(Int32.init)
            let table = model.embedded(pieces)
            // argmin ‖e − t‖² = argmax e·t − ‖t‖² / 2.
            let halves = (0..<table.rows).map { row in
                Float(kernels.sum_of_squares(table.pointer(row: row), table.width)) / 2
            }
            let products = Tensor(shape: [positions.count, table.rows])
            let free = gatherRows(embeddings, at: positions)
            MatrixProduct.multiply(free.matrix, table.matrix.transposed, into: products.matrix)
            var result = ids
            for (row, position) in positions.enumerated() {
                let product = products.pointer(row: row)
                let best = halves.indices.max { product[$0] - halves[$0] < product[$1] - halves[$1] }!
                result[position] = pieces[best]
            }
            return result
        }
    }

    /// The likeliest tokens of each row and the mass of all others, which remains in p.
    private static func likeliest(_ p: Tensor, count: Int) -> SparseSignal {
        var signal = SparseSignal(kind: .topK(k: min(count, p.width)), temperature: 1)
        for row in 0..<p.rows {
            var entries = PositionEntries.taking(count, of: p.pointer(row: row), vocabulary: p.width)
            entries.tail = kernels.sum(p.pointer(row: row), p.width)
            signal.append(entries)
        }
        return signal
    }
}

/// Sequences that were optimized together.
private struct SyntheticGroup {
    let segments: [Int]
    let ids: [Int32]
    let lossMask: [Bool]
    let embeddings: Tensor
    let labels: SparseSignal
    let firstDistance: Double
    let lastDistance: Double

    static func joined(_ groups: [SyntheticGroup]) -> SyntheticSequences {
        var (segments, labels) = ([0], SparseSignal(kind: groups[0].labels.kind, temperature: 1))
        for group in groups {
            let (start, entries) = (segments.last!, labels.ids.count)
            segments += group.segments.dropFirst().map { start + $0 }
            labels.ids += group.labels.ids
            labels.weights += group.labels.weights
            labels.tails += group.labels.tails
            labels.offsets += group.labels.offsets.dropFirst().map { entries + $0 }
        }
        return SyntheticSequences(
            segments: segments, ids: groups.flatMap(\.ids), lossMask: groups.flatMap(\.lossMask),
            embeddings: concatenateRows(groups.map(\.embeddings), width: groups[0].embeddings.width),
            labels: labels)
    }
}
