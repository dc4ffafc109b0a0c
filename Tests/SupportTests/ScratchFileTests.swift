import Foundation
import Support
import TestSupport
import Testing

@Suite struct ScratchFileTests {
    @Test func whatIsWrittenIsReadAndNothingIsLeft() throws {
        let scratch = try Scratch()
        let file = try ScratchFile(in: scratch.url)
        #expect(try scratch.names.isEmpty)
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        for start in stride(from: 0, to: bytes.count, by: 700_001) {
            try bytes[start..<min(start + 700_001, bytes.count)].withUnsafeBytes { try file.append($0) }
        }
        for range in [0..<10, 699_990..<700_020, 0..<bytes.count, 2_999_999..<3_000_000] {
            var part = [UInt8](repeating: 0, count: range.count)
            try part.withUnsafeMutableBytes { try file.read(into: $0, at: range.lowerBound) }
            #expect(part.elementsEqual(bytes[range]))
        }
        #expect(try scratch.names.isEmpty)
    }

    @Test(.enabled(if: SmallDisk.isPossible))
    func aFullDiskIsReported() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: scratch.url.appendingPathComponent("disk"), bytes: 1 << 16)
        defer { disk.unmount() }
        let file = try ScratchFile(in: disk.url)
        let error = try userError {
            try [UInt8](repeating: 1, count: 1 << 20).withUnsafeBytes { try file.append($0) }
        }
        #expect(error.status == .inputOutput)
        #expect(error.file == disk.url.path)
        #expect(error.description.contains("No space left on device; free some space"))
    }

    @Test func aMissingDirectoryIsReported() throws {
        let scratch = try Scratch()
        let missing = scratch.url.appendingPathComponent("none")
        let error = try userError { _ = try ScratchFile(in: missing) }
        #expect(error.status == .cannotCreate)
        #expect(error.file == missing.path)
    }
}
