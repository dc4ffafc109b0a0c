import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

/// Faults found, line 20: GGUF files in several parts, as `llama-gguf-split` writes them.
@Suite struct GGUFPartsTests {
    /// The smallest model in `count` parts; the first has the metadata and no tensor.
    private func parts(_ count: Int) -> [GGUFBytes] {
        let whole = GGUFBytes.model()
        let tensors = whole.tensors.enumerated()
        return (0..<count).map { number in
            var part = GGUFBytes()
            if number == 0 { part.pairs = whole.pairs }
            part.pairs.append(("split.no", 2, GGUFBytes.bytes(UInt16(number))))
            part.pairs.append(("split.count", 2, GGUFBytes.bytes(UInt16(count))))
            part.pairs.append(("split.tensors.count", 5, GGUFBytes.bytes(Int32(whole.tensors.count))))
            for (index, tensor) in tensors where number > 0 && index % (count - 1) == number - 1 {
                let size = 4 * Int(tensor.shape.reduce(1, *))
                part.tensors.append((tensor.name, tensor.shape, tensor.type, UInt64(part.data.count)))
                part.data += whole.data[Int(tensor.offset)..<Int(tensor.offset) + (size + 31) / 32 * 32]
            }
            return part
        }
    }

    private func name(_ number: Int, of count: Int = 3) -> String {
        String(format: "model-%05d-of-%05d.gguf", number, count)
    }

    /// Writes the parts and loads the first.
    private func load(_ change: (inout [GGUFBytes]) -> Void = { _ in }, in directory: URL) throws
        -> Checkpoint
    {
        var parts = parts(3)
        change(&parts)
        for (index, part) in parts.enumerated() {
            try part.file.write(to: directory.appending(path: name(index + 1)))
        }
        return try Checkpoint.load(directory.appending(path: name(1)))
    }

    @Test func theFirstPartStandsForAll() throws {
        try withTemporaryDirectory { directory in
            let model = try load(in: directory)
            let whole = directory.appending(path: "whole.gguf")
            try GGUFBytes.model().file.write(to: whole)
            let ids: [Int32] = [1, 3, 2]
            expectSameBits(logits(model.decoder, ids), logits(try Checkpoint.load(whole).decoder, ids))
            let first = directory.appending(path: name(1))
            let sizes = try (1...3).map { try Data(contentsOf: directory.appending(path: name($0))).count }
            #expect(try Checkpoint.weightBytes(at: first) == sizes.reduce(0, +))
            let before = try Checkpoint.fingerprint(at: first)
            var last = try Data(contentsOf: directory.appending(path: name(3)))
            last[last.count - 1] ^= 1
            try last.write(to: directory.appending(path: name(3)))
            #expect(try Checkpoint.fingerprint(at: first) != before)
        }
    }

    @Test func partsThatDoNotFitAreRefused() throws {
        let cases: [((inout [GGUFBytes]) -> Void, String)] = [
            ({ $0[1] = $0[2] }, "is part 3, not 2, of 3"),
            ({ $0[2].pairs[1].value = GGUFBytes.bytes(UInt16(4)) }, "is not part 3 of 3"),
            ({ $0[2].pairs = [] }, "is not part 3 of 3"),
            ({ $0[0].pairs.removeAll { $0.key == "split.no" } }, #""split.no" is missing"#),
            (
                {
                    $0[2].tensors = []; $0[2].data = []
                }, "the 3 parts hold"
            ),
            ({ $0[2].tensors[0].name = $0[1].tensors[0].name }, "is in"),
        ]
        for (change, message) in cases {
            try withTemporaryDirectory { directory in
                let error = try userError { _ = try load(change, in: directory) }
                #expect(error.description.contains(message), "\(error)")
            }
        }
        try withTemporaryDirectory { directory in
            _ = try load(in: directory)
            let second = directory.appending(path: name(2))
            var error = try userError { _ = try Checkpoint.load(second) }
            #expect(error.description.hasSuffix("is part 2 of 3; name the first part, …-00001-of-00003.gguf"))
            try FileManager.default.removeItem(at: second)
            error = try userError { _ = try Checkpoint.load(directory.appending(path: name(1))) }
            #expect(error.file?.hasSuffix(name(2)) == true && error.status == .noInput)
            let other = directory.appending(path: "renamed.gguf")
            try FileManager.default.moveItem(at: directory.appending(path: name(1)), to: other)
            error = try userError { _ = try Checkpoint.load(other) }
            #expect(error.problem == "is the first of 3 parts by its metadata, but not by its name")
        }
    }
}
