import Foundation

/// The bytes of a file, mapped into memory: pages come from the disk as they are touched.
///
/// A file below 64 KiB, and anything that cannot be mapped (a pipe), is read instead. A mapping has one
/// danger that no check removes: if another process shortens the file, touching the lost pages ends this
/// process with SIGBUS. Files written by `AtomicFile` are never shortened, only replaced, and a mapping keeps
/// the replaced file alive.
public struct MappedFile: Sendable {
    private let storage: Storage
    public let url: URL

    /// - Throws: `UserError` if the file is missing, is a directory or cannot be read.
    public init(contentsOf url: URL) throws {
        self.url = url
        storage = try Storage(OpenFile(url, flags: O_RDONLY))
    }

    public var count: Int { storage.bytes.count }

    /// All bytes; valid only as long as a copy of this value lives. The start is aligned to 64 bytes at least.
    public var bytes: UnsafeRawBufferPointer { storage.bytes }

    /// A part of the file that keeps the mapping alive; nothing is copied.
    public func data(_ range: Range<Int>) -> Data {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range \(range) outside the file")
        guard !range.isEmpty, let start = storage.bytes.baseAddress else { return Data() }
        let owner = storage
        return Data(
            bytesNoCopy: .init(mutating: start + range.lowerBound), count: range.count,
            deallocator: .custom { _, _ in withExtendedLifetime(owner) {} })
    }
}

/// Owns the mapped pages or the buffer the file was read into; the bytes never change.
private final class Storage: @unchecked Sendable {
    /// Below this size a mapping costs more than it saves, and a shortened file must do no harm.
    private static let smallestMapping = 1 << 16

    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    init(_ file: OpenFile) throws {
        let status = try file.status()
        if status.isDirectory {
            throw UserError.system(EISDIR, "cannot read", at: file.url, while: .reading)
        }
        let size = Int(status.st_size)
        guard status.isRegular, size >= Self.smallestMapping else {
            bytes = try Self.read(file, expecting: size)
            isMapped = false
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), start != MAP_FAILED
        else {
            throw UserError.system(errno, "cannot map into memory", at: file.url, while: .reading)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
        isMapped = true
    }

    deinit {
        if isMapped {
            munmap(.init(mutating: bytes.baseAddress), bytes.count)
        } else {
            bytes.deallocate()
        }
    }

    private static func read(_ file: OpenFile, expecting size: Int) throws -> UnsafeRawBufferPointer {
        var content: [UInt8] = []
        content.reserveCapacity(size)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: smallestMapping, alignment: 64)
        defer { chunk.deallocate() }
        while case let count = try file.read(into: chunk), count > 0 {
            content.append(contentsOf: chunk[..<count])
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
        copy.copyBytes(from: content)
        return UnsafeRawBufferPointer(copy)
    }
}
