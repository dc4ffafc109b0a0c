import Corpora
import Support
import Tensors
import Transformer

/// Documents laid end to end for one pass.
public struct PackedBatch: Sendable {
    public let tokens: TokenBatch
    /// For each token, whether it is a target whose loss counts.
    public let kept: [Bool]
    /// The same documents as the teacher reads them; nil where that is what the student reads.
    public let teacher: (tokens: TokenBatch, kept: [Bool])?

    public init(_ documents: [EncodedDocument]) {
        tokens = TokenBatch(sequences: documents.map(\.ids))
        kept = documents.flatMap(\.kept)
        let views = documents.map { $0.teacher ?? $0.student }
        teacher =
            documents.contains { $0.teacher != nil }
            ? (TokenBatch(sequences: views.map(\.ids)), views.flatMap(\.kept)) : nil
    }
}

/// Decides which documents make up which batch.
///
/// Each epoch is a random order of all documents; batch after batch is filled from it up to a budget of tokens.
/// A document that no longer fits waits for the next batch while shorter ones behind it fill the room, so few
/// tokens of the budget stay unused; nothing is cut or padded. A batch may end one epoch and begin the next, but
/// every document of an epoch comes before any of the next epoch, and no batch holds a document twice.
///
/// Batch k is a function of lengths, budget, seed and k: a resumed run asks for its next batch and gets what it
/// would have got. Going on from the last batch asked for is cheap; going back starts over (≈ 50 ns a document). Memory
/// is 8 bytes a document: its length and its place in the order.
public struct Packer: Sendable {
    private let lengths: [UInt32]
    private let budget: Int
    private let seed: UInt64

    /// Documents that are looked at to fill the room left in a batch. With more the last few tokens of a batch
    /// are used too, but documents move further from their random place.
    private static let window = 256

    private var epoch = 0
    /// Documents of the epoch still to come, in order; those before `upcoming` are in batches or `waiting`.
    private var order: [UInt32] = []
    private var upcoming = 0
    /// Documents that did not fit when their turn came, oldest first.
    private var waiting: [Int] = []
    private var nextBatch = 0
    private var last: [Int] = []

    /// - Parameters:
    ///   - lengths: tokens of each document, none longer than the budget
    ///   - budget: the most tokens in a batch: sequences × context
    public init(lengths: [UInt32], budget: Int, seed: UInt64) {
        precondition(!lengths.isEmpty, "there is nothing to pack")
        precondition(
            lengths.allSatisfy { (1...budget).contains(Int($0)) }, "documents of 1 to \(budget) tokens")
        self.lengths = lengths
        self.budget = budget
        self.seed = seed
        start(epoch: 0)
    }

    /// Tokens of a document.
    func length(of document: Int) -> Int { Int(lengths[document]) }

    /// The documents of batch `index` (from 0), in order.
    public mutating func batch(_ index: Int) -> [Int] {
        precondition(index >= 0, "batch \(index)")
        if index < nextBatch - 1 {
            nextBatch = 0
            start(epoch: 0)
        }
        while nextBatch <= index {
            last = fill()
            nextBatch += 1
        }
        return last
    }

    private mutating func start(epoch: Int) {
        self.epoch = epoch
        var stream = RandomStream(seed: seed, purpose: "packing", index: UInt64(epoch))
        order = stream.permutation(of: lengths.count).map { UInt32($0) }
        upcoming = 0
        waiting = []
    }

    private mutating func fill() -> [Int] {
        var documents: [Int] = []
        var room = budget
        // A batch that goes on into the next epoch does not take the same document twice.
        var taken: Set<Int> = []
        func take(_ document: Int) -> Bool {
            let length = Int(lengths[document])
            guard length <= room, !taken.contains(document) else { return false }
            documents.append(document)
            room -= length
            return true
        }
        while true {
            // Those that wait come first: the oldest of them always has a place in the next batch.
            waiting.removeAll(where: take)
            while room > 0, upcoming < order.count, waiting.count < Self.window {
                let next = Int(order[upcoming])
                if !take(next) { waiting.append(next) }
                upcoming += 1
            }
            guard upcoming == order.count, waiting.isEmpty else { return documents }
            start(epoch: epoch + 1)
            if room == 0 { return documents }
            taken = Set(documents)
        }
    }
}
