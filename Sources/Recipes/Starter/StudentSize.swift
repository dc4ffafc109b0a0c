import Foundation
import Transformer

/// The student that a new recipe prunes from its teacher: as large as this machine can train.
struct StudentSize {
    var layers: Int
    /// Neurons that are kept in each block; `nil` is all.
    var feedForward: Int?
    /// Pieces that are kept; `nil` is all.
    var vocabulary: Int?
    let shape: Configuration
    /// Whether training it fits into memory.
    let fits: Bool

    /// Weights, gradients and AdamW's two moments.
    private static let trainingBytes = 16.0
    /// The fraction of the machine's memory for these: the rest is for activations, logits and others.
    private static let memoryFraction = 0.6
    /// A vocabulary is trimmed where half of it or more can go, to one of these sizes. Of Gemma 3's 262,144 pieces 8,192 lost
    /// 6.9% of its mass on a page of English, 16,384 0.55% on chats.
    private static let vocabularies = [16_384, 32_768, 65_536, 131_072]

    init(of teacher: TeacherFacts, corpus: CorpusFacts, memoryBytes: Double) {
        // Answers that are still to be written use other pieces than their questions.
        self.init(
            of: teacher.shape, storedBytes: teacher.bytes, leastPieces: teacher.leastPieces,
            usedPieces: corpus.kind == .prompts ? max(4096, 2 * corpus.pieces) : corpus.pieces,
            memoryBytes: memoryBytes)
    }

    /// - Parameters:
    ///   - whole: The teacher.
    ///   - storedBytes: What its weights take in memory.
    ///   - leastPieces: Pieces that every trimmed vocabulary has.
    ///   - usedPieces: Pieces of the text.
    init(of whole: Configuration, storedBytes: Int, leastPieces: Int, usedPieces: Int, memoryBytes: Double) {
        // What is trimmed away costs most of a large vocabulary's memory; what stays leaves room for the common pieces.
        let needed = max(2 * usedPieces, leastPieces + usedPieces)
        let size = Self.vocabularies.first { $0 >= needed }
        let vocabulary = size.flatMap { 2 * $0 <= whole.vocabularySize ? $0 : nil }
        // Half of the layers, as common students have, or fewer, and then fewer neurons.
        let parts = [(2, 1), (3, 1), (4, 1), (4, 2), (6, 2), (8, 4)]
        let available = Self.memoryFraction * memoryBytes - Double(storedBytes)
        func candidate(_ part: (layers: Int, feedForward: Int)) -> StudentSize {
            let layers = max(1, whole.layers / part.layers)
            let isOneLayer = whole.layers == 1
            let divisor = isOneLayer ? max(2, part.feedForward) : part.feedForward
            let feedForward = divisor == 1 ? nil : max(1, whole.feedForward / divisor)
            var shape = whole
            shape.layers = layers
            shape.feedForward = feedForward ?? whole.feedForward
            shape.vocabularySize = vocabulary ?? whole.vocabularySize
            return StudentSize(
                layers: layers, feedForward: feedForward, vocabulary: vocabulary, shape: shape,
                fits: Self.trainingBytes * shape.cost.parameters <= available)
        }
        let candidates = parts.map(candidate)
        self = candidates.first(where: \.fits) ?? candidates[candidates.count - 1]
    }

    private init(layers: Int, feedForward: Int?, vocabulary: Int?, shape: Configuration, fits: Bool) {
        self.layers = layers
        self.feedForward = feedForward
        self.vocabulary = vocabulary
        self.shape = shape
        self.fits = fits
    }
}
