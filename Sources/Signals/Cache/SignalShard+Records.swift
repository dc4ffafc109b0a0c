import Tensors

extension SignalShard {
    /// A record as it was when the file was written, but for the rounding of its codes: written again, it has the same bytes.
    ///
    /// - Throws: `UserError` when the file was changed after it was opened
    func record(_ record: Int) throws -> SignalRecord {
        let positions = positions(ofRecord: record)
        var entries: [PositionEntries] = []
        entries.reserveCapacity(positions.count)
        try forEachPosition(ofRecord: record) { entries.append($0) }
        let states = hidden.map { Tensor(shape: [positions.count, $0.shape[1]]) }
        _ = try copyHidden(record: record, to: states, row: 0)
        return SignalRecord(
            key: key(ofRecord: record), ids: ids(ofRecord: record), positions: positions, entries: entries,
            hidden: states)
    }
}
