import Foundation
import Support
import Tensors

/// Reads a safetensors file. The file is mapped, and checked whole before any tensor is read.
public struct SafetensorsFile: Sendable {
    /// One tensor as it lies in the file.
    public struct View: Sendable {
        public let name: String
        public let type: ScalarType
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

        /// The bytes, row by row, little-endian, at any alignment. They lie in the mapped file: nothing is copied.
        public var bytes: Data { file.data(range) }

        /// Widens the elements to Float32.
        /// - Parameter target: Room for exactly `count` values.
        /// - Throws: `UserError` if the type is none of F32, BF16, F16 and F64.
        public func widen(into target: UnsafeMutableBufferPointer<Float>) throws {
            guard HalfPrecision.canWiden(type) else {
                throw error("has dtype \(type.rawValue)", hint: "F32, BF16, F16 or F64 is expected")
            }
            bytes.withUnsafeBytes { HalfPrecision.widen($0, of: type, into: target) }
        }

        /// Widens some rows, along the first of two axes, to Float32.
        /// - Parameter target: Room for exactly their values.
        /// - Throws: `UserError` if the type is none of F32, BF16, F16 and F64.
        public func widen(rows: Range<Int>, into target: UnsafeMutableBufferPointer<Float>) throws {
            guard HalfPrecision.canWiden(type) else {
                throw error("has dtype \(type.rawValue)", hint: "F32, BF16, F16 or F64 is expected")
            }
            let rowBytes = shape[1] * type.bits / 8
            bytes.withUnsafeBytes { bytes in
                let part = bytes[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes]
                HalfPrecision.widen(UnsafeRawBufferPointer(rebasing: part), of: type, into: target)
            }
        }

        /// The elements as an array of the Swift type that the file's type stands for.
        /// - Throws: `UserError` if the tensor has another type.
        public func values<Element: SafetensorsElement>(as: Element.Type) throws -> [Element] {
            guard type == Element.scalarType else {
                throw error(
                    "has dtype \(type.rawValue)", hint: "\(Element.scalarType.rawValue) is expected")
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

    public func contains(_ name: String) -> Bool { header.entries[name] != nil }

    /// - Throws: `UserError` if there is no such tensor.
    public func view(_ name: String) throws -> View {
        guard let entry = header.entries[name] else {
            throw UserError("there is no tensor \"\(name)\"", file: url.relativePath)
        }
        return View(name: name, entry, in: file)
    }

    /// A tensor widened to Float32.
    /// - Throws: `UserError` if there is no such tensor or its type is none of F32, BF16, F16 and F64.
    public func floats(_ name: String) throws -> Tensor {
        let view = try view(name)
        let tensor = Tensor(shape: view.shape)
        try tensor.withUnsafeMutableFloats { try view.widen(into: $0) }
        return tensor
    }

    /// A tensor's elements, of exactly this type.
    /// - Throws: `UserError` if there is no such tensor or it has another type.
    public func values<Element: SafetensorsElement>(_ name: String, as: Element.Type) throws -> [Element] {
        try view(name).values(as: Element.self)
    }
}
