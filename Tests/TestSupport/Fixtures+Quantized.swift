import Foundation
import Support
import Tensors
import Transformer

extension Fixture {
    /// Quantized weights of random levels, with scales about `scale`: any bytes are levels.
    ///
    /// - Parameter count: a multiple of the format's block
    public static func blocks(_ format: DType, count: Int, scale: Float = 0.01, seed: UInt64 = 1)
        -> Data
    {
        var stream = RandomStream(seed: seed, purpose: "fixture blocks")
        var bytes = Data((0..<format.byteCount(count)!).map { _ in UInt8(stream.nextIndex(below: 256)) })
        // Where a block has its Float16 scales.
        let places: [Int] =
            switch format {
            case .q2K: [80, 82]
            case .q3K: [108]
            case .q6K: [208]
            case .q41, .q51, .q4K, .q5K: [0, 2]
            default: [0]
            }
        for block in stride(from: 0, to: bytes.count, by: format.bytesPerBlock) {
            for place in places {
                let half = Float16(scale * (0.5 + Float(stream.nextIndex(below: 1000)) / 1000))
                withUnsafeBytes(of: half.bitPattern.littleEndian) {
                    bytes.replaceSubrange(block + place..<block + place + 2, with: $0)
                }
            }
        }
        return bytes
    }

    /// A small decoder with quantized matrices, some put together from two formats.
    public static func quantizedDecoder(contextLength: Int = 128, seed: UInt64 = 1) throws -> DecoderModel {
        let configuration = Configuration(
            vocabularySize: 97, width: 64, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 16,
            feedForward: 96, contextLength: contextLength)
        let formats: [DType] = [.q80, .q50, .q40]
        var parameters: [String: Tensor] = [:]
        for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
            let floats = Tensor.normal(
                shape, deviation: 0.2,
                from: RandomStream(seed: seed, purpose: "quantized", index: UInt64(index)))
            guard shape.count == 2 else {
                parameters[name] = Tensor(shape: shape, values: floats.values.map { 1 + $0 })
                continue
            }
            let half = shape[0] / 2
            let parts = [0..<half, half..<shape[0]].enumerated().map { place, rows in
                let format = formats[(index + place) % formats.count]
                var bytes = Data(count: format.byteCount(shape: [rows.count, shape[1]])!)
                bytes.withUnsafeMutableBytes {
                    Quantizer.quantize(
                        floats.pointer(row: rows.lowerBound), count: rows.count * shape[1], to: format,
                        into: $0.baseAddress!)
                }
                return StoredWeights.Part(dtype: format, rows: rows.count, bytes: bytes)
            }
            parameters[name] = Tensor(StoredWeights(width: shape[1], parts: parts))
        }
        return try DecoderModel(configuration: configuration, parameters: parameters)
    }
}
