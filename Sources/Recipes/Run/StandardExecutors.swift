/// The executors of the command.
public enum StandardExecutors {
    public static var all: [Stage.Kind: any StageExecutor] { [:] }
}
