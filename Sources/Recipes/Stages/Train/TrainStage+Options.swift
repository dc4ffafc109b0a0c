import Training

extension TrainStage {
    /// The trainer's options. Training takes whole steps until at least the tokens asked for are trained.
    func trainingOptions(
        corpusTokens: Int, stepsReaching: (_ tokens: Int) -> Int, signalTemperature: Float?, seed: UInt64
    ) -> TrainingOptions {
        let tokens: Int?
        let steps: Int
        switch duration {
        case .steps(let count): (steps, tokens) = (count, nil)
        case .tokens(let count): (steps, tokens) = (stepsReaching(count), count)
        case .epochs(let epochs):
            let count = max(1, Int(min(epochs * Double(corpusTokens), 1e18).rounded(.up)))
            (steps, tokens) = (stepsReaching(count), count)
        }
        return TrainingOptions(
            steps: steps, tokens: tokens,
            losses: losses.map { $0.weighted(signalTemperature: signalTemperature) },
            features: features.map(\.feature), exits: exits?.options,
            quantization: quantization?.dtype, seed: seed, optimizer: optimizer.options,
            embeddingLearningRateScale: optimizer.embeddingLearningRateScale,
            schedule: schedule.schedule(steps: steps), clip: clip,
            averageDecay: averageDecay.map { Float($0) }, saveInterval: checkpointEvery,
            validationInterval: validation?.every)
    }
}
