import Foundation
import Support
import Tensors

/// The machine's limits, which rates are compared with.
public enum MachinePeak {
    /// Median GFLOP/s of sgemm on all threads, at a size where it is fastest.
    public static func sgemm(runs: Int = 9) -> Double {
        let size = 1536
        let a = Tensor.normal([size, size], deviation: 1, from: RandomStream(seed: 1, purpose: "sgemm"))
        let (b, c) = (a.copy(), Tensor(shape: [size, size]))
        MatrixProduct.multiply(a.matrix, b.matrix.transposed, into: c.matrix)
        let rates = (0..<runs).map { _ in
            let start = ContinuousClock.now
            MatrixProduct.multiply(a.matrix, b.matrix.transposed, into: c.matrix)
            return 2 * pow(Double(size), 3) / (ContinuousClock.now - start).seconds / 1e9
        }
        return rates.median
    }
}
