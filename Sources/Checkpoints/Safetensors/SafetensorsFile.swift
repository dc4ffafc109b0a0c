import Foundation
import Support
import Tensors

/// Reads a safetensors file. The file is mapped, and checked whole before any tensor is read.
public struct SafetensorsFile: Sendable {
    /// One tensor of the file.
    public struct View: Sendable {
        /// The tensor's name.
        public let name: String
        /// The type of its elements.
        public let type: DType
        /// Extents, outermost first.
        public let shape: [Int]
        private let file: MappedFile
        private let range: Range<Int>

        fileprivate init(name: String, _ entry: SafetensorsHeader.Entry, in file: MappedFile) {
            self.name = name
            self.type = entry.type
            self.shape = entry.shape
            self.file = file
            range = entry.range
        }

        /// Number of elements.
        public var count: Int { shape.reduce(1, *) }

        /// The bytes, row by row, little-endian, at any alignment. They are part of the mapped file: nothing is copied.
        public var bytes: Data { file.data(range) }

        /// Dequantizes the elements to Float32.
        /// - Parameter target: Room for exactly `count` values.
        /// - Throws: `UserError` if the type is none of F32, BF16, F16 and F64.
        public func dequantize(into target: UnsafeMutableBufferPointer<Float>) throws {
            try requireFloats()
            bytes.withUnsafeBytes { type.dequantize($0, into: target) }
        }

        /// Dequantizes some rows, along the first of two axes, to Float32.
        /// - Parameter target: Room for exactly their values.
        /// - Throws: `UserError` if the type is none of F32, BF16, F16 and F64.
        public func dequantize(rows: Range<Int>, into target: UnsafeMutableBufferPointer<Float>) throws {
            try requireFloats()
            let rowBytes = shape[1] * type.bytesPerBlock
            bytes.withUnsafeBytes { bytes in
                let part = bytes[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes]
                type.dequantize(UnsafeRawBufferPointer(rebasing: part), into: target)
            }
        }

        private func requireFloats() throws {
            guard type.canDequantize else {
                throw error("has dtype \(type.rawValue)", hint: "F32, BF16, F16 or F64 is expected")
            }
        }

        /// The elements as an array of the Swift type that corresponds to the file's.
        /// - Throws: `UserError` if the tensor has another type.
        public func values<Element: SafetensorsElement>(as: Element.Type) throws -> [Element] {
            guard type == Element.dtype else {
                throw error(
                    "has dtype \(type.rawValue)", hint: "\(Element.dtype.rawValue) is expected")
            }
            return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
                bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
                initialized = count
            }
        }

        /// The file, as messages name it.
        var fileName: String { file.url.relativePath }

        /// An error at this tensor.
        public func error(_ problem: String, hint: String? = nil) -> UserError {
            UserError("tensor \"\(name)\" \(problem)", file: fileName, hint: hint)
        }
    }

    /// The file.
    public let url: URL
    private let file: MappedFile
    private let header: SafetensorsHeader

    /// - Throws: `UserError` if the file cannot be read or anything about it is not as the format demands.
    public init(contentsOf url: URL) throws {
        self.url = url
        file = try MappedFile(contentsOf: url)
        header = try file.bytes.withUnsafeBytes { try SafetensorsHeader($0, fileName: url.relativePath) }
    }

    /// Hands the pages that were read back to the system; they are read from the file again when they are next needed.
    package func releasePages() { file.releasePages() }

    /// Names of the tensors, in the order of the data.
    public var names: [String] { header.names }

    /// The texts under `__metadata__`.
    public var metadata: [String: String] { header.metadata }

    /// Whether the file has a tensor of this name.
    public func contains(_ name: String) -> Bool { header.entries[name] != nil }

    /// - Throws: `UserError` if there is no such tensor.
    public func view(_ name: String) throws -> View {
        guard let entry = header.entries[name] else {
            throw UserError("there is no tensor \"\(name)\"", file: url.relativePath)
        }
        return View(name: name, entry, in: file)
    }

    /// A tensor dequantized to Float32.
    /// - Throws: `UserError` if there is no such tensor or its type is none of F32, BF16, F16 and F64.
    public func floats(_ name: String) throws -> Tensor {
        let view = try view(name)
        let tensor = Tensor(shape: view.shape)
        try tensor.withUnsafeMutableFloats { try view.dequantize(into: $0) }
        return tensor
    }

    /// A tensor's elements, of exactly this type.
    /// - Throws: `UserError` if there is no such tensor or it has another type.
    public func values<Element: SafetensorsElement>(_ name: String, as: Element.Type) throws -> [Element] {
        try view(name).values(as: Element.self)
    }
}
