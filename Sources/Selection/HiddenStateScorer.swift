import Checkpoints
import Corpora
import Foundation
import Support
import Transformer

/// Measures the mean hidden state of records, scaled to length 1, for the filter `similarity`.
///
/// The mean is over the positions that predict the tokens of the part, as in `KCenterSelection`. Several records are packed into a batch, so that
/// matrix products stay large.
public struct HiddenStateScorer: RecordScorer {
    /// The width of the model.
    public var width: Int { model.decoder.configuration.width }
    /// The digest of model, tokenizer, chat template and measure.
    public let identity: Fingerprint
    private let model: Checkpoint
    private let encoder: PartEncoder
    private let layer: Int?
    private let context: Int

    /// Tokens of a batch: two passes, enough for matrix products to reach their best rate.
    private static let batchTokens = 2 * DecoderModel.frozenPassTokens

    /// - Parameters:
    ///   - model: with a tokenizer
    ///   - part: the part whose hidden states are averaged
    ///   - layer: from 1; nil for the last, after the final norm
    ///   - context: tokens after which a record is truncated; nil for `CorpusEncoder.standardContext`, or the model's own where that is
    ///     shorter
    /// - Throws: `UserError` if the checkpoint has no tokenizer, no such layer or no room for the context
    public init(
        _ model: Checkpoint, of part: TextPart, layer: Int? = nil, context: Int? = nil
    ) throws {
        let (tokenizer, shape) = (try model.requireTokenizer(), model.decoder.configuration)
        if let layer, !(1...shape.layers).contains(layer) {
            throw UserError(
                "there is no layer \(layer): the model has \(shape.layers)", file: model.url.relativePath,
                hint: "layers count from 1", status: .configuration)
        }
        let length = context ?? min(CorpusEncoder.standardContext, shape.contextLength)
        guard length <= shape.contextLength else {
            throw UserError(
                "a context of \(length) tokens exceeds the model's, \(shape.contextLength)",
                file: model.url.relativePath, hint: "give a context of at most \(shape.contextLength)",
                status: .configuration)
        }
        (self.model, self.layer, self.context) = (model, layer, length)
        encoder = PartEncoder(
            of: part, tokenizer: tokenizer, template: model.chatTemplate ?? .roleMarkers,
            addsBegin: model.beginsTexts)
        identity = try model.identity(
            measuring: "hidden state", part.rawValue, layer.map(String.init) ?? "final", "\(length)")
    }

    /// Measures records.
    ///
    /// - Throws: `UserError` with file and line for a record that the chat template refuses, or on which the output is not finite;
    ///   `Interrupted`; what `body` throws
    public func score(
        _ records: [CandidateRecord], _ body: (_ values: [[Float]], _ tokens: Int) throws -> Void
    ) throws {
        let documents = try CandidateRecord.inParallel(records) { record in
            Result { try encoder.document(record).truncated(to: context) }
        }.map { try $0.get() }
        var (passed, batch, size) = (0, [Int](), 0)
        /// Runs the batch; it and all records before `end` are done then.
        func finish(before end: Int) throws {
            try Interruption.check()
            var values = [[Float]](repeating: [], count: end - passed)
            if !batch.isEmpty {
                let means = DocumentFeatures.meanHiddenStates(
                    batch.map { documents[$0] }, of: model.decoder, layer: layer)
                for (index, mean) in zip(batch, means) {
                    values[index - passed] = try scaled(mean, of: records[index])
                }
            }
            try body(values, size)
            (passed, batch, size) = (end, [], 0)
        }
        for (index, document) in documents.enumerated() where document.lossMask.contains(true) {
            if size > 0, size + document.ids.count > Self.batchTokens { try finish(before: index) }
            batch.append(index)
            size += document.ids.count
        }
        if passed < records.count { try finish(before: records.count) }
    }

    /// The vector, of length 1; empty for one of length 0, which has no direction.
    private func scaled(_ vector: [Float], of record: CandidateRecord) throws -> [Float] {
        let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite else {
            throw UserError.nonFiniteOutput("on \(record.location)", model: model.url.relativePath)
        }
        return length > 0 ? vector.map { Float(Double($0) / length) } : []
    }
}
