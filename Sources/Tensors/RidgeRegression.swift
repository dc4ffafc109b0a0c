import COpenBLAS
import Support

// R rows, I input width, O output width.

/// Linear least squares with an L2 penalty: the matrix W, [O, I], that minimizes Σ ‖y − W·x‖² + λ‖W‖² over rows x and y.
///
/// Rows are added a few at a time; only their second moments are kept, in Double.
///
///     var regression = RidgeRegression(inputs: x.width, outputs: y.width)
///     regression.add(x, y)
///     let weight = regression.solution(penalty: 0.01)   // [O, I]
///
/// - Complexity: O(R·I·(I + O)) to add R rows, O(I²·(I + O)) to solve.
public struct RidgeRegression {
    private let inputs: Int
    private let outputs: Int
    /// Σ x·xᵀ, [I, I].
    private var moments: [Double]
    /// Σ y·xᵀ, [O, I].
    private var products: [Double]

    /// - Parameters:
    ///   - inputs: I
    ///   - outputs: O
    public init(inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        moments = Array(repeating: 0, count: inputs * inputs)
        products = Array(repeating: 0, count: outputs * inputs)
    }

    /// Adds rows.
    ///
    /// - Parameters:
    ///   - x: [R, I]
    ///   - y: [R, O]
    public mutating func add(_ x: Tensor, _ y: Tensor) {
        precondition(
            x.rows == y.rows && x.width == inputs && y.width == outputs,
            "rows \(x.shape) and \(y.shape) for \(inputs) inputs and \(outputs) outputs")
        Self.add(x, x, to: &moments)
        Self.add(y, x, to: &products)
    }

    /// sums += aᵀ·b
    private static func add(_ a: Tensor, _ b: Tensor, to sums: inout [Double]) {
        let product = Tensor(shape: [a.width, b.width])
        withExtendedLifetime((a, b)) {
            MatrixProduct.multiply(a.matrix.transposed, b.matrix, into: product.matrix)
        }
        product.withUnsafeFloats { product in
            for index in product.indices { sums[index] += Double(product[index]) }
        }
    }

    /// Adds the rows of another.
    public mutating func add(_ other: RidgeRegression) {
        precondition(inputs == other.inputs && outputs == other.outputs, "sums of the same extents")
        for index in moments.indices { moments[index] += other.moments[index] }
        for index in products.indices { products[index] += other.products[index] }
    }

    /// Σ ‖y − W·x‖² − ‖y‖² over the rows added so far: what a matrix leaves of y, compared with 0.
    ///
    /// - Parameter weight: W, [O, I]
    public func error(of weight: Tensor) -> Double {
        // The moments are their own transpose.
        let product = linear(
            weight, weight: Tensor(shape: [inputs, inputs], values: moments.map(Float.init)))
        return weight.withUnsafeFloats { weight in
            product.withUnsafeFloats { product in
                var sum = 0.0
                for index in weight.indices {
                    sum += Double(weight[index]) * (Double(product[index]) - 2 * products[index])
                }
                return sum
            }
        }
    }

    /// The matrix for the rows added so far.
    ///
    /// - Parameter penalty: λ as a fraction of the inputs' mean square, greater than 0
    /// - Returns: [O, I]; nil if a value is infinite or NaN
    public func solution(penalty: Double) -> Tensor? {
        precondition(penalty > 0, "a penalty makes the solution unique")
        var (factors, solution) = (moments, products)
        let meanSquare = (0..<inputs).reduce(0) { $0 + moments[$1 * inputs + $1] } / Double(inputs)
        guard meanSquare > 0 else {
            return meanSquare == 0 ? Tensor.zeros([outputs, inputs]) : nil
        }
        for index in 0..<inputs { factors[index * inputs + index] += penalty * meanSquare }
        // By columns, [O, I] is the transpose: a column of the system's right side is an output's row here.
        var (n, count, info) = (Int32(inputs), Int32(outputs), Int32(0))
        dposv_("L", &n, &count, &factors, &n, &solution, &n, &info, 1)
        guard info == 0, solution.allSatisfy(\.isFinite) else { return nil }
        return Tensor(shape: [outputs, inputs], values: solution.map(Float.init))
    }
}
