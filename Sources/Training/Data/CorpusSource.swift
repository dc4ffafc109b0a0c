import Corpora
import Foundation
import Signals
import Transformer

/// Batches of a packed corpus, with cached signals where there are any.
///
/// A step's documents depend only on the corpus, the budget of tokens, the seed and the step. They are computed in parts, to
/// save memory; a part is one batch, or, where its documents have several teachers or caches, one for each. Gradients are
/// summed over batches.
public final class CorpusSource: BatchSource {
    private let corpus: EncodedCorpus
    private let caches: SignalCaches?
    private let teachers: [Int]?
    private let readsHidden: Bool
    /// The most tokens of a part.
    private let capacity: Int
    private var packer: Packer

    /// - Parameters:
    ///   - corpus: no document is longer than `context`
    ///   - caches: have signals for every document; nil to train without
    ///   - readsHidden: whether the batches have the hidden states that the caches store
    ///   - teachers: for each document, the index of the teacher that labels it; nil for the first
    ///   - sequences: sequences of `context` tokens in a step's budget, over all its parts
    ///   - context: the most tokens of a document
    ///   - parts: passes that a step's budget is divided into, to save memory
    ///   - seed: of the order of documents
    public init(
        corpus: EncodedCorpus, caches: SignalCaches? = nil, readsHidden: Bool = false,
        teachers: [Int]? = nil, sequences: Int, context: Int, parts: Int = 1, seed: UInt64
    ) {
        precondition(sequences % parts == 0, "\(sequences) sequences do not divide into \(parts) parts")
        precondition(teachers.map { $0.count == corpus.count } ?? true, "every document has a teacher")
        self.corpus = corpus
        self.caches = caches
        self.teachers = teachers
        self.readsHidden = readsHidden
        capacity = sequences / parts * context
        packer = Packer(lengths: corpus.lengths, budget: sequences * context, seed: seed)
    }

    /// A source with at most one cache.
    public convenience init(
        corpus: EncodedCorpus, cache: SignalCache?, readsHidden: Bool = false, sequences: Int, context: Int,
        parts: Int = 1, seed: UInt64
    ) {
        self.init(
            corpus: corpus, caches: cache.map { SignalCaches([$0]) }, readsHidden: readsHidden,
            sequences: sequences, context: context,
            parts: parts, seed: seed)
    }

    /// The batches of a step.
    ///
    /// - Throws: `UserError` when the disk fails or a document is in no cache
    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        let documents = packer.batch(step)
        let lengths = documents.map { Int(corpus.lengths[$0]) }
        return try Packer.parts(lengths: lengths, capacity: capacity).flatMap { part in
            let chosen = part.map { documents[$0] }
            guard let teachers else { return try batches(of: chosen, teacherIndex: 0) }
            return try grouped(chosen) { teachers[$0] }.flatMap { teacher, indices in
                try batches(of: indices, teacherIndex: teacher)
            }
        }
    }

    /// The number of steps, from the first, that have at least `tokens` tokens together.
    public func steps(reaching tokens: Int) -> Int { packer.batches(reaching: tokens) }

    private func batches(of indices: [Int], teacherIndex: Int) throws -> [TrainingBatch] {
        let documents = try indices.map(corpus.document)
        guard let caches else { return [TrainingBatch(PackedBatch(documents), teacherIndex: teacherIndex)] }
        return try grouped(documents, by: caches.holders).map { holders, documents in
            TrainingBatch(
                PackedBatch(documents), signal: try caches.signal(for: documents, in: holders),
                hidden: readsHidden ? try caches.hidden(for: documents, in: holders) : nil,
                teacherIndex: teacherIndex)
        }
    }

    /// The layers whose hidden states the batches have.
    public var hiddenLayers: HiddenLayers? { readsHidden ? caches?.hiddenLayers : nil }
}

/// Elements grouped by a key, in their order; the keys rise.
private func grouped<Element, Key: Hashable & Comparable>(
    _ elements: [Element], by key: (Element) throws -> Key
) rethrows -> [(key: Key, elements: [Element])] {
    var groups: [Key: [Element]] = [:]
    for element in elements { groups[try key(element), default: []].append(element) }
    return groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
}
