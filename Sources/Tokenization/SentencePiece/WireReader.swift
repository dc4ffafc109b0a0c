/// Reads the fields of one message in protobuf's wire format, the encoding of `.model` files.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct WireReader {
    /// A field: its number and value.
    struct Field {
        let number: Int
        let value: Value
        /// Where the field begins in the file.
        let offset: Int
        /// Where the next one begins.
        let end: Int
    }

    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        /// A length-delimited field (string, bytes or a nested message): its range in the file.
        case range(Range<Int>)
    }

    /// An error in the wire format.
    struct Malformed: Error {
        let offset: Int
        let problem: String
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// Reads the message in `range` of `bytes`.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(Malformed) -> Field? {
        guard position < end else { return nil }
        let offset = position
        let key = try varint()
        let number = key >> 3
        guard number > 0, number < 1 << 29 else { throw malformed(offset, "field number \(number)") }
        let value: Value
        switch key & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(8))
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw malformed(offset, "a field of \(length) bytes where \(end - position) are left")
            }
            value = .range(position..<position + Int(length))
            position += Int(length)
        default: throw malformed(offset, "wire type \(key & 7)")
        }
        return Field(number: Int(number), value: value, offset: offset, end: position)
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var result: UInt64 = 0
        // Ten groups of seven bits hold 64 bits.
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { throw malformed(position, "the end inside a number") }
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
        }
        throw malformed(position, "a number longer than 64 bits")
    }

    /// A little-endian number of `size` bytes.
    private mutating func fixed(_ size: Int) throws(Malformed) -> UInt64 {
        guard end - position >= size else { throw malformed(position, "the end inside a number") }
        defer { position += size }
        return bytes[position..<position + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func malformed(_ offset: Int, _ problem: String) -> Malformed {
        Malformed(offset: offset, problem: problem)
    }
}
