import Checkpoints
import Foundation
import Tensors

/// A column of whole numbers in a mapped safetensors file. Values are decoded when they are asked for; nothing is copied
/// before.
///
/// Values have the type U8, U16 or U32, little-endian, at any alignment.
struct MappedColumn {
    let name: String
    /// Number of values.
    let count: Int
    private let bytes: Data
    private let type: DType

    /// - Throws: `UserError` if there is no such tensor or it has another type
    init(_ name: String, in file: SafetensorsFile, types: Set<DType> = [.u8, .u16, .u32]) throws {
        let view = try file.view(name)
        guard types.contains(view.type) else {
            throw view.error(
                "has dtype \(view.type.rawValue)",
                hint: types.map(\.rawValue).sorted().joined(separator: " or ") + " is expected")
        }
        self.name = name
        count = view.count
        bytes = view.bytes
        type = view.type
    }

    /// Calls `body` with each value of a range, in order.
    ///
    /// - Complexity: O(range.count)
    func forEach(in range: Range<Int>, _ body: (UInt32) -> Void) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) outside \(name)")
        func read<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, _ bytes: UnsafeRawBufferPointer)
        {
            for index in range {
                let offset = index * MemoryLayout<Value>.size
                body(UInt32(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)))
            }
        }
        bytes.withUnsafeBytes { bytes in
            switch type {
            case .u8: read(UInt8.self, bytes)
            case .u16: read(UInt16.self, bytes)
            default: read(UInt32.self, bytes)
            }
        }
    }

    /// Some of the values as token ids or counts.
    func values(_ range: Range<Int>) -> [Int32] {
        var values: [Int32] = []
        values.reserveCapacity(range.count)
        forEach(in: range) { values.append(Int32(truncatingIfNeeded: $0)) }
        return values
    }

    /// Some of the values as 16-bit codes, see `FixedPoint`.
    func codes(_ range: Range<Int>) -> [UInt16] {
        var values: [UInt16] = []
        values.reserveCapacity(range.count)
        forEach(in: range) { values.append(UInt16(truncatingIfNeeded: $0)) }
        return values
    }

    /// The sum of some of the values.
    func sum(_ range: Range<Int>) -> Int {
        var sum = 0
        forEach(in: range) { sum += Int($0) }
        return sum
    }

    /// The largest of all values; 0 for an empty column.
    var largest: UInt32 {
        var largest: UInt32 = 0
        forEach(in: 0..<count) { largest = max(largest, $0) }
        return largest
    }

    /// The smallest of all values; the largest there can be for an empty column.
    var smallest: UInt32 {
        var smallest = UInt32.max
        forEach(in: 0..<count) { smallest = min(smallest, $0) }
        return smallest
    }
}
