import Foundation

extension ModelFile {
    /// The bytes of a model with some of the pieces.
    ///
    /// Everything else stays as the file has it (normalizer, spellings of special pieces, settings); the library's
    /// sample of texts with their old ids (`self_test_data`), which it would compare on loading, is left out. Field
    /// numbers are those of `sentencepiece_model.proto`.
    ///
    /// - Parameters:
    ///   - ids: the pieces that stay, rising
    ///   - symbols: new spellings of some pieces, which become user-defined symbols
    func serialized(keeping ids: [Int32], renaming symbols: [Int32: String]) throws -> Data {
        var (pieces, rest) = (WireWriter(), WireWriter())
        var kept = ids[...]
        var id: Int32 = 0
        var reader = WireReader(bytes, in: 0..<bytes.count)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                if kept.first == id {
                    if let symbol = symbols[id] {
                        var message = WireWriter()
                        message.string(1, symbol)
                        message.float(2, 0)
                        message.varint(3, UInt64(PieceKind.userDefined.number))
                        pieces.message(1, message)
                    } else {
                        pieces.raw(bytes[field.offset..<field.end])
                    }
                    kept.removeFirst()
                }
                id += 1
            case 2: rest.message(2, try trainer(in: try range(field), ids: ids))
            case 4: break
            default: rest.raw(bytes[field.offset..<field.end])
            }
        }
        pieces.raw(rest.output)
        return Data(pieces.output)
    }

    /// The trainer's settings with the new number of pieces and the new ids of the special ones.
    private func trainer(in range: Range<Int>, ids: [Int32]) throws -> WireWriter {
        let numbers = Dictionary(uniqueKeysWithValues: ids.enumerated().map { (Int($1), $0) })
        func number(_ kind: PieceKind, _ spelling: String) -> Int {
            // −1 means that there is none.
            let id = pieces.firstIndex { $0.kind == kind && (kind == .unknown || $0.spelling == spelling) }
            return id.flatMap { numbers[$0] } ?? -1
        }
        var trainer = WireWriter()
        var reader = WireReader(bytes, in: range)
        while let field = try reader.next() {
            guard ![4, 40, 41, 42, 43].contains(field.number) else { continue }
            trainer.raw(bytes[field.offset..<field.end])
        }
        trainer.varint(4, UInt64(ids.count))
        let special = [
            number(.unknown, unknownSpelling), number(.control, beginSpelling),
            number(.control, endSpelling), number(.control, paddingSpelling),
        ]
        for (field, id) in zip(40..., special) { trainer.varint(field, UInt64(bitPattern: Int64(id))) }
        return trainer
    }
}
