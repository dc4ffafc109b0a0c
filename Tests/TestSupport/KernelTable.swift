import CKernels
import Tensors

/// One compiled variant of the kernels, as an argument of a test.
public struct KernelTable: Sendable, CustomStringConvertible {
    /// Function pointers, never changed.
    nonisolated(unsafe) public let functions: DistillKernels
    public let description: String

    init(_ table: DistillKernels) {
        functions = table
        description = String(cString: table.name)
    }

    /// The variants this machine can run, the portable one last.
    public static let all = kernelVariants.map(KernelTable.init)
}

extension DistillKernels {
    /// The kernel that dequantizes blocks of a type; nil for types without blocks.
    public func dequantize(_ format: DType) -> DistillDequantize? {
        switch format {
        case .q40: dequantize_q4_0
        case .q41: dequantize_q4_1
        case .q50: dequantize_q5_0
        case .q51: dequantize_q5_1
        case .q80: dequantize_q8_0
        case .q2K: dequantize_q2_k
        case .q3K: dequantize_q3_k
        case .q4K: dequantize_q4_k
        case .q5K: dequantize_q5_k
        case .q6K: dequantize_q6_k
        case .iq4NL: dequantize_iq4_nl
        default: nil
        }
    }
}
