import Support

// N rows (positions), E experts, C channels.

/// The rows that one expert receives.
public struct ExpertRoute: Sendable {
    /// Ascending.
    public var rows: [Int] = []
    /// For each row the weight of the expert's output.
    public var weights: [Float] = []
}

/// Which rows each expert receives: the experts with the largest probabilities, softmax over all of them, of equal ones the first.
///
/// Choosing has no gradient here: models with experts are frozen.
///
/// - Parameters:
///   - logits: of the router, [N, E]
///   - perToken: experts that each row passes through, at most E
///   - normalizes: whether the weights of a row are divided by their sum
/// - Returns: E routes
public func expertRoutes(_ logits: Tensor, perToken: Int, normalizes: Bool) -> [ExpertRoute] {
    precondition(!Tape.records(logits), "a router has no backward pass")
    let experts = logits.width
    var routes = [ExpertRoute](repeating: ExpertRoute(), count: experts)
    var places = [Int32](repeating: 0, count: perToken)
    var weights = [Float](repeating: 0, count: perToken)
    for row in 0..<logits.rows {
        let values = logits.pointer(row: row)
        let sum = LogSumExp(values, count: experts)
        sum.softmax(of: values, into: values, count: experts)
        kernels.top_k(values, experts, perToken, &places, &weights)
        let total = normalizes ? weights.reduce(0, +) : 1
        for (place, weight) in zip(places, weights) {
            routes[Int(place)].rows.append(row)
            routes[Int(place)].weights.append(weight / total)
        }
    }
    return routes
}

/// Adds some rows, each times a weight, to rows of a sum. No gradients flow.
///
/// - Parameters:
///   - rows: [M, C]
///   - weights: M
///   - sum: [N, C]
///   - places: for each of the rows the row of the sum, each at most once
public func addRows(_ rows: Tensor, times weights: [Float], to sum: Tensor, at places: [Int]) {
    precondition(!Tape.records(rows, sum), "weighted rows are added without a backward pass")
    let width = sum.width
    Parallel.forRanges(of: places.count, grain: 64) { range in
        for index in range {
            kernels.add_scaled(
                rows.pointer(row: index), weights[index], sum.pointer(row: places[index]), width)
        }
    }
}
