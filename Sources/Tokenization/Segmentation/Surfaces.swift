/// The bytes each piece adds to a decoded text, in one buffer.
struct Surfaces: Sendable {
    private var bytes: [UInt8] = []
    /// Piece `i` takes `bytes[bounds[i]..<bounds[i + 1]]`.
    private var bounds: [Int] = [0]
    /// The ids of the 256 byte pieces, if the model has them.
    let byteIDs: [Int32]?

    /// - Parameters:
    ///   - bytes: Of all pieces.
    ///   - bounds: Where each begins, and the end.
    init(bytes: [UInt8], bounds: [Int]) {
        precondition(bounds.first == 0 && bounds.last == bytes.count, "bounds of pieces")
        (self.bytes, self.bounds, byteIDs) = (bytes, bounds, nil)
    }

    init(_ model: ModelFile) {
        var byteIDs = [Int32](repeating: 0, count: 256)
        for (id, piece) in model.pieces.enumerated() {
            switch piece.kind {
            case .control: break
            case .unknown: bytes += model.unknownSurface.utf8
            case .byte:
                let byte = BytePiece.value(of: piece.spelling)!
                byteIDs[Int(byte)] = Int32(id)
                bytes.append(byte)
            case .normal, .userDefined, .unused:
                for scalar in piece.spelling.unicodeScalars {
                    bytes += scalar == "\u{2581}" ? Array(" ".utf8) : Array(UTF8.encode(scalar)!)
                }
            }
            bounds.append(bytes.count)
        }
        self.byteIDs = model.hasByteFallback ? byteIDs : nil
    }

    subscript(id: Int32) -> ArraySlice<UInt8> { bytes[bounds[Int(id)]..<bounds[Int(id) + 1]] }
}
