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
    /// The kernel that widens blocks of a format; nil for plain floats.
    public func widen(_ format: WeightFormat) -> DistillWiden? {
        switch format {
        case .f32, .f64, .f16, .bf16: nil
        case .q40: widen_q4_0
        case .q41: widen_q4_1
        case .q50: widen_q5_0
        case .q51: widen_q5_1
        case .q80: widen_q8_0
        case .q2K: widen_q2_k
        case .q3K: widen_q3_k
        case .q4K: widen_q4_k
        case .q5K: widen_q5_k
        case .q6K: widen_q6_k
        case .iq4NL: widen_iq4_nl
        }
    }
}
