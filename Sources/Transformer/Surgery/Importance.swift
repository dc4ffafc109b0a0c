import Support
import Tensors

// C width, F feed-forward width, H query heads, D head dimension.

/// How much the parts of a decoder matter on some text, for deciding which of them a smaller one keeps.
///
/// Measures of neurons, heads and channels are activations: their mean magnitude over a sequence, then the L2 norm
/// over sequences (Minitron, Muralidharan et al. 2024, arXiv 2407.14679). Values compare within one list only.
public struct Importance: Sendable {
    /// For each layer 1 − E[cos(x, y)] of the residual stream before and after it, the mean over positions: 0 where it
    /// changes nothing (block influence, Men et al. 2024, arXiv 2403.03853).
    public private(set) var layers: [Double]
    /// For each layer its F neurons, by what they give the down projection.
    public private(set) var neurons: [[Double]]
    /// For each layer its H query heads, by the length of what each gives the output projection.
    public private(set) var heads: [[Double]]
    /// The C channels of the residual stream, by what the norms of all layers let through.
    public private(set) var channels: [Double]

    /// - Parameter batch: At least one sequence, none longer than the model's context.
    /// - Throws: `UserError` where activations are infinite or NaN
    public init(of decoder: DecoderModel, on batch: TokenBatch) throws {
        precondition(!batch.ids.isEmpty, "importance is measured on text")
        let shape = decoder.configuration
        layers = Array(repeating: 0, count: shape.layers)
        neurons = Array(repeating: Array(repeating: 0, count: shape.feedForward), count: shape.layers)
        heads = Array(repeating: Array(repeating: 0, count: shape.heads), count: shape.layers)
        channels = Array(repeating: 0, count: shape.width)
        for group in batch.groups(ofTokens: DecoderModel.frozenPassTokens) {
            withoutGradients { add(batch.sequences(group), of: decoder) }
        }
        for layer in layers.indices {
            layers[layer] /= Double(batch.ids.count)
            neurons[layer] = neurons[layer].map { $0.squareRoot() }
            heads[layer] = heads[layer].map { $0.squareRoot() }
        }
        channels = channels.map { $0.squareRoot() }
        let all = [layers, channels] + neurons + heads
        guard all.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw UserError.nonFiniteOutput("on the text that importance is measured on")
        }
    }

    /// Adds the statistics of a few sequences: sums over positions for layers, over sequences of squared means for the others.
    private mutating func add(_ batch: TokenBatch, of decoder: DecoderModel) {
        let dimension = decoder.configuration.headDimension
        var before: Tensor?
        // Norms of all layers add up before they are squared.
        let sequences = batch.segments.count - 1
        var normed = [[Double]](
            repeating: Array(repeating: 0, count: decoder.configuration.width), count: sequences)
        _ = decoder.forward(batch) { part, layer, values in
            switch part {
            case .embedding: before = values
            case .residual:
                layers[layer] += Self.turns(from: before!, to: values)
                before = values
            case .normed:
                for (sequence, means) in Self.means(values, batch).enumerated() {
                    for (channel, mean) in means.enumerated() { normed[sequence][channel] += mean }
                }
            case .neurons:
                for means in Self.means(values, batch) {
                    for (neuron, mean) in means.enumerated() { neurons[layer][neuron] += mean * mean }
                }
            case .heads:
                for means in Self.means(Self.lengths(values, ofEvery: dimension), batch) {
                    for (head, mean) in means.enumerated() { heads[layer][head] += mean * mean }
                }
            case .queryKeyValue: break
            }
        }
        for means in normed {
            for (channel, mean) in means.enumerated() { channels[channel] += mean * mean }
        }
    }

    /// For each sequence the mean magnitude of each column over its positions.
    private static func means(_ values: Tensor, _ batch: TokenBatch) -> [[Double]] {
        let width = values.width
        return values.withUnsafeFloats { floats in
            zip(batch.segments, batch.segments.dropFirst()).map { start, end in
                var sums = [Double](repeating: 0, count: width)
                sums.withUnsafeMutableBufferPointer { sums in
                    for row in start..<end {
                        for column in 0..<width { sums[column] += Double(abs(floats[row * width + column])) }
                    }
                }
                return sums.map { $0 / Double(end - start) }
            }
        }
    }

    /// The lengths of the vectors that `dimension` columns at a time make, [N, W / dimension].
    private static func lengths(_ values: Tensor, ofEvery dimension: Int) -> Tensor {
        let lengths = Tensor(shape: [values.rows, values.width / dimension])
        lengths.withUnsafeMutableFloats { lengths in
            values.withUnsafeFloats { floats in
                for index in lengths.indices {
                    var sum: Float = 0
                    for place in 0..<dimension {
                        let value = floats[index * dimension + place]
                        sum += value * value
                    }
                    lengths[index] = sum.squareRoot()
                }
            }
        }
        return lengths
    }

    /// Σ (1 − cos) over the rows of two matrices; a row of zeros has not turned.
    private static func turns(from x: Tensor, to y: Tensor) -> Double {
        let width = x.width
        return x.withUnsafeFloats { x in
            y.withUnsafeFloats { y in
                var sum = 0.0
                for row in 0..<x.count / width {
                    var (xy, xx, yy) = (0.0, 0.0, 0.0)
                    for index in row * width..<(row + 1) * width {
                        let (a, b) = (Double(x[index]), Double(y[index]))
                        xy += a * b
                        xx += a * a
                        yy += b * b
                    }
                    if xx > 0, yy > 0 { sum += 1 - xy / (xx * yy).squareRoot() }
                }
                return sum
            }
        }
    }
}
