import CKernels

/// Whole numbers in which a format's weights are multiplied.
struct IntegerFormat {
    let unpack: DistillUnpack
    /// Values that share a scale: 32 or 16.
    let group: Int
    /// Whether a weight is scale · level + minimum rather than scale · level.
    let hasMinimum: Bool
}

extension WeightFormat {
    /// How weights of this format are multiplied as whole numbers; nil for floats.
    func integers(in table: DistillKernels = kernels) -> IntegerFormat? {
        func format(_ unpack: DistillUnpack, group: Int = 32, minimum: Bool = false) -> IntegerFormat {
            IntegerFormat(unpack: unpack, group: group, hasMinimum: minimum)
        }
        return switch self {
        case .f32, .f64, .f16, .bf16: nil
        case .q40: format(table.unpack_q4_0)
        case .q41: format(table.unpack_q4_1, minimum: true)
        case .q50: format(table.unpack_q5_0)
        case .q51: format(table.unpack_q5_1, minimum: true)
        case .q80: format(table.unpack_q8_0)
        case .q2K: format(table.unpack_q2_k, group: 16, minimum: true)
        case .q3K: format(table.unpack_q3_k, group: 16)
        case .q4K: format(table.unpack_q4_k, minimum: true)
        case .q5K: format(table.unpack_q5_k, minimum: true)
        case .q6K: format(table.unpack_q6_k, group: 16)
        case .iq4NL: format(table.unpack_iq4_nl)
        }
    }
}
