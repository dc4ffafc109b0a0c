import Tensors

/// Token sequences laid end to end, without padding: rows of every tensor of a forward pass.
public struct TokenBatch: Sendable {
    /// N token ids.
    public let ids: [Int32]
    /// Bounds of the sequences in `ids`: first 0, last N, rising.
    public let segments: [Int]
    /// What the model reads in place of the embedded ids, [N, C]; nil for the ids themselves.
    public let embeddings: Tensor?

    /// A batch from tokens laid end to end.
    public init(ids: [Int32], segments: [Int], embeddings: Tensor? = nil) {
        precondition(
            embeddings.map { $0.rows == ids.count } ?? true,
            "\(embeddings?.rows ?? 0) embeddings for \(ids.count) tokens")
        self.embeddings = embeddings
        precondition(
            segments.first == 0 && segments.last == ids.count
                && zip(segments, segments.dropFirst()).allSatisfy { $0 < $1 },
            "segments rise from 0 to the number of tokens")
        self.ids = ids
        self.segments = segments
    }

    /// A batch of sequences, none empty.
    public init(sequences: [[Int32]]) {
        self.init(
            ids: sequences.flatMap { $0 },
            segments: sequences.reduce(into: [0]) { $0.append($0.last! + $1.count) })
    }

    /// Each token's place in its sequence, from 0.
    public var positions: [Int32] {
        zip(segments, segments.dropFirst()).flatMap { (start, end) in (0..<Int32(end - start)) }
    }

    /// Positions of the longest sequence.
    public var longest: Int { zip(segments, segments.dropFirst()).map { $1 - $0 }.max() ?? 0 }
}
