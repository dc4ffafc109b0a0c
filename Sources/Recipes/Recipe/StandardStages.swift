extension StageRegistry {
    /// The kinds of stages of the command, in the order of the key reference.
    package static let standard = StageRegistry([
        TokenizerStage.self,
        PruneStage.self,
        GenerateStage.self,
        FilterStage.self,
        SelectStage.self,
        DistillDatasetStage.self,
        LabelStage.self,
        TrainStage.self,
        ConvertStage.self,
        EvaluateStage.self,
        ReportStage.self,
    ])
}
