import Support
import Tokenization
import Transformer

extension Checkpoint {
    /// This model over the pieces of another vocabulary of its family, to be compared with models that have that vocabulary.
    ///
    /// Where the two vocabularies have the same ids it is the model itself. Else its logits are this one's at the pieces that both
    /// have, in the other's order: its distribution is this one's, conditioned on those pieces. It is for use in memory; saved,
    /// it would lose which pieces are missing.
    ///
    ///     let teacher = try Checkpoint.load(url).matching(student.requireTokenizer(), of: "the student")
    ///     let missing = teacher.missingPieces   // which texts must not contain
    ///
    /// - Parameters:
    ///   - tokenizer: The other vocabulary.
    ///   - owner: Whose it is, for the message.
    ///   - hint: What to do about other vocabularies, for the message.
    /// - Throws: `UserError` if the two vocabularies are not of one family (see `PieceMatch`), or this model has no tokenizer.
    public func matching(
        _ tokenizer: Tokenizer, of owner: String,
        hint: String = "models that train together share a tokenizer; they may differ in added tokens"
    ) throws -> Checkpoint {
        guard let match = tokenizer.match(in: try requireTokenizer()) else {
            throw UserError(
                "has another tokenizer than \(owner)", file: url.relativePath, hint: hint,
                status: .configuration)
        }
        guard !match.isIdentity else { return self }
        return Checkpoint(
            url: url, decoder: try decoder.reindexed(to: match.ids), tokenizer: tokenizer, template: template,
            tokens: SpecialTokens(begin: tokenizer.beginID, ends: tokenizer.endID.map { [$0] } ?? []))
    }

    /// The pieces of the vocabulary that this model lacks, ascending; none but in a model that `matching` made.
    public var missingPieces: [Int32] { decoder.head.missing }
}

extension UserError {
    /// A text has a piece that a teacher of the same family does not have.
    package static func missingPiece(_ spelling: String, teacher: String) -> UserError {
        UserError(
            "does not have the piece \(spelling.debugDescription), which a text of the corpus has",
            file: teacher,
            hint: "leave it out of the texts, or give a chat_template whose markers both models have",
            status: .configuration)
    }
}
