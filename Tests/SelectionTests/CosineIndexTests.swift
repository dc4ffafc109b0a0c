import Support
import Testing

@testable import Selection

@Suite struct CosineIndexTests {
    private func unit(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { $0 / length }
    }

    /// Vectors around a few directions, so that many are similar.
    private func vectors(_ count: Int, width: Int) -> [[Float]] {
        var stream = RandomStream(seed: 3, purpose: "vectors")
        func random() -> Float { Float(stream.nextIndex(below: 2001)) / 1000 - 1 }
        let centers = (0..<40).map { _ in (0..<width).map { _ in random() } }
        return (0..<count).map { _ in
            let center = centers[stream.nextIndex(below: centers.count)]
            return unit(center.map { $0 + 0.3 * random() })
        }
    }

    /// Record by record against all that were kept, across blocks of the index and batches of queries.
    @Test(arguments: [0.5, 0.93, 0.97] as [Float]) func theSearchIsThatOfAllPairs(threshold: Float) throws {
        let vectors = vectors(5000, width: 12)
        var index = CosineIndex(width: 12, threshold: threshold)
        var found: [(number: Int, cosine: Float)?] = []
        for start in stride(from: 0, to: vectors.count, by: 1200) {
            found += index.add(Array(vectors[start..<min(start + 1200, vectors.count)]))
        }
        var kept: [[Float]] = []
        for (vector, found) in zip(vectors, found) {
            let cosines = kept.map { zip($0, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
            let best = cosines.max() ?? -1
            // Within rounding of the threshold either is right.
            if abs(best - threshold) > 1e-5 { #expect((best >= threshold) == (found != nil)) }
            if let found {
                #expect(abs(cosines[found.number] - best) < 1e-5 && abs(found.cosine - best) < 1e-5)
            } else {
                kept.append(vector)
            }
        }
        #expect(kept.count < vectors.count && kept.count >= 30)
        // Blocks of the index were filled, at the highest threshold more than one.
        if threshold > 0.95 { #expect(kept.count > 2048) }
    }

    @Test func equalVectorsAreFoundAtAThresholdOfOne() {
        let vectors = vectors(50, width: 33)
        var index = CosineIndex(width: 33, threshold: 1)
        #expect(index.add(vectors).allSatisfy { $0 == nil })
        #expect(index.add(vectors).map { $0?.number } == Array(0..<50))
        var empty = index.emptied()
        #expect(empty.add(vectors).allSatisfy { $0 == nil })
    }
}
