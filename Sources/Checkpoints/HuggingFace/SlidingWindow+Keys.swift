import Support
import Transformer

extension SlidingWindow {
    /// The keys of sliding windows in `config.json`.
    ///
    /// nil where the model has none: the size is null, or the family asks for `use_sliding_window` and it is not true.
    init?(
        _ keys: inout KeyReader, _ shape: Configuration, _ family: HuggingFaceFamily.Window?,
        ownTheta: Double?
    ) {
        guard let family else { return nil }
        let isUsed = family.fullAttentionFirst == nil || keys.boolean("use_sliding_window", default: false)
        guard isUsed, let size = keys.optionalNumber("sliding_window", default: family.size) else {
            if case .array(let types)? = keys["layer_types"], family.isOfSomeLayers,
                types.contains(.string("sliding_attention"))
            {
                keys.reject("layer_types", "the model has no sliding window")
            }
            return nil
        }
        // Checked again later; here so that an invalid number of layers does not fill the memory.
        guard (1...1 << 16).contains(shape.layers) else { return nil }
        guard let window = Int(exactly: size) else {
            keys.reject("sliding_window", "a whole number is expected")
            return nil
        }
        let layers = Self.layers(&keys, shape.layers, family)
        self.init(size: window, layers: layers, ropeTheta: ownTheta)
    }

    /// The layers with a window: all, those that `layer_types` lists, or those of the family's pattern.
    private static func layers(
        _ keys: inout KeyReader, _ count: Int, _ family: HuggingFaceFamily.Window
    ) -> [Int] {
        var layers = Array(0..<count)
        guard family.isOfSomeLayers else { return layers }
        if let pattern = family.fullAttentionEvery {
            let key =
                keys["sliding_window_pattern"] == nil ? "_sliding_window_pattern" : "sliding_window_pattern"
            let every = keys.integer(key, default: pattern)
            layers.removeAll { every > 0 && ($0 + 1) % every == 0 }
        }
        if let standard = family.fullAttentionFirst {
            let first = keys.integer("max_window_layers", default: standard)
            layers.removeAll { $0 < first }
        }
        guard case .array(let types)? = keys["layer_types"] else { return layers }
        let (sliding, full) = (JSONValue.string("sliding_attention"), JSONValue.string("full_attention"))
        if types.count != count {
            keys.reject("layer_types", "\(count) names are expected")
        } else if types.contains(where: { $0 != sliding && $0 != full }) {
            keys.reject("layer_types", "only sliding_attention and full_attention are supported")
        }
        return types.indices.filter { types[$0] == sliding }
    }
}
