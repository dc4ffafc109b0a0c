import Signals
import Support
import Tensors
import Transformer

/// The feature losses of a run, with the projectors that are trained beside the student and dropped at the end.
final class FeatureObjective {
    let features: [WeightedFeature]
    /// For each feature, its pairs of layers.
    private let maps: [[(student: Int, teacher: Int)]]
    /// By feature, then by pair of layers.
    private let projectors: [[Tensor?]]

    /// - Throws: `UserError` when a layer does not exist or the models' shapes cannot be compared
    init(_ features: [WeightedFeature], student: Configuration, teacher: TeacherActivations, seed: UInt64)
        throws
    {
        for feature in features {
            try Self.checkCache(feature, student: student, teacher: teacher)
            try feature.checkLayers(of: student.layers)
            try feature.checkRelationHeads(
                dividing: Set((student.attention + teacher.attention).flatMap(\.widths)))
        }
        self.features = features
        let maps = features.map { $0.layerMap(student: student.layers, teacher: teacher.layers) }
        self.maps = maps
        projectors = features.enumerated().map { index, feature in
            maps[index].map { layer in
                guard feature.kind.hasProjector else { return nil }
                let stream = RandomStream(
                    seed: seed, purpose: "projector of \(feature.kind.name) \(index)",
                    index: UInt64(layer.student))
                return Tensor.normal(
                    [teacher.width, student.width], deviation: 1 / Float(student.width).squareRoot(),
                    from: stream
                ).requiringGradient()
            }
        }
    }

    /// Checks that a cache stores the layers that a feature loss compares.
    private static func checkCache(
        _ feature: WeightedFeature, student: Configuration, teacher: TeacherActivations
    ) throws {
        guard let stored = teacher.stored else { return }
        guard !feature.kind.comparesTokens else {
            throw UserError(
                "\(feature.kind.name) compares queries, keys and values, which caches do not store",
                hint:
                    "train with the teacher itself, or use hidden_mse, hidden_cosine, rkd_distance or rkd_angle",
                status: .configuration)
        }
        let wanted = feature.teacherLayers(student: student.layers, teacher: teacher.layers)
        guard let missing = wanted.first(where: { !stored.contains($0) }) else { return }
        throw UserError(
            "\(feature.kind.name) compares the teacher's layer \(missing); the cache stores \(stored)",
            hint: "label with hidden: \(Array(Set(wanted)).sorted()), or give layers",
            status: .configuration)
    }

    /// Projectors by name, for the optimizer and the saved state.
    var parameters: [(name: String, tensor: Tensor)] {
        projectors.enumerated().flatMap { index, tensors in
            tensors.enumerated().compactMap { pair, tensor in
                tensor.map { ("projector.\(index).\(pair)", $0) }
            }
        }
    }

    /// One feature loss, averaged over its layers.
    struct Term {
        /// `scale` times weight times the mean, on the tape.
        let objective: Tensor
        /// Unweighted.
        let mean: Double
        /// Of weight · scale · the gradient with respect to the activations.
        let squaredGradientNorm: Double
    }

    /// - Parameters:
    ///   - teacher: nil where the batch has cached hidden states
    ///   - scale: factor of the objective: the batch's fraction of the step
    func callAsFunction(
        _ batch: TrainingBatch, student: Activations, teacher: Activations?, scale: Float
    ) -> [Term] {
        features.indices.map { index in
            let feature = features[index]
            let factor = scale * feature.weight / Float(maps[index].count)
            let values = zip(maps[index], projectors[index]).map { layers, projector in
                feature.kind.evaluate(
                    FeaturePair(
                        student: FeatureView(
                            student, layer: layers.student, segments: batch.tokens.segments,
                            rows: batch.positions),
                        teacher: teacher.map {
                            FeatureView(
                                $0, layer: layers.teacher, segments: batch.teacherTokens.segments,
                                rows: batch.teacherPositions)
                        } ?? FeatureView(batch.hidden!, layer: layers.teacher, of: batch),
                        parameters: feature.parameters, projector: projector))
            }
            let gradients = values.flatMap(\.gradients)
            for (_, gradient) in gradients { kernels.scale(gradient.pointer, factor, gradient.count) }
            let mean = values.reduce(0) { $0 + $1.loss } / Double(values.count)
            let objective = Tensor(shape: [], values: [Float(mean) * scale * feature.weight])
            let norm = sumOfSquares(gradients.map(\.gradient))
            Tape.append(output: objective, inputs: gradients.map(\.tensor)) { _ in
                for (tensor, gradient) in gradients { tensor.gradientSlot?.adopt(gradient) }
            }
            return Term(objective: objective, mean: mean, squaredGradientNorm: norm)
        }
    }
}

/// The sum of objectives, each of which gets a gradient of 1.
func addObjectives(_ objectives: [Tensor]) -> Tensor {
    let sum = Tensor(shape: [], values: [objectives.reduce(0) { $0 + $1.values[0] }])
    Tape.append(output: sum, inputs: objectives) { seed in
        for objective in objectives { objective.gradientSlot?.adopt(seed.copy()) }
    }
    return sum
}
