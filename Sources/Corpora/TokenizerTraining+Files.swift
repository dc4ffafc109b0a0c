import Foundation
import Support
import Tokenization

extension TokenizerTraining {
    /// Trains on everything said in the records of some files, see `CorpusReader`, and returns the bytes of a
    /// `.model` file.
    ///
    /// - Parameters:
    ///   - maximumRecords: train on a random choice of this many records; nil for all
    ///   - seed: decides the choice
    ///   - note: receives what the trained vocabulary will not give back, if anything
    ///
    /// Throws `UserError` for unsound files and options.
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
