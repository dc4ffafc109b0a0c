import Foundation

/// A SHA-256 digest that names content: files, token ids, the inputs of a stage.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hexadecimal: String

    public var description: String { hexadecimal }

    private init(_ hash: SHA256) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in hash.digest() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        hexadecimal = String(decoding: text, as: UTF8.self)
    }

    /// The digest of some bytes.
    public init(of data: Data) {
        var hash = SHA256()
        data.withUnsafeBytes { hash.update($0) }
        self.init(hash)
    }

    /// The digest of some bytes in memory.
    public init(of bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bytes)
        self.init(hash)
    }

    /// The digest of several parts in order. Each part's length is hashed before it, so that moving a byte from
    /// one part to its neighbour changes the result.
    public init(hashing parts: some Sequence<Data>) {
        var hash = SHA256()
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update($0) }
            part.withUnsafeBytes { hash.update($0) }
        }
        self.init(hash)
    }

    /// The digest of several texts in order, as `init(hashing:)` on their UTF-8 bytes.
    public init(hashing parts: String...) {
        self.init(hashing: parts.map { Data($0.utf8) })
    }

    /// The digest of a file's bytes, equal to `sha256sum`'s. The file is read in pieces, never held whole.
    /// - Throws: `UserError` if the file is no regular file or cannot be read.
    public init(fileAt url: URL) throws {
        try self.init(concatenating: [url])
    }

    /// The digest of several files' bytes, one after another.
    /// - Throws: `UserError` if one is no regular file or cannot be read.
    package init(concatenating files: [URL]) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        for url in files {
            let file = try OpenFile(regular: url)
            while case let count = try file.read(into: buffer), count > 0 {
                hash.update(.init(rebasing: buffer[..<count]))
            }
        }
        self.init(hash)
    }

    /// A digest written down earlier; nil unless it is 64 lower-case hexadecimal digits.
    public init?(hexadecimal: String) {
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) || (97...102).contains(byte) }
        guard hexadecimal.utf8.count == 64, hexadecimal.utf8.allSatisfy(isDigit) else { return nil }
        self.hexadecimal = hexadecimal
    }
}

extension Fingerprint: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Fingerprint(hexadecimal: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is not a SHA-256 digest of 64 hexadecimal digits")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hexadecimal)
    }
}
