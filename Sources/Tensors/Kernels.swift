import CKernels
import Support

/// The vector loops for this machine. A table of C function pointers, never changed after start.
nonisolated(unsafe) public let kernels: DistillKernels = distill_kernels(0).pointee

/// The same loops in every variant that this machine can run, the fastest first; the last is compiled for any processor,
/// to hold the others against.
nonisolated(unsafe) package let kernelVariants: [DistillKernels] =
    (0...).lazy.map { distill_kernels($0)?.pointee }.prefix { $0 != nil }.map { $0! }

/// Elements a thread takes at once in elementwise loops: 64 KiB of Float32, well inside a core's L2 cache.
let elementwiseGrain = 16_384

/// target += source, element by element.
public func addInPlace(_ source: Tensor, to target: Tensor) {
    precondition(source.shape == target.shape, "cannot add \(source.shape) to \(target.shape)")
    let (from, to) = (source.pointer, target.pointer)
    Parallel.forRanges(of: target.count, grain: elementwiseGrain) { range in
        kernels.add(from + range.lowerBound, to + range.lowerBound, range.count)
    }
}

/// Sum of squares over all tensors, in Float64; the order of additions is fixed.
public func sumOfSquares(_ tensors: [Tensor]) -> Double {
    var total = 0.0
    for tensor in tensors {
        let pieces = (tensor.count + elementwiseGrain - 1) / elementwiseGrain
        let partial = [Double](unsafeUninitializedCapacity: pieces) { buffer, initialized in
            let base = buffer.baseAddress
            Parallel.forRanges(of: tensor.count, grain: elementwiseGrain) { range in
                base![range.lowerBound / elementwiseGrain] =
                    kernels.sum_of_squares(tensor.pointer + range.lowerBound, range.count)
            }
            initialized = pieces
        }
        total += partial.reduce(0, +)
    }
    return total
}

extension DistillKernels {
    /// y = exp(factor · x), within the bounds of a normal number.
    package func exponential(
        of x: UnsafePointer<Float>, times factor: Float, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        softmax(x, y, count, factor, 0, 0)
    }
}
