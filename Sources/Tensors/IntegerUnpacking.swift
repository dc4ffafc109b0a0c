import CKernels

/// How the blocks of a quantized type are unpacked to 8-bit integers for integer matrix products.
struct IntegerUnpacking {
    let unpack: DistillUnpack
    /// Values that share a scale: 32 or 16.
    let group: Int
    /// Whether a weight is scale · level + minimum rather than scale · level.
    let hasMinimum: Bool
}

extension DType {
    /// How weights of this type are unpacked to integers; nil for types that are not block-quantized.
    ///
    /// - Parameter table: the kernels to unpack with
    func integerUnpacking(in table: DistillKernels = kernels) -> IntegerUnpacking? {
        func unpacking(_ unpack: DistillUnpack, group: Int = 32, minimum: Bool = false) -> IntegerUnpacking {
            IntegerUnpacking(unpack: unpack, group: group, hasMinimum: minimum)
        }
        return switch self {
        case .q40: unpacking(table.unpack_q4_0)
        case .q41: unpacking(table.unpack_q4_1, minimum: true)
        case .q50: unpacking(table.unpack_q5_0)
        case .q51: unpacking(table.unpack_q5_1, minimum: true)
        case .q80: unpacking(table.unpack_q8_0)
        case .q2K: unpacking(table.unpack_q2_k, group: 16, minimum: true)
        case .q3K: unpacking(table.unpack_q3_k, group: 16)
        case .q4K: unpacking(table.unpack_q4_k, minimum: true)
        case .q5K: unpacking(table.unpack_q5_k, minimum: true)
        case .q6K: unpacking(table.unpack_q6_k, group: 16)
        case .iq4NL: unpacking(table.unpack_iq4_nl)
        default: nil
        }
    }
}
