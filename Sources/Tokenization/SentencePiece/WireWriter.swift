/// Writes messages in the wire format of protocol buffers.
struct WireWriter {
    private(set) var output: [UInt8] = []

    mutating func varint(_ field: Int, _ value: UInt64) {
        tag(field, type: 0)
        append(value)
    }

    mutating func float(_ field: Int, _ value: Float) {
        tag(field, type: 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { output += $0 }
    }

    mutating func string(_ field: Int, _ value: String) { bytes(field, value.utf8) }

    /// Appends fields that are encoded already.
    mutating func raw(_ fields: some Collection<UInt8>) { output += fields }

    mutating func message(_ field: Int, _ message: WireWriter) { bytes(field, message.output) }

    mutating func bytes(_ field: Int, _ bytes: some Collection<UInt8>) {
        tag(field, type: 2)
        append(UInt64(bytes.count))
        output += bytes
    }

    private mutating func tag(_ field: Int, type: UInt64) { append(UInt64(field) << 3 | type) }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        output.append(UInt8(value))
    }
}
