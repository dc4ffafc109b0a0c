import Tensors
import Transformer

extension DecoderModel {
    /// A weight by its name, such as `blocks.0.feedForward.down.weight`.
    public func parameter(_ name: String) -> Tensor {
        guard let found = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("there is no weight \(name)")
        }
        return found.tensor
    }

    /// The down projection of a layer's feed-forward.
    public func down(_ layer: Int) -> Tensor { parameter("blocks.\(layer).feedForward.down.weight") }
}
