import Support

extension DecoderModel {
    /// The model with the pieces of another vocabulary: its rows in that order, without those that the other does not have.
    ///
    /// Its distribution is this one's, conditioned on the pieces that both have. Pieces without a row have no probability, and
    /// must not be read.
    ///
    /// - Parameter rows: For each piece of the other vocabulary the row of this model; nil for none.
    /// - Throws: `UserError` if no piece has a row, or there is no such row.
    public func reindexed(to rows: [Int32?]) throws -> DecoderModel {
        guard let any = rows.lazy.compactMap({ $0 }).first else {
            throw UserError("no piece is kept", status: .configuration)
        }
        // A missing piece has some row: its values are never used.
        return try pruned(to: DecoderSelection(vocabulary: rows.map { Int($0 ?? any) }))
            .lacking(rows.indices.filter { rows[$0] == nil }.map(Int32.init))
    }
}
