extension StageRegistry {
    /// The kinds of stages of the command, in the order of the key reference.
    package static let standard = StageRegistry([
        TokenizerStage.self,
        PruneStage.self,
        PromptsStage.self,
        GenerateStage.self,
        FilterStage.self,
        JudgeStage.self,
        WeakLabelsStage.self,
        SelectStage.self,
        SplitStage.self,
        DatasetStage.self,
        DistillDatasetStage.self,
        LabelStage.self,
        TrainStage.self,
        ConvertStage.self,
        EvaluateStage.self,
        ReportStage.self,
    ])
}
