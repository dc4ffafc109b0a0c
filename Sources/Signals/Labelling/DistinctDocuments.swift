import Corpora
import Foundation
import Support

/// The documents of a corpus that are labelled: the first occurrence of each.
struct DistinctDocuments {
    /// Their indices in the corpus, rising.
    let indices: [Int]
    /// A digest of them all in order.
    let name: Fingerprint

    /// - Parameter check: throws for a document that cannot be labelled
    init(of corpus: EncodedCorpus, check: (EncodedDocument) throws -> Void = { _ in }) throws {
        var keys = DistinctKeys()
        indices = try (0..<corpus.count).filter { index in
            let document = try corpus.document(index)
            try check(document)
            return keys.insert(RecordKey(document))
        }
        name = keys.name
    }
}

/// The keys of the documents that are labelled.
struct DistinctKeys {
    private var seen: Set<RecordKey> = []
    private var bytes = Data()

    /// Their number.
    var count: Int { seen.count }
    /// A digest of them all in order.
    var name: Fingerprint { Fingerprint(of: bytes) }

    /// Adds the key of a document; returns whether it is the first one with it.
    mutating func insert(_ key: RecordKey) -> Bool {
        guard seen.insert(key).inserted else { return false }
        bytes.append(contentsOf: key.bytes)
        return true
    }
}

extension MaskedTokens {
    /// The rows whose next token is a target, rising.
    var rowsBeforeTargets: [Int32] { (0..<Int32(ids.count - 1)).filter { lossMask[Int($0) + 1] } }
}
