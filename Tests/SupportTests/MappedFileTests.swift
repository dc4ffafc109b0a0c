import Foundation
import Support
import Testing

@Suite struct MappedFileTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 200_001])
    func holdsTheBytes(size: Int) throws {
        let scratch = try Scratch()
        let content = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let file = try MappedFile(contentsOf: scratch.file("a", content))
        #expect(file.count == size)
        #expect(file.bytes == content)
    }

    @Test func aPartOutlivesTheFile() throws {
        let scratch = try Scratch()
        let url = try scratch.file("a", Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) }))
        var file: MappedFile? = try MappedFile(contentsOf: url)
        let part = try #require(file).data(70_000..<70_003)
        file = nil
        try AtomicFile.write(Data(repeating: 0, count: 100_000), to: url)
        #expect(Array(part) == [70_000, 70_001, 70_002].map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func aMissingFileAndADirectoryAreInputErrors() throws {
        let scratch = try Scratch()
        let missing = scratch.url.appendingPathComponent("none")
        let error = try userError { _ = try MappedFile(contentsOf: missing) }
        #expect(error.status == .noInput)
        #expect(error.description == "\(missing.path): cannot open: No such file or directory")
        let directory = try userError { _ = try MappedFile(contentsOf: scratch.url) }
        #expect(directory.status == .noInput)
        #expect(directory.description.contains("Is a directory; a file is expected"))
    }

    /// Faults found, line 3: a pipe without a writer was waited for, and a device read without end.
    @Test func onlyRegularFilesAreOpened() throws {
        let scratch = try Scratch()
        let pipe = scratch.url.appendingPathComponent("pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        for (url, kind) in [(pipe, "a pipe"), (URL(filePath: "/dev/zero"), "a device")] {
            let error = try userError { _ = try MappedFile(contentsOf: url) }
            #expect(error.description == "\(url.path): is \(kind); a regular file is expected")
            #expect(error.status == .noInput)
            #expect(try userError { _ = try Fingerprint(fileAt: url) } == error)
        }
    }
}

@Suite struct DirectoryLockTests {
    @Test func excludesUntilReleased() throws {
        let scratch = try Scratch()
        var lock: DirectoryLock? = try DirectoryLock(directory: scratch.url)
        let error = try userError { _ = try DirectoryLock(directory: scratch.url) }
        #expect(error.status == .temporaryFailure)
        #expect(error.description.contains("in use by this process (\(getpid()))"))
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try DirectoryLock(directory: scratch.url)
    }

    @Test func namesTheOtherProcessAndIsFreedByItsDeath() throws {
        let scratch = try Scratch()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "flock", scratch.url.appendingPathComponent(".lock").path, "sh", "-c",
            "echo $$ > '\(scratch.url.path)/.lock'; exec sleep 60",
        ]
        try process.run()
        let deadline = Date().addingTimeInterval(20)
        var message = ""
        while !message.contains("in use by process "), Date() < deadline {
            do {
                _ = try DirectoryLock(directory: scratch.url)
            } catch let error as UserError {
                message = error.problem
            }
            usleep(10_000)
        }
        let holder = try #require(Int32(message.dropFirst("in use by process ".count)))
        #expect(holder != getpid())
        kill(holder, SIGKILL)
        process.terminate()
        process.waitUntilExit()
        _ = try DirectoryLock(directory: scratch.url)
    }

    @Test func aMissingDirectoryIsNamed() throws {
        let error = try userError {
            _ = try DirectoryLock(directory: URL(fileURLWithPath: "/nonexistent/run"))
        }
        #expect(error.status == .cannotCreate)
    }
}
