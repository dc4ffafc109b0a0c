/// An event of long-running work, for listeners: the terminal, a log, a test.
public enum ProgressEvent: Sendable {
    /// A recipe starts one of its stages, `number` from 1. The events that follow belong to it.
    case entered(stage: String, number: Int, of: Int)
    /// A stage begins; it has `total` units of work (`unit` is a plural noun, such as "steps").
    case began(stage: String, total: Int, unit: String)
    /// `done` units of the stage are finished. `tokens` is the running count of tokens in this process, from
    /// which a listener derives the rate; `loss` is the latest value where the stage has one.
    case advanced(stage: String, done: Int, tokens: Int, loss: Double?)
    /// What else a display may show beside the progress of the stage, such as requests in flight.
    case status(stage: String, text: String)
    /// The stage ended; `summary` is a one-line message.
    case finished(stage: String, summary: String)
    /// A message to show: a stage was reused, a run was resumed.
    case note(String)
}

/// Receives progress events on the thread that does the work; it must return quickly.
public typealias ProgressHandler = (ProgressEvent) -> Void
