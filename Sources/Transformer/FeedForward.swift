import Tensors

// N positions of a batch, C width, F feed-forward width, E experts.

/// A feed-forward: its neurons, and their projection back to the residual stream.
struct FeedForward {
    /// Projection to gates and ups, [2F, C], or to ups alone, [F, C].
    let up: Tensor
    /// [F]; of families with biases everywhere
    let upBias: Tensor?
    /// Projection back to the residual stream, [C, F].
    let down: Tensor
    /// [C]; of families with biases everywhere
    let downBias: Tensor?
    private let kind: Family.FeedForward

    /// - Parameter parameter: a weight by its name
    init(configuration: Configuration, parameter: (String) -> Tensor) {
        kind = configuration.family.feedForward
        switch kind {
        case .gated: up = parameter("feedForward.gateUp.weight")
        case .plain: up = parameter("feedForward.up.weight")
        }
        down = parameter("feedForward.down.weight")
        let hasBias = configuration.hasFeedForwardBias
        upBias = hasBias ? parameter("feedForward.up.bias") : nil
        downBias = hasBias ? parameter("feedForward.down.bias") : nil
    }

    /// What the down projection reads, [N, F].
    ///
    /// - Parameter x: [N, C]
    func neurons(_ x: Tensor, _ projection: Projection) -> Tensor {
        let projected = projection(x, up, nil)
        let biased = upBias.map { rowBias(projected, $0) } ?? projected
        switch kind {
        case .gated(let gate): return gatedUnit(biased, gate)
        case .plain(let activation): return activated(biased, activation)
        }
    }
}

/// Feed-forwards of which each token passes through some, in a layer of a mixture of experts.
struct ExpertLayer {
    /// [E, C]
    private let router: Tensor
    private let experts: [FeedForward]
    private let choice: Experts

    init(configuration: Configuration, _ choice: Experts, parameter: (String) -> Tensor) {
        self.choice = choice
        router = parameter("feedForward.router.weight")
        experts = (0..<choice.count).map { expert in
            FeedForward(configuration: configuration) { parameter(Expert.name($0, expert)) }
        }
    }

    /// The weighted sum of the chosen experts' outputs for each row; no gradients flow.
    ///
    /// An expert's rows are multiplied together. They are summed in the order of the experts, so a row's bits do not depend on the
    /// rows beside it where those of the projection do not.
    ///
    /// - Parameter x: [N, C]
    /// - Returns: [N, C]
    func output(_ x: Tensor, _ projection: Projection) -> Tensor {
        let routes = expertRoutes(
            projection(x, router, nil), perToken: choice.perToken, normalizes: choice.normalizesWeights)
        let sum = Tensor.zeros([x.rows, x.width])
        for (expert, route) in zip(experts, routes) where !route.rows.isEmpty {
            let read = route.rows.count == x.rows ? x : gatherRows(x, at: route.rows)
            let written = projection(expert.neurons(read, projection), expert.down, nil)
            addRows(written, times: route.weights, to: sum, at: route.rows)
        }
        return sum
    }
}

/// Names of experts' weights.
public enum Expert {
    private static let prefix = "feedForward."

    /// A feed-forward's weight as that of an expert: `feedForward.experts.3.down.weight`.
    static func name(_ name: String, _ expert: Int) -> String {
        "\(prefix)experts.\(expert).\(name.dropFirst(prefix.count))"
    }

    /// The expert that a layer's weight belongs to, and the weight's name in a feed-forward; nil for other weights.
    public static func parse(_ name: String) -> (expert: Int, name: String)? {
        let fields = name.split(separator: ".", maxSplits: 3)
        guard fields.count == 4, fields[1] == "experts", let expert = Int(fields[2]) else { return nil }
        return (expert, prefix + fields[3])
    }
}
