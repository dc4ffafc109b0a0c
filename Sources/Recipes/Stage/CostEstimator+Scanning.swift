import Corpora

extension CostEstimator {
    /// Seconds for each byte of text and pass: parsing, words and hashes, on one core.
    private static let scanSecondsPerByte = 50e-9
    /// Memory of slices of records on all cores, their texts and words.
    private static let sliceBytes = 40e6

    /// What reading a corpus takes, without a model: a slice of it is in memory at a time.
    ///
    /// - Parameters:
    ///   - corpus: what is read
    ///   - references: corpora that it is compared with
    ///   - passes: how often its text is gone through
    ///   - bytesPerRecord: memory for each record
    func scan(
        _ corpus: CorpusExtent, against references: [Reference] = [], passes: Double, bytesPerRecord: Double
    ) -> CostEstimate {
        let compared = extent(of: references)
        let bytes = (corpus.tokens + compared.tokens) * CorpusExtent.bytesPerToken
        return CostEstimate(
            seconds: passes * bytes * Self.scanSecondsPerByte,
            memoryBytes: Self.processBytes + Self.sliceBytes
                + bytesPerRecord * (corpus.records + compared.records))
    }

    /// The same with filters, each of which goes through the text.
    func scan(_ filters: [FilterSettings], of corpus: CorpusExtent) -> CostEstimate {
        scan(
            corpus, against: filters.flatMap(\.references), passes: Double(filters.count + 1),
            bytesPerRecord: filters.reduce(0) { $0 + $1.kind.bytesPerRecord })
    }
}
