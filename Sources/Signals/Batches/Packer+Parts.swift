extension Packer {
    /// Divides the documents of a batch into parts of at most `capacity` tokens, so that each can be computed alone in the
    /// memory of its tokens. Which documents make up the batch does not depend on it.
    ///
    /// First-fit decreasing: the longest documents find their parts first, and no more than 11/9 of the parts that the best
    /// division has, and one, are needed (Dósa 2007). In a part documents stand in the batch's order.
    ///
    /// - Parameters:
    ///   - lengths: tokens of each document of the batch, none above `capacity`
    ///   - capacity: tokens of a part
    /// - Returns: indices into `lengths`; parts in the order of their first documents, none empty
    public static func parts(lengths: [Int], capacity: Int) -> [[Int]] {
        precondition(lengths.allSatisfy { $0 <= capacity }, "a document is longer than a part, \(capacity)")
        guard lengths.reduce(0, +) > capacity else { return lengths.isEmpty ? [] : [Array(lengths.indices)] }
        let falling = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
        var parts: [(room: Int, documents: [Int])] = []
        for document in falling {
            let index = parts.firstIndex { $0.room >= lengths[document] } ?? parts.endIndex
            if index == parts.endIndex { parts.append((capacity, [])) }
            parts[index].room -= lengths[document]
            parts[index].documents.append(document)
        }
        return parts.map { $0.documents.sorted() }.sorted { $0[0] < $1[0] }
    }

    /// Batches from the first on that hold at least `tokens` tokens together; from 50,000 on, an estimate by those.
    ///
    /// - Complexity: that of packing them, ≈ 50 ns a document
    public func batches(reaching tokens: Int) -> Int {
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
