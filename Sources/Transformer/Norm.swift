import Tensors

// N positions of a batch, C width.

/// A norm of the residual stream: RMSNorm or, where there is a bias, layer normalization.
struct Norm {
    /// [C]
    let weight: Tensor
    /// [C]
    let bias: Tensor?
    private let epsilon: Float

    /// - Parameters:
    ///   - name: of the norm, before `.weight` and `.bias`
    ///   - parameter: a weight by its name
    init(_ name: String, of configuration: Configuration, parameter: (String) -> Tensor) {
        weight = parameter(name + ".weight")
        bias = configuration.family.norm == .layer ? parameter(name + ".bias") : nil
        epsilon = configuration.normEpsilon
    }

    /// - Parameter x: [N, C]
    /// - Returns: [N, C]
    func callAsFunction(_ x: Tensor) -> Tensor {
        guard let bias else { return rmsNorm(x, weight: weight, epsilon: epsilon) }
        return layerNorm(x, weight: weight, bias: bias, epsilon: epsilon)
    }
}
