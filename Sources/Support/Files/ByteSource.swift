import Foundation

/// The bytes of a file, or what is compressed in it where its name ends in `.gz`.
///
/// `gzip -dc` expands compressed files through a pipe, which holds 64 KiB: memory depends on what is read and not on
/// what a file expands to.
package final class ByteSource {
    private let file: OpenFile
    private let gzip: Process?
    private let output: FileHandle?
    private let complaints: ScratchComplaints?
    private var isFinished = false

    /// - Throws: `UserError` if the file is missing, is a directory or cannot be opened, or if there is no `gzip`
    package init(_ url: URL) throws {
        file = try OpenFile(url, flags: O_RDONLY)
        if try file.status().isDirectory {
            throw UserError.system(EISDIR, "cannot read", at: url, while: .reading)
        }
        guard Self.isCompressed(url) else {
            (gzip, output, complaints) = (nil, nil, nil)
            return
        }
        let (process, pipe, complaints) = (Process(), Pipe(), try ScratchComplaints())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc"]
        process.standardInput = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false)
        process.standardOutput = pipe
        process.standardError = complaints.handle
        do { try process.run() } catch {
            throw UserError(
                "cannot start gzip: \(error.localizedDescription)", file: url.relativePath,
                hint: "install gzip, or expand the file first", status: .unavailable)
        }
        (gzip, output, self.complaints) = (process, pipe.fileHandleForReading, complaints)
    }

    deinit {
        // What is no longer read must not wait for a reader.
        try? output?.close()
        if let gzip, gzip.isRunning { gzip.terminate() }
    }

    static func isCompressed(_ url: URL) -> Bool { url.pathExtension.lowercased() == "gz" }

    /// Reads up to `buffer.count` bytes; 0 at the end.
    /// - Throws: `UserError` if the file cannot be read, or is no sound gzip file
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let gzip, let output else { return try file.read(into: buffer) }
        let url = file.url
        let count = try check({ .system($0, "cannot read", at: url, while: .reading) }) {
            Foundation.read(output.fileDescriptor, buffer.baseAddress, buffer.count)
        }
        if count == 0, !isFinished {
            isFinished = true
            gzip.waitUntilExit()
            if gzip.terminationStatus != 0 {
                let reason = complaints?.firstLine.map { ": \($0)" } ?? ""
                throw UserError("cannot be expanded\(reason)", file: url.relativePath)
            }
        }
        return count
    }
}

/// Where a process puts what it complains of: a file without a name, which never makes it wait.
private final class ScratchComplaints {
    let handle: FileHandle
    private static let longest = 4096

    init() throws {
        let url = TemporaryNames.reserve(for: .temporaryDirectory.appending(path: "gzip"))
        defer { TemporaryNames.release(url) }
        let descriptor = try OpenFile(url, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600).keepOpen()
        unlink(url.path)
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    var firstLine: String? {
        var bytes = [UInt8](repeating: 0, count: Self.longest)
        let count = pread(handle.fileDescriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
            .split(whereSeparator: \.isNewline).first.map { String($0) }
    }
}
