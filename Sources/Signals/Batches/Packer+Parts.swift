extension Packer {
    /// Divides the documents of a batch into parts of at most `capacity` tokens, each of which is computed alone to save memory.
    /// The documents of the batch do not depend on the division.
    ///
    /// First-fit decreasing: at most 11/9 of the optimal number of parts, plus one (Dósa 2007). In a part documents keep the
    /// batch's order.
    ///
    /// - Parameters:
    ///   - lengths: tokens of each document of the batch, none above `capacity`
    ///   - capacity: the most tokens of a part
    /// - Returns: indices into `lengths`; parts in the order of their first documents, none empty
    package static func parts(lengths: [Int], capacity: Int) -> [[Int]] {
        precondition(lengths.allSatisfy { $0 <= capacity }, "a document is longer than a part, \(capacity)")
        guard lengths.reduce(0, +) > capacity else { return lengths.isEmpty ? [] : [Array(lengths.indices)] }
        let decreasing = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
        var parts: [(room: Int, documents: [Int])] = []
        for document in decreasing {
            let index = parts.firstIndex { $0.room >= lengths[document] } ?? parts.endIndex
            if index == parts.endIndex { parts.append((capacity, [])) }
            parts[index].room -= lengths[document]
            parts[index].documents.append(document)
        }
        return parts.map { $0.documents.sorted() }.sorted { $0[0] < $1[0] }
    }

    /// The number of batches, from the first, that have at least `tokens` tokens together; above 50,000 an estimate.
    ///
    /// - Complexity: that of packing them, ≈ 50 ns per document
    package func batches(reaching tokens: Int) -> Int {
        var packer = self
        var (count, reached) = (0, 0)
        while reached < tokens, count < Self.mostCounted {
            reached += packer.batch(count).reduce(0) { $0 + packer.length(of: $1) }
            count += 1
        }
        guard reached < tokens else { return count }
        return Int(min(Double(count) * Double(tokens) / Double(reached), 1e18))
    }

    private static let mostCounted = 50_000
}
