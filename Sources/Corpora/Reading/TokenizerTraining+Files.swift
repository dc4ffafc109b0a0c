import Foundation
import Support
import Tokenization

extension TokenizerTraining {
    /// Trains on the texts of all records of some files, see `CorpusReader`, and returns the bytes of a `.model` file.
    ///
    /// - Parameters:
    ///   - files: files, directories or patterns
    ///   - maximumRecords: train on a random sample of this many records; nil for all
    ///   - seed: of the sample
    ///   - note: receives a warning about text that the trained vocabulary does not round-trip, if there is any
    /// - Throws: `UserError` for mistakes in the files and invalid options
    public func train(
        files: [URL], maximumRecords: Int? = nil, seed: UInt64 = 0, note: ((String) -> Void)? = nil
    ) throws -> Data {
        var records = try CorpusReader(files).records()
        if let maximumRecords, maximumRecords < records.count {
            var stream = RandomStream(seed: seed, purpose: "tokenizer training")
            let chosen = stream.permutation(of: records.count).prefix(maximumRecords).sorted()
            records = chosen.map { records[$0] }
        }
        let model = try train(records.lazy.flatMap(\.texts))
        if let note, let text = SpaceSymbol.note(in: records.lazy.flatMap(\.texts)) { note(text) }
        return model
    }
}
