import Checkpoints
import Foundation
import Support
import TestSupport
import Tensors
import Testing

/// Random damage: every load either succeeds or throws a `UserError`, and nothing crashes.
@Suite struct SafetensorsFuzzTests {
    /// Opens the file and reads all of it.
    private func outcome(_ content: Data, at url: URL) throws -> Bool {
        try content.write(to: url)
        do {
            let file = try SafetensorsFile(contentsOf: url)
            var bytes = 0
            for name in file.names {
                let view = try file.view(name)
                bytes += view.bytes.count
                if [.f32, .bf16, .f16, .f64].contains(view.type) { _ = try file.floats(name).values }
            }
            // What is read never exceeds what is there.
            #expect(bytes <= content.count)
            return true
        } catch is UserError {
            return false
        }
    }

    private func sample(in directory: URL) throws -> Data {
        let url = directory.appending(path: "sample.safetensors")
        let values = Fixture.normal(12)
        let entries = [
            SafetensorsEntry(name: "w", tensor: Tensor(shape: [3, 4], values: values), as: .f32),
            SafetensorsEntry(name: "h", tensor: Tensor(shape: [12], values: values), as: .bf16),
            SafetensorsEntry(name: "i", shape: [2, 1], values: [Int32(1), 2]),
        ]
        try SafetensorsWriter.write(entries, metadata: ["format": "pt"], to: url)
        return try Data(contentsOf: url)
    }

    @Test func everyTruncationIsRefused() throws {
        try withTemporaryDirectory { directory in
            let content = try sample(in: directory)
            let url = directory.appending(path: "a.safetensors")
            #expect(try outcome(content, at: url))
            for length in 0..<content.count {
                if try outcome(content.prefix(length), at: url) {
                    Issue.record("\(length) of \(content.count) bytes were taken for a whole file")
                }
            }
            #expect(try !outcome(content + [0], at: url))
        }
    }

    @Test func everyFlippedBitOfTheHeaderIsHandled() throws {
        try withTemporaryDirectory { directory in
            let content = try sample(in: directory)
            let url = directory.appending(path: "a.safetensors")
            let end = 8 + Int(content[0]) + Int(content[1]) << 8
            var accepted = 0
            for bit in 0..<end * 8 {
                var damaged = content
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                if try outcome(damaged, at: url) { accepted += 1 }
            }
            // Letters of names and metadata may change unnoticed; sizes, offsets and structure may not.
            #expect(accepted < end * 8 / 4)
        }
    }

    /// `.ci/extended` asks for many more rounds.
    @Test func randomDamageIsHandled() throws {
        let rounds =
            ProcessInfo.processInfo.environment["DISTILL_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 4000
        try withTemporaryDirectory { directory in
            let content = try sample(in: directory)
            let url = directory.appending(path: "a.safetensors")
            let end = 8 + Int(content[0]) + Int(content[1]) << 8
            var random = RandomStream(seed: 5, purpose: "damage")
            let pieces = [
                "{", "}", "[", "]", "\"", ":", ",", "-", "9999999999999999999", "1e9", "null", "\\u", "F4",
            ]
            for _ in 0..<rounds {
                var damaged = content
                for _ in 0...random.nextIndex(below: 4) {
                    let place = random.nextIndex(below: min(end, damaged.count))
                    switch random.nextIndex(below: 4) {
                    case 0: damaged[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: damaged.remove(at: place)
                    case 2:
                        damaged.insert(
                            contentsOf: pieces[random.nextIndex(below: pieces.count)].utf8, at: place)
                    default:
                        let other = random.nextIndex(below: min(end, damaged.count))
                        damaged.swapAt(place, other)
                    }
                }
                _ = try outcome(damaged, at: url)
            }
        }
    }
}
