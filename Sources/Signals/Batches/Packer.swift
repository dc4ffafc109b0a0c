import Support

/// Packs the documents of a corpus into batches under a budget of tokens.
///
/// Each epoch is a random order of all documents, from which batches are filled one after another. A document that does not
/// fit waits for the next batch while later, shorter ones fill the room, so few tokens of the budget stay unused; nothing is
/// truncated or padded. A batch may end one epoch and begin the next, but every document of an epoch comes before any of the
/// next epoch, and no batch has a document twice.
///
///     var packer = Packer(lengths: corpus.lengths, budget: 32 * 256, seed: 17)
///     let documents = try packer.batch(0).map(corpus.document)
///
/// Batch k is a function of lengths, budget, seed and k, so a resumed run gets the same batches.
///
/// - Complexity: ≈ 50 ns per document for the batch after the last one asked for; an earlier batch starts over. Memory is
///   8 bytes per document.
public struct Packer: Sendable {
    private let lengths: [UInt32]
    private let budget: Int
    private let seed: UInt64

    /// Documents that are examined to fill the room left in a batch. With more, fewer tokens stay unused, but documents move
    /// further from their random position.
    private static let window = 256

    private var epoch = 0
    /// Documents of the epoch, in order; those before `upcoming` are in batches or `waiting`.
    private var order: [UInt32] = []
    private var upcoming = 0
    /// Documents that did not fit into their batch, oldest first.
    private var waiting: [Int] = []
    private var nextBatch = 0
    private var last: [Int] = []

    /// - Parameters:
    ///   - lengths: tokens of each document, none longer than the budget
    ///   - budget: the most tokens in a batch: sequences × context
    ///   - seed: of the random order
    public init(lengths: [UInt32], budget: Int, seed: UInt64) {
        precondition(!lengths.isEmpty, "there are no documents to pack")
        precondition(
            lengths.allSatisfy { (1...budget).contains(Int($0)) }, "documents of 1 to \(budget) tokens")
        self.lengths = lengths
        self.budget = budget
        self.seed = seed
        start(epoch: 0)
    }

    /// Number of a document's tokens.
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
        // A batch that continues into the next epoch does not take a document twice.
        var taken: Set<Int> = []
        func take(_ document: Int) -> Bool {
            let length = Int(lengths[document])
            guard length <= room, !taken.contains(document) else { return false }
            documents.append(document)
            room -= length
            return true
        }
        while true {
            // Waiting documents come first: the oldest always fits into an empty batch.
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
