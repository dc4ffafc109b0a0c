import Corpora
import Foundation
import Support

/// Names a labelled document by its content: the first half of the SHA-256 of its token ids and target flags, and of what
/// the teacher reads instead.
struct RecordKey: Hashable, Sendable {
    static let size = 16

    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.size, "a record key has \(Self.size) bytes")
        self.bytes = bytes
    }

    init(_ document: EncodedDocument) {
        var data = Data(capacity: document.ids.count * 5)
        document.ids.withUnsafeBytes { data.append(contentsOf: $0) }
        data.append(contentsOf: document.kept.map { $0 ? 1 : 0 })
        document.teacher?.ids.withUnsafeBytes { data.append(contentsOf: $0) }
        let hexadecimal = Array(Fingerprint(of: data).hexadecimal.utf8.prefix(2 * Self.size))
        bytes = stride(from: 0, to: hexadecimal.count, by: 2).map {
            UInt8(String(decoding: hexadecimal[$0..<$0 + 2], as: UTF8.self), radix: 16)!
        }
    }

    /// The number that names the record's random stream.
    var streamIndex: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
