import Support

/// Damages the bytes of a file at random, the same way for the same seed.
///
/// Bytes are flipped, replaced, removed, repeated and cut off. In JSON, values are also replaced by others of the file, by numbers beyond
/// every range, by deep nesting and by long lists; members and elements are repeated and removed.
public struct FileMutator {
    private var random: RandomStream

    public init(seed: UInt64) { random = RandomStream(seed: seed, purpose: "mutations") }

    /// Values that a reader must refuse, or bear.
    private static let values =
        [
            "0", "-1", "1", "2", "255", "2147483647", "2147483648", "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551616", "1e308", "-1e308", "1e999", "1e-320", "0.5", "NaN", "null", "true", "[]",
            "{}", "\"\"",
            "\"a\"", "\"\\u0000\"", "\"\\ud800\"", "\"\u{2581}\"", "\" \"", "[[\"a\",\"b\"]]", "[\"a b\"]",
            "{\"type\":\"Sequence\"}", "{\"Regex\":\"(a|a)+b\"}", "{\"Regex\":\".{0,1000000000}\"}",
            "{\"String\":\"a\"}",
            "{\"type\":\"ByteLevel\"}", "{\"type\":\"Metaspace\"}",
            "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aaaa\"}",
        ]
        + [
            String(repeating: "[", count: 600), String(repeating: "{\"a\":", count: 100_000),
            "\"\(String(repeating: "a", count: 70_000))\"", "[\(String(repeating: "0,", count: 5000))0]",
            String(repeating: "{\"type\":\"Sequence\",\"normalizers\":[", count: 300) + "null"
                + String(repeating: "]}", count: 300),
        ]
    private static let signs = Array("0123456789\"{}[],:-.eE \\\u{0}".utf8)

    private mutating func place(in bytes: [UInt8]) -> Int { random.nextIndex(below: max(bytes.count, 1)) }

    /// A file with one to four changes of its bytes.
    public mutating func damaged(_ sound: [UInt8]) -> [UInt8] {
        var bytes = sound
        for _ in 0...random.nextIndex(below: 4) where !bytes.isEmpty {
            let place = place(in: bytes)
            switch random.nextIndex(below: 8) {
            case 0: bytes[place] ^= 1 << UInt8(random.nextIndex(below: 8))
            case 1: bytes[place] = UInt8(random.nextIndex(below: 256))
            case 2: bytes[place] = Self.signs[random.nextIndex(below: Self.signs.count)]
            case 3: bytes.removeSubrange(place..<min(place + 1 + random.nextIndex(below: 40), bytes.count))
            case 4: bytes.insert(contentsOf: bytes[place..<min(place + 40, bytes.count)], at: place)
            case 5: bytes.swapAt(place, self.place(in: bytes))
            case 6:
                // Eight bytes of all ones, or a count that no file holds.
                for index in place..<min(place + 8, bytes.count) { bytes[index] = 0xFF }
            default: if random.nextIndex(below: 4) == 0 { bytes.removeSubrange(place...) }
            }
        }
        return bytes
    }

    /// A JSON file with one to three of its values changed.
    public mutating func damagedValues(_ sound: [UInt8], _ tree: JSONRanges) -> [UInt8] {
        var changes: [(range: Range<Int>, text: [UInt8])] = []
        for _ in 0...random.nextIndex(below: 3) {
            let node = tree.nodes[path(in: tree)]
            let value = Array(sound[node.value])
            switch random.nextIndex(below: 6) {
            case 0: changes.append((node.value, Array(sound[tree.nodes[path(in: tree)].value])))
            case 1: changes.append((node.member, []))
            case 2:
                changes.append((node.member, Array(sound[node.member]) + [0x2C] + Array(sound[node.member])))
            case 3 where value.count < 100:
                changes.append(
                    (
                        node.value,
                        [0x5B] + Array([[UInt8]](repeating: value, count: 200).joined(separator: [0x2C])) + [
                            0x5D
                        ]
                    ))
            default:
                changes.append(
                    (node.value, Array(Self.values[random.nextIndex(below: Self.values.count)].utf8)))
            }
        }
        var bytes = sound
        var end = bytes.count
        for (range, text) in changes.sorted(by: { $0.range.lowerBound > $1.range.lowerBound })
        where range.upperBound <= end {
            bytes.replaceSubrange(range, with: text)
            end = range.lowerBound
        }
        return bytes
    }

    /// Walks down from the root, so that a setting is met as often as a vocabulary.
    private mutating func path(in tree: JSONRanges) -> Int {
        var node = 0
        while let count = Optional(tree.nodes[node].children.count), count > 0,
            node == 0 || random.nextIndex(below: 5) > 0
        {
            node = tree.nodes[node].children[random.nextIndex(below: count)]
        }
        return node
    }
}

/// Where the values of a JSON text lie.
public struct JSONRanges {
    struct Node {
        /// The value alone, and with its key.
        var value, member: Range<Int>
        var children: [Int] = []
    }

    private(set) var nodes: [Node] = []
    private let bytes: [UInt8]

    /// - Parameter bytes: Sound JSON.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var place = 0
        _ = read(&place)
    }

    private func skipSpace(_ place: inout Int) {
        while [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    }

    private func skipString(_ place: inout Int) {
        place += 1
        while bytes[place] != UInt8(ascii: "\"") { place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1 }
        place += 1
    }

    private mutating func read(_ place: inout Int) -> Int {
        skipSpace(&place)
        let (index, start) = (nodes.count, place)
        nodes.append(Node(value: start..<start, member: start..<start))
        switch bytes[place] {
        case UInt8(ascii: "\""): skipString(&place)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = bytes[place] == UInt8(ascii: "{")
            repeat {
                place += 1
                skipSpace(&place)
                if [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[place]) { break }
                let key = place
                if isObject {
                    skipString(&place)
                    skipSpace(&place)
                    place += 1
                }
                let child = read(&place)
                nodes[child].member = key..<nodes[child].value.upperBound
                nodes[index].children.append(child)
                skipSpace(&place)
            } while bytes[place] == UInt8(ascii: ",")
            place += 1
        default:
            while place < bytes.count, !",]} \n".utf8.contains(bytes[place]) { place += 1 }
        }
        nodes[index].value = start..<place
        nodes[index].member = nodes[index].value
        return index
    }
}
