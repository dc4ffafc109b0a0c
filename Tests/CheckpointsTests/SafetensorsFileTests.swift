import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
    @Test func readsWhatPythonWrote() throws {
        let file = try SafetensorsFile(contentsOf: golden("checkpoints/mixed.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.names.count == 10)
        #expect(try file.floats("scalar").values == [1.5])
        #expect(try file.floats("scalar").shape == [])
        #expect(try file.floats("empty").shape == [0, 4])
        #expect(try file.floats("a \"quoted\"\nname \\ é").shape == [2, 3])
        #expect(try file.floats("a \"quoted\"\nname \\ é").values == [0, 0.25, 0.5, 0.75, 1, 1.25])
        #expect(try file.floats("halves").values == [1.5, -2])
        #expect(try file.floats("doubles").values == [0.1])
        #expect(try file.values("doubles", as: Double.self) == [0.1])
        #expect(try file.values("bytes", as: UInt8.self) == [0, 1, 2])
        #expect(try file.values("signed bytes", as: Int8.self) == [-1, 2])
        #expect(try file.values("words", as: UInt16.self) == [0, 1, 2, 3])
        #expect(try file.values("integers", as: Int32.self) == [1, -2])
        #expect(try file.values("long integers", as: Int64.self) == [1 << 40])
        #expect(try file.values("empty", as: Float.self) == [])
        #expect(try file.view("integers").type == .i32)
        #expect(try file.view("integers").bytes == Data([1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]))
    }

    @Test func theWrongTensorOrTypeIsNamed() throws {
        let url = golden("checkpoints/mixed.safetensors")
        let file = try SafetensorsFile(contentsOf: url)
        let missing = try userError { _ = try file.floats("weights") }
        #expect(missing.description == "\(url.path): there is no tensor \"weights\"")
        let type = try userError { _ = try file.floats("bytes") }
        #expect(
            type.description
                == "\(url.path): tensor \"bytes\" has dtype U8; F32, BF16, F16 or F64 is expected")
        let integers = try userError { _ = try file.values("bytes", as: Int32.self) }
        #expect(integers.description.hasSuffix("has dtype U8; I32 is expected"))
    }

    @Test func aViewKeepsTheFile() throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            let values = (0..<100_000).map(Float.init)
            try SafetensorsWriter.write([.init(name: "a", shape: [100_000], values: values)], to: url)
            var file: SafetensorsFile? = try SafetensorsFile(contentsOf: url)
            let view = try #require(file).view("a")
            file = nil
            try FileManager.default.removeItem(at: url)
            #expect(try view.values(as: Float.self) == values)
        }
    }

    /// Every pattern of 16 bits, at an even and an odd address, and in pieces for several threads.
    @Test(arguments: [DType.bf16, .f16], [0, 1])
    func halvesWidenAtAnyAlignment(type: DType, shift: Int) throws {
        let format = type == .bf16 ? Reference.HalfFormat.bfloat16 : .float16
        let repeats = 9
        let patterns = (0..<repeats).flatMap { _ in 0...UInt16.max }
        let bytes = patterns.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let pad = #""p":{"dtype":"U8","shape":[\#(shift)],"data_offsets":[0,\#(shift)]}"#
        let entry =
            #""a":{"dtype":"\#(type.rawValue)","shape":[\#(patterns.count)],"#
            + #""data_offsets":[\#(shift),\#(shift + bytes.count)]}"#
        let header = "{\(pad),\(entry)}"
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            try safetensorsBytes(padded, data: Array(repeating: 7, count: shift) + bytes).write(to: url)
            let view = try SafetensorsFile(contentsOf: url).view("a")
            #expect(view.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } % 2 == UInt(shift))
            let floats = try SafetensorsFile(contentsOf: url).floats("a")
            expectClose(floats.values, patterns.map(format.value), relative: 0, absolute: 0)
        }
    }

    @Test func floatsAndDoublesAreReadAtOddAddresses() throws {
        let header =
            #"{"p":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"#
            + #""f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"#
            + #""d":{"dtype":"F64","shape":[1],"data_offsets":[9,17]}}"#
        let floats = withUnsafeBytes(of: (Float(1.5), Float(-0.1))) { Array($0) }
        let double = withUnsafeBytes(of: 0.3) { Array($0) }
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "a.safetensors")
            try safetensorsBytes(header, data: [9] + floats + double).write(to: url)
            let file = try SafetensorsFile(contentsOf: url)
            #expect(file.names == ["p", "f", "d"])
            #expect(try file.floats("f").values == [1.5, -0.1])
            #expect(try file.floats("d").values == [0.3])
            #expect(try file.values("f", as: Float.self) == [1.5, -0.1])
            #expect(try file.values("d", as: Double.self) == [0.3])
        }
    }
}
