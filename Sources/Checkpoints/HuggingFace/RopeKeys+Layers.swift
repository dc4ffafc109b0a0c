import Support
import Transformer

extension RopeKeys {
    /// The layers without rotary embedding: those with 0 in `no_rope_layers`, or each last of `no_rope_layer_interval`.
    ///
    /// - Parameter standard: default of the interval; nil for a family whose layers all have it
    static func layersWithout(_ keys: inout KeyReader, _ layers: Int, every standard: Int?) -> [Int]? {
        // Checked again later; here so that an invalid number of layers does not fill the memory.
        guard let standard, (1...1 << 16).contains(layers) else { return nil }
        guard let value = keys["no_rope_layers"] else {
            let every = keys.integer("no_rope_layer_interval", default: standard)
            guard every > 0 else {
                keys.reject("no_rope_layer_interval", "a positive number is expected")
                return nil
            }
            return (0..<layers).filter { ($0 + 1) % every == 0 }
        }
        guard case .array(let marks) = value, marks.count == layers,
            marks.allSatisfy({ $0 == .integer(0) || $0 == .integer(1) })
        else {
            keys.reject(
                "no_rope_layers", "\(layers) numbers are expected, 0 for a layer without and 1 for others")
            return nil
        }
        return marks.indices.filter { marks[$0] == .integer(0) }
    }
}
