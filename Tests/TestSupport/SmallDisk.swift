import Foundation
import Testing

/// A file system in memory that fills up soon. Only root may mount one.
public struct SmallDisk {
    public let url: URL

    /// Whether this process may mount; a container's root often may not.
    public static let isPossible: Bool = {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "distill-\(UUID().uuidString)")
        guard getuid() == 0, let disk = try? SmallDisk(at: url, bytes: 1 << 16) else { return false }
        disk.unmount()
        try? FileManager.default.removeItem(at: url)
        return true
    }()

    public init(at url: URL, bytes: Int) throws {
        self.url = url
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let status = try Self.run("mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", url.path)
        try #require(status == 0, "mount failed")
    }

    public func unmount() {
        _ = try? Self.run("umount", url.path)
    }

    private static func run(_ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
