import Transformer

/// How weights are kept in memory.
public enum WeightStorage: String, CaseIterable, Sendable {
    /// As Float32 where that is little, as stored where it is much: dequantizing on the way costs less than memory then.
    case automatic
    /// As the file stores them, mapped from it; dequantized panel by panel inside products. Such a model is frozen.
    case stored
    /// As Float32: what training needs.
    case f32

    /// From more parameters on, 512 MiB of Float32, `automatic` keeps weights as stored.
    public static let mostDequantizedParameters = 128 << 20

    func keepsStored(_ shape: Configuration) -> Bool {
        switch self {
        case .automatic: shape.parameterCount > Self.mostDequantizedParameters
        case .stored: true
        case .f32: false
        }
    }
}
