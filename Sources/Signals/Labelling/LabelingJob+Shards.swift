import Corpora
import Support

extension LabelingJob {
    /// The documents of a shard: those of `Shard.range(of:)`, its ends moved forward to where the next batch of the whole corpus begins.
    ///
    /// How a product is rounded depends on its number of rows: signals of a shard are those of the whole, bit for bit, since they come
    /// from the same batches.
    ///
    /// - Complexity: O(tokens of the corpus)
    func range(of shard: Shard, in documents: [Int], of corpus: EncodedCorpus) throws -> Range<Int> {
        var (starts, next) = ([Int](), 0)
        while next < documents.count {
            starts.append(next)
            let end = min((next / shardDocuments + 1) * shardDocuments, documents.count)
            next += try batch(documents[next..<end], of: corpus).count
        }
        let range = shard.range(of: documents.count)
        let ends = [range.lowerBound, range.upperBound].map { end in
            starts.first { $0 >= end } ?? documents.count
        }
        return ends[0]..<ends[1]
    }
}
