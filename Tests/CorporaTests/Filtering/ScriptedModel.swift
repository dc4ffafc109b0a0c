import Foundation
import Support
import Synchronization
import TestSupport
import Tokenization

@testable import Corpora

/// A filter's model that finds the value of a record in its last text, the number with which it begins; the second value is the number of
/// words. None for a text without a number.
final class ScriptedModel: FilterModel {
    let name: String
    private let width: Int
    private let identity: String
    private let failsAt: Int
    private let state = Mutex(0)

    /// - Parameters:
    ///   - width: values of a record
    ///   - failsAt: the number of records after which measuring fails
    init(_ name: String = "scripted", width: Int = 2, identity: String = "1", failsAt: Int = .max) {
        (self.name, self.width, self.identity, self.failsAt) = (name, width, identity, failsAt)
    }

    /// Records that were measured.
    var measured: Int { state.withLock { $0 } }

    struct Failure: Error {}

    func tokenizer() throws -> Tokenizer { smallTokenizer }

    func scorer(_ measure: RecordMeasure) throws -> any RecordScorer {
        Scorer(model: self, width: width, measure: measure)
    }

    func index(width: Int, threshold: Float) -> any SimilarityIndex {
        FirstComponentIndex(threshold: threshold)
    }

    private struct Scorer: RecordScorer {
        let model: ScriptedModel
        let width: Int
        let measure: RecordMeasure
        var identity: Fingerprint { Fingerprint(hashing: model.identity, "\(measure)") }

        func score(
            _ records: [CandidateRecord], _ body: (_ values: [[Float]], _ tokens: Int) throws -> Void
        ) throws {
            for start in stride(from: 0, to: records.count, by: 3) {
                let batch = records[start..<min(start + 3, records.count)]
                guard model.state.withLock({ $0 }) + batch.count <= model.failsAt else {
                    throw Failure()
                }
                let isHidden = if case .likelihood(_, true, _) = measure { true } else { false }
                try body(
                    batch.map { record in
                        // The last text holds the values; with a hidden prompt they are doubled.
                        guard let value = Float(record.record.texts.last!.split(separator: " ")[0]) else {
                            return []
                        }
                        let words = Float(record.record.texts.last!.split(separator: " ").count)
                        return [isHidden ? 2 * value : value, words]
                    }, batch.count)
                model.state.withLock { $0 += batch.count }
            }
        }
    }
}

/// Two vectors are similar if their first components are.
private struct FirstComponentIndex: SimilarityIndex {
    let threshold: Float
    var known: [Float] = []

    func emptied() -> any SimilarityIndex { Self(threshold: threshold) }

    mutating func add(_ vectors: [[Float]]) -> [(number: Int, cosine: Float)?] {
        vectors.map { vector in
            if let number = known.firstIndex(where: { 1 - abs($0 - vector[0]) >= threshold }) {
                return (number, 1 - abs(known[number] - vector[0]))
            }
            known.append(vector[0])
            return nil
        }
    }
}
