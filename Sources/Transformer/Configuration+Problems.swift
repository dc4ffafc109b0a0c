extension Configuration {
    /// What is wrong with the shape, as messages; empty when it is valid.
    public var problems: [String] {
        var problems: [String] = []
        let sizes = [
            ("vocabulary size", vocabularySize), ("width", width), ("layers", layers), ("heads", heads),
            ("key-value heads", keyValueHeads), ("head dimension", headDimension),
            ("feed-forward width", feedForward),
            ("context length", contextLength),
        ]
        for (name, size) in sizes where size < 1 { problems.append("\(name) \(size) is not positive") }
        // Keeps every product of extents below 2^63 and any plausible model far inside.
        for (name, size) in sizes where size > 1 << 24 { problems.append("\(name) \(size) is above 2^24") }
        guard problems.isEmpty else { return problems }
        if heads % keyValueHeads != 0 {
            problems.append("\(heads) heads cannot share \(keyValueHeads) key-value heads evenly")
        }
        if headDimension % 2 != 0, family.positions == .rotary {
            problems.append("head dimension \(headDimension) is odd; rotary embedding pairs components")
        }
        if let turned = rotaryDimension, turned < 2 || turned % 2 != 0 || turned > headDimension {
            problems.append("\(turned) turned components of a head with \(headDimension)")
        }
        if let window = slidingWindow {
            if window.size < 1 { problems.append("a sliding window of \(window.size) positions") }
            if let layer = window.layers.first(where: { !(0..<layers).contains($0) }) {
                problems.append("a sliding window in layer \(layer) of \(layers)")
            }
        }
        if let layer = layersWithoutRope?.first(where: { !(0..<layers).contains($0) }) {
            problems.append("no rotary embedding in layer \(layer) of \(layers)")
        }
        if !family.hasFreeHeads, keyValueHeads != heads || heads * headDimension != width {
            problems.append(
                "\(heads) heads of \(headDimension), \(keyValueHeads) of them of keys and values, in a width of "
                    + "\(width): heads of \(family.name) models have keys and values of their own and divide the width"
            )
        }
        problems += multipliers?.problems ?? []
        problems += experts?.problems ?? []
        let positive = [
            ("rotary base", ropeTheta), ("rotary base of windowed layers", slidingWindow?.ropeTheta ?? 1),
            ("norm epsilon", Double(normEpsilon)), ("query scalar", queryScalar ?? 1),
            ("attention soft cap", Double(attentionSoftCap ?? 1)),
            ("logit soft cap", Double(logitSoftCap ?? 1)),
        ]
        for (name, value) in positive where !(value > 0 && value.isFinite) {
            problems.append("\(name) \(value) is not positive")
        }
        return problems + misfits
            + (ropeScaling?.problems(dimension: turnedComponents, theta: ropeTheta) ?? [])
    }

    /// Choices that the family does not have.
    private var misfits: [String] {
        let made: [(Family.Choices, name: String, isMade: Bool)] = [
            (.queryScalar, "query scalar", queryScalar != nil),
            (.softCaps, "soft caps", attentionSoftCap != nil || logitSoftCap != nil),
            (.slidingWindow, "sliding window", slidingWindow != nil),
            (.attentionBiases, "attention biases", attentionBias == true),
            (.layersWithoutRope, "layers without rotary embedding", layersWithoutRope?.isEmpty == false),
            (.partialRotary, "partial rotary embedding", turnedComponents != headDimension),
            (.multipliers, "multipliers", multipliers != nil),
            (.parallelResidual, "parallel residual", parallelResidual == true),
            (.experts, "experts", experts != nil),
            (.windowedRopeBase, "second rotary base", slidingWindow?.ropeTheta != nil),
            (
                .layersWithoutWindow, "layers without the window",
                slidingWindow.map { $0.layers.count != layers } ?? false
            ),
        ]
        let misfits = made.filter { $0.isMade && !family.choices.contains($0.0) }.map {
            "\(family.name) models have no \($0.name)"
        }
        let lacksExperts = family.choices.contains(.experts) && experts == nil
        return misfits + (lacksExperts ? ["\(family.name) models have experts"] : [])
    }
}
