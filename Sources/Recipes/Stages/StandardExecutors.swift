/// The executors of the command.
public enum StandardExecutors {
    public static var all: [Stage.Kind: any StageExecutor] {
        [
            .tokenizer: TokenizerExecutor(),
            .cut: CutExecutor(),
            .generate: GenerateExecutor(),
            .select: SelectExecutor(),
            .learn: LearnExecutor(),
            .label: LabelExecutor(),
            .train: TrainExecutor(),
            .convert: ConvertExecutor(),
            .evaluate: EvaluateExecutor(),
        ]
    }
}
