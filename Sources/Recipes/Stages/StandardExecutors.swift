/// The executors of the command.
public enum StandardExecutors {
    public static var all: [Stage.Kind: any StageExecutor] {
        [
            .tokenizer: TokenizerExecutor(),
            .cut: PruneExecutor(),
            .generate: GenerateExecutor(),
            .select: SelectExecutor(),
            .learn: DistillDatasetExecutor(),
            .label: LabelExecutor(),
            .train: TrainExecutor(),
            .convert: ConvertExecutor(),
            .evaluate: EvaluateExecutor(),
        ]
    }
}
