import Foundation
import Support
import TestSupport
import Testing

@Suite struct AppendLogTests {
    private struct Entry: Codable { var step: Int, loss: Double }

    @Test func appendsAcrossOpenings() throws {
        let scratch = try Scratch()
        let url = scratch.url.appendingPathComponent("metrics.jsonl")
        for step in 0..<3 {
            let log = try AppendLog(at: url)
            #expect(log.lineCount == step)
            try log.append(Entry(step: step, loss: 0.5))
            try log.synchronize()
            #expect(log.lineCount == step + 1)
            #expect(log.byteCount == (step + 1) * 22)
        }
        #expect(
            try text(url) == (0..<3).map { "{\"loss\":0.5,\"step\":\($0)}\n" }.joined())
    }

    @Test func aTornLineIsDropped() throws {
        let scratch = try Scratch()
        let url = try scratch.file("log", "{\"step\":1}\n{\"st")
        let log = try AppendLog(at: url)
        #expect(log.lineCount == 1)
        try log.append(line: Data("{}".utf8))
        #expect(try text(url) == "{\"step\":1}\n{}\n")
    }

    @Test func aResumedRunDropsWhatFollows() throws {
        let scratch = try Scratch()
        let url = try scratch.file("log", "1\n22\n333\n44")
        let log = try AppendLog(at: url, truncatingToLines: 2)
        try log.append(line: Data("new".utf8))
        #expect(try text(url) == "1\n22\nnew\n")
        #expect(log.lineCount == 3)
        #expect(log.byteCount == 9)
        _ = try AppendLog(at: url, truncatingToLines: 0)
        #expect(try text(url).isEmpty)
    }

    @Test func aShortenedLogIsRefused() throws {
        let scratch = try Scratch()
        let url = try scratch.file("log", "1\n2\n3")
        let error = try userError { _ = try AppendLog(at: url, truncatingToLines: 3) }
        #expect(error.description.contains("holds 2 whole lines where 3 are expected"))
        #expect(try text(url) == "1\n2\n3")
    }

    @Test(.enabled(if: SmallDisk.isPossible))
    func aFullDiskTearsNoLine() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: scratch.url.appendingPathComponent("disk"), bytes: 1 << 16)
        defer { disk.unmount() }
        let url = disk.url.appendingPathComponent("log")
        let log = try AppendLog(at: url)
        let line = Data(repeating: UInt8(ascii: "7"), count: 5000)
        let error = try userError { while true { try log.append(line: line) } }
        #expect(error.status == .inputOutput)
        #expect(log.lineCount > 5)
        let content = try Data(contentsOf: url)
        #expect(content.count == log.lineCount * 5001)
        #expect(content.last == 10)
    }

    @Test func aDirectoryIsRefused() throws {
        let scratch = try Scratch()
        #expect(throws: UserError.self) { _ = try AppendLog(at: scratch.url) }
    }
}
