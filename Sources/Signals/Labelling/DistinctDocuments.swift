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
        var (seen, keys): (Set<RecordKey>, Data) = ([], Data())
        indices = try (0..<corpus.count).filter { index in
            let document = try corpus.document(index)
            try check(document)
            let key = RecordKey(document)
            guard seen.insert(key).inserted else { return false }
            keys.append(contentsOf: key.bytes)
            return true
        }
        name = Fingerprint(of: keys)
    }
}

extension MaskedTokens {
    /// The rows whose next token is a target, rising.
    var rowsBeforeTargets: [Int32] { (0..<Int32(ids.count - 1)).filter { lossMask[Int($0) + 1] } }
}
