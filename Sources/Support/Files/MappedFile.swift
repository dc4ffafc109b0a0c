import Foundation

/// The bytes of a file, mapped into memory: pages come from the disk as they are touched.
///
/// A file below 64 KiB is read instead. Only regular files are opened: a device may have no end, and a named pipe may have
/// no writer. A mapping has one
/// danger that no check removes: if another process shortens the file, touching the lost pages ends this
/// process with SIGBUS. Files written by `AtomicFile` are never shortened, only replaced, and a mapping keeps
/// the replaced file alive.
public struct MappedFile: Sendable {
    /// The file.
    public let url: URL
    /// All bytes, indexed from 0. Copies of this value share the mapping and keep it alive.
    public let bytes: Data

    /// Below this size a mapping costs more than it saves, and a shortened file must do no harm.
    private static let smallestMapping = 1 << 16

    /// - Throws: `UserError` if the file is missing, is no regular file or cannot be read.
    public init(contentsOf url: URL) throws {
        self.url = url
        let file = try OpenFile(regular: url)
        let size = Int(try file.status().st_size)
        bytes =
            try size >= Self.smallestMapping
            ? Self.map(file, size) : ConfigurationFile.read(url, atMost: ConfigurationFile.largest)
    }

    /// Bytes of the file.
    public var count: Int { bytes.count }

    /// A part of the file, indexed from 0, that keeps the mapping alive; nothing is copied.
    public func data(_ range: Range<Int>) -> Data {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range \(range) outside the file")
        guard !range.isEmpty else { return Data() }
        let owner = bytes
        return owner.withUnsafeBytes { bytes in
            Data(
                bytesNoCopy: .init(mutating: bytes.baseAddress! + range.lowerBound), count: range.count,
                deallocator: .custom { _, _ in withExtendedLifetime(owner) {} })
        }
    }

    /// Hands the pages that were touched back to the system, which reads them again when they are next touched.
    ///
    /// Pages of a mapped file count as memory of the process from the first time they are touched.
    package func releasePages() {
        guard count >= Self.smallestMapping else { return }
        bytes.withUnsafeBytes { bytes in
            _ = madvise(.init(mutating: bytes.baseAddress!), bytes.count, MADV_DONTNEED)
        }
    }

    private static func map(_ file: OpenFile, _ size: Int) throws -> Data {
        let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
        guard let start, start != MAP_FAILED else {
            throw UserError.system(errno, "cannot map into memory", at: file.url, while: .reading)
        }
        return Data(bytesNoCopy: start, count: size, deallocator: .custom { munmap($0, $1) })
    }
}
