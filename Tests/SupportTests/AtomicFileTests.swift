import Foundation
import Support
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    @Test func createsAndReplaces() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a.json")
        try AtomicFile.write(Data("one".utf8), to: url)
        #expect(try text(url) == "one")
        try AtomicFile.write(Data("second".utf8), to: url)
        #expect(try text(url) == "second")
        #expect(try scratch.names == ["a.json"])
    }

    @Test func streamsSmallAndLargePieces() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a.bin")
        var expected = Data()
        try AtomicFile.write(to: url) { writer in
            for index in 0..<2000 {
                // Sizes on both sides of the writer's buffer.
                let piece = Data(repeating: UInt8(index % 251), count: index % 500 == 499 ? 300_000 : index)
                try writer.write(piece)
                expected.append(piece)
                #expect(writer.position == expected.count)
            }
        }
        #expect(try Data(contentsOf: url) == expected)
    }

    @Test func aFailingBodyLeavesTheOldFile() throws {
        let scratch = try Scratch()
        let url = try scratch.file("a.txt", "old")
        let error = try userError {
            try AtomicFile.write(to: url) { writer in
                try writer.write("half of the new")
                throw UserError("no more")
            }
        }
        #expect(error.problem == "no more")
        #expect(try text(url) == "old")
        #expect(try scratch.names == ["a.txt"])
    }

    @Test func aMissingDirectoryIsNamed() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("none/a.txt")
        let error = try userError { try AtomicFile.write(Data(), to: url) }
        #expect(error.status == .cannotCreate)
        #expect(error.file == url.path)
        #expect(error.description.contains("No such file or directory"))
        #expect(error.description.contains("create the directory"))
    }

    @Test func aDirectoryInTheWayIsRefused() throws {
        let scratch = try Scratch()
        let error = try userError { try AtomicFile.write(Data(), to: scratch.url) }
        #expect(error.status == .cannotCreate)
        #expect(error.description.contains("Is a directory"))
        #expect(try scratch.names.isEmpty)
    }

    @Test func aFullDeviceIsReportedAndNotReplaced() throws {
        let error = try userError {
            try AtomicFile.write(Data(repeating: 1, count: 10), to: URL(fileURLWithPath: "/dev/full"))
        }
        #expect(error.status == .inputOutput)
        #expect(error.description.contains("/dev/full: cannot write: No space left on device"))
        try AtomicFile.write(Data("gone".utf8), to: URL(fileURLWithPath: "/dev/null"))
        let null = try FileManager.default.attributesOfItem(atPath: "/dev/null")
        #expect(null[.type] as? FileAttributeType == .typeCharacterSpecial)
    }

    @Test(.enabled(if: SmallDisk.isPossible))
    func aFullDiskKeepsTheOldFile() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: scratch.url.appendingPathComponent("disk"), bytes: 1 << 20)
        defer { disk.unmount() }
        let url = disk.url.appendingPathComponent("model.bin")
        try AtomicFile.write(Data("old".utf8), to: url)
        let error = try userError { try AtomicFile.write(Data(repeating: 7, count: 3 << 20), to: url) }
        #expect(error.status == .inputOutput)
        #expect(error.file == url.path)
        #expect(error.description.contains("No space left on device; free some space"))
        #expect(try text(url) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.url.path) == ["model.bin"])
    }

    @Test func aForbiddenDirectoryIsAPermissionError() throws {
        let scratch = try Scratch()
        // Root may write everywhere but into /sys.
        let directory = getuid() == 0 ? URL(fileURLWithPath: "/sys") : scratch.url
        if getuid() != 0 { chmod(directory.path, 0o500) }
        let url = directory.appendingPathComponent("a.txt")
        let error = try userError { try AtomicFile.write(Data(), to: url) }
        #expect(error.status == .noPermission)
        #expect(error.file == url.path)
        #expect(error.description.contains("cannot create: Permission denied"))
    }

    @Test func aLinkIsFollowed() throws {
        let scratch = try Scratch()
        let manager = FileManager.default
        try manager.createDirectory(
            at: scratch.url.appendingPathComponent("far"), withIntermediateDirectories: true)
        let link = scratch.url.appendingPathComponent("link")
        try manager.createSymbolicLink(atPath: link.path, withDestinationPath: "far/target")
        for content in ["made through the link", "replaced through the link"] {
            try AtomicFile.write(Data(content.utf8), to: link)
            #expect(try manager.destinationOfSymbolicLink(atPath: link.path) == "far/target")
            #expect(try text(scratch.url.appendingPathComponent("far/target")) == content)
        }
        let loop = scratch.url.appendingPathComponent("loop")
        try manager.createSymbolicLink(atPath: loop.path, withDestinationPath: "loop")
        #expect(throws: UserError.self) { try AtomicFile.write(Data(), to: loop) }
    }

    @Test func permissionsAreKept() throws {
        let scratch = try Scratch()
        let url = try scratch.file("a.txt", "old")
        chmod(url.path, 0o640)
        try AtomicFile.write(Data("new".utf8), to: url)
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }

    @Test func aVeryLongNameFits() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent(String(repeating: "é", count: 125))
        try AtomicFile.write(Data("x".utf8), to: url)
        #expect(try text(url) == "x")
    }

    @Test func manyThreadsWritingOneNameLeaveOneWholeFile() async throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("a")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<16 {
                group.addTask { try AtomicFile.write(Data(repeating: UInt8(index), count: 100_000), to: url) }
            }
            try await group.waitForAll()
        }
        let content = try Data(contentsOf: url)
        #expect(content.count == 100_000)
        #expect(Set(content).count == 1)
        #expect(try scratch.names == ["a"])
    }
}
