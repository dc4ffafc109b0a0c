import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    /// The reference implementation's bytes, for the same tensors in another order.
    @Test func writesTheBytesThatPythonWrites() throws {
        let halves: [UInt16] = [0x3E00, 0xC000]
        let quarters = Tensor(shape: [2, 3], values: (0..<6).map { Float($0) / 4 })
        let entries = [
            SafetensorsEntry(name: "bytes", shape: [3], values: [UInt8](0..<3)),
            SafetensorsEntry(name: "words", shape: [4], values: [UInt16](0..<4)),
            SafetensorsEntry(name: "scalar", tensor: Tensor(shape: [], values: [1.5]), as: .bf16),
            SafetensorsEntry(name: "signed bytes", shape: [2], values: [Int8(-1), 2]),
            SafetensorsEntry(name: "doubles", shape: [1], values: [0.1]),
            SafetensorsEntry(name: "empty", shape: [0, 4], values: [Float]()),
            SafetensorsEntry(name: "long integers", shape: [1], values: [Int64(1) << 40]),
            SafetensorsEntry(name: "halves", type: .f16, shape: [1, 2]) { writer in
                try halves.withUnsafeBytes { try writer.write($0) }
            },
            SafetensorsEntry(name: "a \"quoted\"\nname \\ é", tensor: quarters),
            SafetensorsEntry(name: "integers", shape: [2, 1], values: [Int32(1), -2]),
        ]
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "mixed.safetensors")
            try SafetensorsWriter.write(entries, metadata: ["format": "pt"], to: url)
            #expect(try Data(contentsOf: url) == Data(contentsOf: golden("checkpoints/mixed.safetensors")))
        }
    }

    @Test func keepsTextsAndNamesOfEveryKind() throws {
        let texts = ["", "plain", "\u{0}\u{1}\u{8}\u{9}\u{A}\u{C}\u{D}\u{1F}\u{7F}", "\"\\/", "é😀\u{2028}"]
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let entries = texts.map { SafetensorsEntry(name: "n" + $0, shape: [1], values: [UInt8(7)]) }
            let metadata = Dictionary(uniqueKeysWithValues: texts.map { ("k" + $0, "v" + $0) })
            try SafetensorsWriter.write(entries, metadata: metadata, to: url)
            let file = try SafetensorsFile(contentsOf: url)
            #expect(Set(file.names) == Set(texts.map { "n" + $0 }))
            #expect(file.metadata == metadata)
            let first = try Data(contentsOf: url)
            #expect(first[0] % 8 == 0)
            try SafetensorsWriter.write(entries.reversed(), metadata: metadata, to: url)
            #expect(try Data(contentsOf: url) == first)
        }
    }

    /// More elements than the writer rounds at once, with values whose rounding differs.
    @Test(arguments: [DType.f32, .bf16, .f16])
    func roundsToNearest(type: DType) throws {
        let values = Fixture.normal(200_003, deviation: 3)
        let format: Reference.HalfFormat? = type == .bf16 ? .bfloat16 : type == .f16 ? .float16 : nil
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let tensor = Tensor(shape: [values.count], values: values)
            try SafetensorsWriter.write([.init(name: "a", tensor: tensor, as: type)], to: url)
            let read = try SafetensorsFile(contentsOf: url).floats("a").values
            expectClose(read, values.map { format?.nearest($0) ?? Double($0) }, relative: 0, absolute: 0)
        }
    }

    @Test func writesSomeRows() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let tensor = Tensor(shape: [4, 2, 1], values: (0..<8).map(Float.init))
            try SafetensorsWriter.write(
                [
                    .init(name: "a", tensor: tensor, rows: 1..<3),
                    .init(name: "b", tensor: tensor, rows: 4..<4),
                ],
                to: url)
            let file = try SafetensorsFile(contentsOf: url)
            #expect(try file.floats("a").shape == [2, 2, 1])
            #expect(try file.floats("a").values == [2, 3, 4, 5])
            #expect(try file.floats("b").shape == [0, 2, 1])
        }
    }

    @Test func aFailureLeavesNothing() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let entry = SafetensorsEntry(name: "a", type: .u8, shape: [4]) { _ in throw UserError("no bytes")
            }
            let error = try userError { try SafetensorsWriter.write([entry], to: url) }
            #expect(error.problem == "no bytes")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        }
    }
}
