import CKernels

/// One compiled variant of the kernels, as an argument of a test.
public struct KernelTable: Sendable, CustomStringConvertible {
    /// Function pointers, never changed.
    nonisolated(unsafe) public let functions: DistillKernels
    public let description: String

    init(_ table: UnsafePointer<DistillKernels>) {
        functions = table.pointee
        description = String(cString: table.pointee.name)
    }

    /// The variant this machine runs and the portable one; one alone where they are the same.
    public static let all: [KernelTable] = {
        let (best, portable) = (KernelTable(distill_kernels()), KernelTable(distill_portable_kernels()))
        return best.description == portable.description ? [portable] : [best, portable]
    }()
}
