import Transformer

extension GGUFFamily {
    /// What llama.cpp cannot compute of a model, as the end of a message; nil if it can.
    func problem(of shape: Configuration) -> String? {
        let models = "in \(shape.family.name) models"
        if shape.attentionBias == true, !hasAttentionBiases { return "no attention biases \(models)" }
        if shape.slidingWindow?.layers.isEmpty == false, window == nil {
            return "no sliding window \(models)"
        }
        if needsHead, shape.tiedHead { return "no tied head \(models)" }
        if dividesWidth, shape.heads * shape.headDimension != shape.width {
            return "no heads whose widths do not add up to the model's \(models)"
        }
        if let made = shape.experts?.normalizesWeights, let fixed = experts?.areNormalized, made != fixed {
            return "\(fixed ? "only" : "no") normalized weights of experts \(models)"
        }
        if shape.layersWithoutRope ?? [] != layersWithoutRope(of: shape.layers) ?? [] {
            return "no rotary embedding in every \(withoutRopeEvery ?? 0)th layer and no other \(models)"
        }
        guard case .yarn(let yarn)? = shape.ropeScaling, let problem = GGUFYaRN.problem(of: yarn) else {
            return nil
        }
        return "YaRN scaling only where \(problem)"
    }
}
