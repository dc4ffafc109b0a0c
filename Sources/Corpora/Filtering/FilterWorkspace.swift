import Foundation
import Support

/// Where a filter works: directories, and who hears of progress.
public struct FilterWorkspace {
    /// For temporary files.
    public let directory: URL
    /// Whether the corpus has not been read before.
    public let isFirstPass: Bool
    /// The directory of the values that models give records, made when there are some.
    let scores: URL
    /// The filter in names of files and in progress: its number and its kind.
    let label: String
    /// The name in progress events.
    let stage: String
    let progress: ProgressHandler

    /// A workspace outside of a pipeline.
    ///
    /// - Parameter directory: for temporary files; the values that models give records stay there
    public init(directory: URL = .temporaryDirectory) {
        self.init(
            directory: directory, isFirstPass: true, scores: directory.appending(path: "scores"),
            label: "filter", stage: "filter",
            progress: { _ in })
    }

    init(
        directory: URL, isFirstPass: Bool, scores: URL, label: String, stage: String,
        progress: @escaping ProgressHandler
    ) {
        (self.directory, self.isFirstPass, self.scores) = (directory, isFirstPass, scores)
        (self.label, self.stage, self.progress) = (label, stage, progress)
    }
}
