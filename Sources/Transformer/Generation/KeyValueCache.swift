import Support
import Tensors

/// Keys and values of every layer for several token sequences, one a slot, and the tokens they belong to.
///
/// Prefixes are reused: each slot stores its tokens, and a prompt that shares a prefix with a cached sequence starts from a copy
/// of that prefix.
public final class KeyValueCache {
    /// Sequences that the cache can hold.
    public let slots: Int
    /// Positions a slot can hold.
    public let capacity: Int
    let layers: [AttentionCache]
    /// For each slot, the tokens whose keys and values it holds.
    public private(set) var tokens: [[Int32]]

    /// - Parameter capacity: positions a slot. When nil the model's context, or the part of it for which a model with
    ///   short and long rotary factors has the short ones: a cache that can hold more uses the long ones.
    /// - Throws: `UserError` when there is no memory for it
    public init(for configuration: Configuration, slots: Int, capacity: Int? = nil) throws {
        let capacity = min(capacity ?? configuration.cacheLength, configuration.contextLength)
        self.slots = slots
        self.capacity = capacity
        layers = try configuration.attention.map {
            try AttentionCache(slots: slots, capacity: capacity, shape: $0)
        }
        tokens = Array(repeating: [], count: slots)
    }

    /// Makes a slot hold the longest beginning of `prompt` that any slot has, keeping at most `limit` tokens of it.
    ///
    /// - Returns: how many tokens of the prompt the slot now holds
    public func adoptPrefix(of prompt: [Int32], limit: Int, in slot: Int) -> Int {
        func shared(_ other: Int) -> Int { min(tokens[other].commonPrefix(with: prompt), limit) }
        // The slot itself first: staying costs no copy.
        var (best, length) = (slot, shared(slot))
        for other in 0..<slots where shared(other) > length { (best, length) = (other, shared(other)) }
        if best != slot {
            for layer in layers { layer.copy(length, from: best, to: slot) }
        }
        tokens[slot] = Array(prompt.prefix(length))
        return length
    }

    /// Forgets a slot's tokens from `length` on.
    public func truncate(_ slot: Int, to length: Int) {
        tokens[slot].removeLast(max(0, tokens[slot].count - length))
    }

    func append(_ new: ArraySlice<Int32>, to slot: Int) {
        tokens[slot].append(contentsOf: new)
    }
}

extension Array where Element == Int32 {
    /// How many leading elements two sequences share.
    func commonPrefix(with other: [Int32]) -> Int {
        var count = 0
        while count < self.count, count < other.count, self[count] == other[count] { count += 1 }
        return count
    }
}
