import CSentencePiece
import Foundation
import Support

/// Owns a model of the library and turns its messages into errors. The library's reading calls may run at once
/// on several threads.
final class ModelHandle: @unchecked Sendable {
    private let model: OpaquePointer

    init(_ data: Data, name: String) throws {
        var opened: OpaquePointer?
        let message = data.withUnsafeBytes { sp_open($0.baseAddress, $0.count, &opened) }
        if let reason = Self.take(message) {
            throw UserError("not a usable SentencePiece model: \(reason)", file: name)
        }
        model = opened!
    }

    deinit { sp_close(model) }

    var pieceCount: Int { Int(sp_piece_count(model)) }

    /// The id of the piece with this spelling, or -1.
    func id(of spelling: UnsafeBufferPointer<UInt8>) -> Int32 {
        Self.withText(spelling) { sp_piece_id(model, $0, $1) }
    }

    func encode(_ text: UnsafeBufferPointer<UInt8>) -> [Int32] {
        ids { ids, count in Self.withText(text) { sp_encode(model, $0, $1, ids, count) } }
    }

    /// Ids, and for each the bytes of `text` it stands for.
    func encodeWithBounds(_ text: UnsafeBufferPointer<UInt8>) -> (ids: [Int32], bounds: [Range<Int>]) {
        var bounds: UnsafeMutablePointer<UInt32>?
        let ids = ids { ids, count in
            Self.withText(text) { sp_encode_with_bounds(model, $0, $1, ids, &bounds, count) }
        }
        defer { sp_free(bounds) }
        return (ids, ids.indices.map { Int(bounds![2 * $0])..<Int(bounds![2 * $0 + 1]) })
    }

    func sample(
        _ text: UnsafeBufferPointer<UInt8>, candidates: Int32, alpha: Float, seed: UInt32
    ) -> [Int32] {
        ids { ids, count in
            Self.withText(text) { sp_sample(model, $0, $1, candidates, alpha, seed, ids, count) }
        }
    }

    /// The library counts bytes in Int32, and a normalised text may be three times as long as the text.
    static let longestText = Int(Int32.max) / 4

    /// Runs a call that hands out ids. A model that passed `ModelCheck` encodes every text that fits.
    private func ids(
        _ call: (UnsafeMutablePointer<UnsafeMutablePointer<Int32>?>, UnsafeMutablePointer<Int>) ->
            UnsafeMutablePointer<CChar>?
    ) -> [Int32] {
        var ids: UnsafeMutablePointer<Int32>?
        var count = 0
        if let reason = Self.take(call(&ids, &count)) { preconditionFailure("cannot encode: \(reason)") }
        defer { sp_free(ids) }
        return Array(UnsafeBufferPointer(start: ids, count: count))
    }

    private static func withText<Result>(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafePointer<CChar>?, Int) -> Result
    ) -> Result {
        precondition(text.count <= longestText, "a text of \(text.count) bytes; at most \(longestText)")
        return text.withMemoryRebound(to: CChar.self) { body($0.baseAddress, $0.count) }
    }

    /// The message of a failed call, freed.
    static func take(_ message: UnsafeMutablePointer<CChar>?) -> String? {
        guard let message else { return nil }
        defer { sp_free(message) }
        return String(cString: message)
    }
}
