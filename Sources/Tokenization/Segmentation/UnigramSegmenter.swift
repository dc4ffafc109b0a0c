import Foundation

/// Divides text into the most probable pieces under a unigram language model (Kudo 2018, arXiv:1804.10959).
///
/// N is the length of the text in bytes. Sums are kept in `Score` and a later path must be better, not as good, to replace an
/// earlier one: so ties end as in the `sentencepiece` library (0.2, Float) and the `tokenizers` library (0.23, Double), down to the
/// rounding.
struct UnigramSegmenter<Score: BinaryFloatingPoint & Sendable>: Sendable {
    private let trie: PieceTrie
    /// What ends at each place in the trie.
    private let entries: [Entry]
    private let unknownID: Int32
    private let unknownScore: Score

    /// The properties of a piece that segmentation uses, read with one load.
    private struct Entry {
        /// -1 for none.
        var id: Int32 = -1
        var score: Score = 0

        /// Added to the ids of role markers, which outside text cannot spell.
        static var marker: Int32 { 1 << 30 }
    }

    /// A character without a piece is that much less probable than the least probable piece.
    private static var unknownPenalty: Score { 10 }

    /// - Parameters:
    ///   - trie: The pieces that text can become.
    ///   - scores: Their log probabilities, by id.
    ///   - least: The least of the scores that count for what an unknown character scores.
    init(trie: PieceTrie, scores: [Score], unknownID: Int32, least: Score) {
        (self.trie, self.unknownID, unknownScore) = (trie, unknownID, least - Self.unknownPenalty)
        entries = (0..<trie.nodeCount).map { node in
            let id = trie.id(at: PieceTrie.Node(node))
            return id < 0 ? Entry() : Entry(id: id, score: scores[Int(id)])
        }
    }

    /// The best path to a place of a text: its score, and its last piece.
    private struct Best {
        var score: Score = 0
        var start: Int32 = -1
        var id: Int32 = 0
    }

    /// The best segmentation of a normalized text.
    func segments(_ text: UnsafeBufferPointer<UInt8>, guarding: Bool) -> [Segment] {
        withUnsafeTemporaryAllocation(of: Best.self, capacity: text.count + 1) { best in
            best.initialize(repeating: Best())
            forEachEdge(text, guarding: guarding) { start, end, id, score in
                let score = best[start].score + score
                if best[end].start < 0 || score > best[end].score {
                    best[end] = Best(score: score, start: Int32(start), id: id)
                }
            }
            var count = 0
            var end = text.count
            while end > 0 {
                count += 1
                end = Int(best[end].start)
            }
            return [Segment](unsafeUninitializedCapacity: count) { segments, initialized in
                var end = text.count
                for index in (0..<count).reversed() {
                    segments.initializeElement(at: index, to: (end, best[end].id))
                    end = Int(best[end].start)
                }
                initialized = count
            }
        }
    }

    /// A segmentation drawn with probability proportional to exp(alpha × its score), by filtering forward and
    /// sampling backward. O(N) memory for the edges of the lattice.
    func sampledSegments(
        _ text: UnsafeBufferPointer<UInt8>, alpha: Double, using generator: inout some RandomNumberGenerator
    ) -> [Segment] {
        // ln of the summed weight of all paths to each place.
        var reached = [Double](repeating: -.infinity, count: text.count + 1)
        reached[0] = 0
        var edges: [(start: Int, end: Int, id: Int32, weight: Double)] = []
        forEachEdge(text, guarding: false) { start, end, id, score in
            let weight = reached[start] + alpha * Double(score)
            edges.append((start, end, id, weight))
            let larger = max(reached[end], weight)
            reached[end] = larger + log(exp(reached[end] - larger) + exp(weight - larger))
        }
        var byEnd = [[Int]](repeating: [], count: text.count + 1)
        for (index, edge) in edges.enumerated() { byEnd[edge.end].append(index) }
        var segments: [Segment] = []
        var end = text.count
        while end > 0 {
            var rest = Double.random(in: 0..<1, using: &generator)
            var chosen = edges[byEnd[end].last!]
            for index in byEnd[end] {
                rest -= exp(edges[index].weight - reached[end])
                if rest < 0 {
                    chosen = edges[index]
                    break
                }
            }
            segments.append((end, chosen.id))
            end = chosen.start
        }
        segments.reverse()
        return segments
    }

    /// Calls `body` with every piece that occurs at the begin of a character, from left to right, and with
    /// the unknown piece for each character that is no piece.
    @inline(__always)
    private func forEachEdge(
        _ text: UnsafeBufferPointer<UInt8>, guarding: Bool,
        _ body: (_ start: Int, _ end: Int, _ id: Int32, _ score: Score) -> Void
    ) {
        entries.withUnsafeBufferPointer { entries in
            var start = 0
            while start < text.count {
                let characterEnd = start + text.characterLength(at: start)
                var isCharacterAPiece = false
                var node = PieceTrie.root
                var end = start
                while end < text.count {
                    node = trie.child(of: node, text[end])
                    if node == PieceTrie.none { break }
                    end += 1
                    let entry = entries[Int(node)]
                    var id = entry.id
                    if id < 0 { continue }
                    if id >= Entry.marker {
                        if guarding { continue }
                        id -= Entry.marker
                    }
                    body(start, end, id, entry.score)
                    if end == characterEnd { isCharacterAPiece = true }
                }
                if !isCharacterAPiece { body(start, characterEnd, unknownID, unknownScore) }
                start = characterEnd
            }
        }
    }
}

extension UnigramSegmenter<Float> {
    /// What a user-defined symbol scores for each byte after the first. Log probabilities are below that, so no
    /// other segmentation of the symbol wins. The value is the library's (found by comparing rounded sums).
    private static let symbolBonus: Float = 0.1

    /// The segmenter of a SentencePiece model.
    init(_ model: ModelFile, vocabulary: Vocabulary) {
        trie = vocabulary.trie
        unknownID = vocabulary.unknownID
        entries = (0..<vocabulary.trie.nodeCount).map { node in
            let id = vocabulary.trie.id(at: PieceTrie.Node(node))
            guard id >= 0 else { return Entry() }
            let traits = vocabulary.traits[Int(id)]
            if traits.contains(.unused) { return Entry() }
            guard traits.contains(.userDefined) else {
                return Entry(id: id, score: vocabulary.scores[Int(id)])
            }
            let length = Float(model.pieces[Int(id)].spelling.utf8.count)
            return Entry(
                id: traits.contains(.marker) ? id + Entry.marker : id,
                score: length * Self.symbolBonus - Self.symbolBonus)
        }
        let scores = model.pieces.lazy.filter { $0.kind == .normal }.map(\.score)
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    }
}
