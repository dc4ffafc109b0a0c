import Foundation
import TestSupport
import Testing

@testable import Support

/// Faults found, line 4.
@Suite struct MemoryLimitTests {
    @Test func theLeastLimitOfTheCgroupsCounts() throws {
        try withTemporaryDirectory { root in
            func write(_ path: String, _ text: String) throws {
                let url = root.appending(path: path)
                try FileManager.default.createDirectories(at: url.deletingLastPathComponent())
                try Data("\(text)\n".utf8).write(to: url)
            }
            func limit(_ membership: String) -> Int? {
                MemoryLimit.cgroupBytes(membership: membership, root: root)
            }
            // Version 2: the process's own has none, one above it has.
            try write("a/b/memory.max", "max")
            try write("a/memory.max", "3000000")
            #expect(limit("0::/a/b") == 3_000_000)
            #expect(limit("0::/") == nil)
            try write("a/b/memory.max", "2000000")
            #expect(limit("0::/a/b\n") == 2_000_000)
            // In a container the path is the host's.
            try write("memory.max", "5000000")
            #expect(limit("0::/not/here") == 5_000_000)
            // Version 1, beside an empty version 2.
            try write("memory/x/memory.limit_in_bytes", "1000000")
            try write("memory/memory.limit_in_bytes", "9223372036854771712")
            #expect(limit("9:name=systemd:/\n4:cpu,memory:/x\n0::/elsewhere") == 1_000_000)
            #expect(limit("4:memory:/y") == nil)
            try write("memory/x/memory.limit_in_bytes", "no number")
            #expect(limit("4:memory:/x") == nil && limit("nonsense\n::") == nil)
        }
    }

    @Test func whatCannotBeHadIsRefused() throws {
        #expect(MemoryLimit.resident.bytes > 1 << 26)
        try MemoryLimit.require(1e6, for: "a small model")
        let error = #expect(throws: UserError.self) { try MemoryLimit.require(50e15, for: "the student") }
        #expect(error?.status == .unavailable)
        #expect(error?.problem.hasPrefix("the student needs 44.41 PiB of memory; ") == true)
    }
}
