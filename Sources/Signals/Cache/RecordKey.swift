import Corpora
import Foundation
import Support

/// Identifies a labelled document by its content: the first half of the SHA-256 of its token ids and loss mask, and, in
/// context distillation, of the token ids that the teacher reads.
struct RecordKey: Hashable, Sendable {
    static let size = 16

    /// The index of the record's random stream: the first eight bytes, big-endian.
    let streamIndex: UInt64
    /// The other eight bytes.
    private let rest: UInt64

    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.size, "a record key has \(Self.size) bytes")
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        streamIndex = number(bytes[..<8])
        rest = number(bytes[8...])
    }

    init(_ document: EncodedDocument) {
        var data = Data(capacity: document.ids.count * 5)
        document.ids.withUnsafeBytes { data.append(contentsOf: $0) }
        data.append(contentsOf: document.lossMask.map { $0 ? 1 : 0 })
        document.teacher?.ids.withUnsafeBytes { data.append(contentsOf: $0) }
        let digits = Fingerprint(of: data).hexadecimal
        streamIndex = UInt64(digits.prefix(16), radix: 16)!
        rest = UInt64(digits.dropFirst(16).prefix(16), radix: 16)!
    }

    var bytes: [UInt8] {
        [streamIndex, rest].flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    }
}
