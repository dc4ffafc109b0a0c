import Foundation
import Support
import Tensors
import Transformer

extension GGUFWriter {
    /// All weights, matrices rounded to `dtype` where their rows are whole blocks of it; nil writes each as it is in
    /// memory, those kept as stored byte for byte.
    ///
    /// - Throws: `UserError` if experts of a layer are in memory in different types
    mutating func add(_ decoder: DecoderModel, _ family: GGUFFamily, as dtype: DType?) throws {
        let tensors = Dictionary(uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor) })
        let maps = GGUFNames.parameters(
            of: decoder.configuration, family, fusesQueryKeyValue: family.fusesQueryKeyValue)
        let parts = maps.flatMap { map in map.parts.map { (map, $0) } }
        let entries = parts.map { map, part in Self.entry(of: part, in: map, tensors[map.name]!, as: dtype) }
        for entry in try GGUFExperts.merged(entries) { add(entry) }
    }

    /// One of a file's tensors.
    private static func entry(
        of part: ParameterMap.Part, in map: ParameterMap, _ tensor: Tensor, as dtype: DType?
    ) -> Entry {
        if dtype == nil, let stored = tensor.stored, let kept = stored.dtype(of: part.rows) {
            return Entry(name: part.name, shape: part.shape, dtype: kept) { writer in
                let rows = (0..<part.rows.count).map { part.rows.lowerBound + part.sourceRow($0) }
                for part in stored.selecting(rows: rows).parts { try writer.write(part.bytes) }
            }
        }
        if map.isDividedVector {
            let ordered = part.arranged(tensor).values
            return Entry(name: part.name, shape: part.shape, dtype: .f32) { writer in
                try ordered.withUnsafeBytes { try writer.write($0) }
            }
        }
        let stays = DecoderModel.isNeverQuantized(map.name, shape: part.shape)
        let chosen = stays ? .f32 : (dtype ?? .f32).fitting(width: part.shape.last!)
        return Entry(name: part.name, shape: part.shape, dtype: chosen) {
            try write(tensor, part, as: chosen, to: &$0)
        }
    }

    /// Rows of a thread's turn: 256 KiB of Float32.
    private static let floatsAtOnce = 1 << 16

    /// - Throws: `UserError` naming the tensor, if a value is beyond what `dtype` can hold.
    private static func write(
        _ tensor: Tensor, _ part: ParameterMap.Part, as dtype: DType, to writer: inout FileWriter
    ) throws {
        let width = tensor.width
        let rows = part.shape.count == 1 ? 0..<1 : part.rows
        let rowBytes = dtype.byteCount(width)!
        let step = max(1, floatsAtOnce / width)
        // So many turns at once that all threads have some, and then the writing.
        let stride = step * 4 * Parallel.threads
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: stride * rowBytes, alignment: 64)
        let largest = UnsafeMutableBufferPointer<Float>.allocate(capacity: stride)
        defer {
            buffer.deallocate()
            largest.deallocate()
        }
        let maxima = UInt(bitPattern: largest.baseAddress!)
        for start in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: stride) {
            let range = start..<min(start + stride, rows.upperBound)
            let address = UInt(bitPattern: buffer.baseAddress!)
            Parallel.forRanges(of: range.count, grain: step) { piece in
                for row in piece {
                    let source = part.sourceRow(range.lowerBound - rows.lowerBound + row) + rows.lowerBound
                    tensor.withUnsafeRows(source..<source + 1) {
                        UnsafeMutablePointer<Float>(bitPattern: maxima)![row] =
                            $0.reduce(0) { max($0, $1.magnitude) }
                        Quantizer.quantize(
                            $0.baseAddress!, count: width, to: dtype,
                            into: UnsafeMutableRawPointer(bitPattern: address)! + row * rowBytes)
                    }
                }
            }
            if let value = largest[..<range.count].first(where: { $0 >= dtype.overflowMagnitude }) {
                throw UserError(
                    "cannot save: the weight \(part.name) holds a value of magnitude \(value), beyond the range "
                        + "of \(dtype.rawValue)",
                    hint: dtype == .bf16 ? "choose f32" : "choose bf16 or f32")
            }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<(range.count * rowBytes)]))
        }
    }
}
