import Training

extension TrainExecutor {
    func options(
        _ stage: TrainStage, corpusTokens: Int, stepsReaching: (_ tokens: Int) -> Int,
        signalTemperature: Float?, seed: UInt64
    ) -> TrainingOptions {
        // Whole steps until at least the tokens asked for are trained.
        let (steps, tokens): (Int, Int?) =
            switch stage.duration {
            case .steps(let steps): (steps, nil)
            case .tokens(let tokens): (stepsReaching(tokens), tokens)
            case .epochs(let epochs): counted(epochs)
            }
        func counted(_ epochs: Double) -> (Int, Int) {
            let tokens = max(1, Int(min(epochs * Double(corpusTokens), 1e18).rounded(.up)))
            return (stepsReaching(tokens), tokens)
        }
        func share(_ length: ScheduleSettings.Length) -> Double {
            switch length {
            case .fraction(let fraction): fraction
            case .steps(let count): min(1, Double(count) / Double(steps))
            }
        }
        let (schedule, optimizer) = (stage.schedule, stage.optimizer)
        return TrainingOptions(
            steps: steps, tokens: tokens,
            losses: stage.losses.map { $0.weighted(signalTemperature: signalTemperature) },
            features: stage.features.map(\.weighted), exits: stage.exits?.options,
            quantization: stage.quantization?.format, seed: seed,
            optimizer: optimizer.options,
            embeddingLearningRateScale: Float(optimizer.embeddingLearningRateScale),
            schedule: Schedule(
                schedule.kind.shape, warmup: share(schedule.warmup), final: schedule.final,
                decay: share(schedule.decay)),
            clip: stage.clip, averageDecay: stage.averageDecay.map { Float($0) },
            saveInterval: stage.checkpointEvery.saveInterval, validationInterval: stage.validation?.every)
    }
}

extension OptimizerSettings {
    var options: AdamW.Options {
        AdamW.Options(
            learningRate: Float(learningRate), weightDecay: Float(weightDecay), beta1: Float(beta1),
            beta2: Float(beta2), epsilon: Float(epsilon))
    }
}

extension ScheduleSettings.Kind {
    var shape: Schedule.Shape {
        switch self {
        case .cosine: .cosine
        case .linear: .linear
        case .constant: .constant
        case .wsd: .wsd
        }
    }
}

extension TrainStage.Interval {
    var saveInterval: TrainingOptions.SaveInterval {
        switch self {
        case .steps(let steps): .steps(steps)
        case .seconds(let seconds): .seconds(seconds)
        }
    }
}
