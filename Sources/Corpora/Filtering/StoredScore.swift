import Foundation
import Support

/// The values of a record, with its hash. On disk these are 8 bytes and a Float32 a value, NaN where there is none; little-endian.
struct StoredScore {
    let key: UInt64
    /// Empty for a record with nothing to measure.
    let values: [Float]
}

extension [StoredScore] {
    /// Number of records in a frame; 0 for one that is no such frame.
    static func count(in frame: Data, width: Int) -> Int {
        let size = size(width)
        return frame.count % size == 0 ? frame.count / size : 0
    }

    private static func size(_ width: Int) -> Int { 8 + 4 * width }

    init(_ frame: Data, width: Int) {
        self = frame.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: Self.size(width)).map { start in
                let values = (0..<width).map {
                    Float(
                        bitPattern: UInt32(
                            littleEndian: bytes.loadUnaligned(
                                fromByteOffset: start + 8 + 4 * $0, as: UInt32.self)))
                }
                return StoredScore(
                    key: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
                    values: values.first?.isNaN == true ? [] : values)
            }
        }
    }

    static func frame(_ scores: [StoredScore], width: Int) -> Data {
        var data = Data(capacity: scores.count * size(width))
        for score in scores {
            Swift.withUnsafeBytes(of: score.key.littleEndian) { data.append(contentsOf: $0) }
            for value in score.values.isEmpty ? [Float](repeating: .nan, count: width) : score.values {
                Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            }
        }
        return data
    }
}

extension CandidateRecord {
    /// A hash of the record's line.
    ///
    /// - Throws: what the encoder throws
    func scoreKey() throws -> UInt64 {
        var hash = SHA256()
        try lineBytes().withUnsafeBytes { hash.update($0) }
        return hash.digest().withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}
