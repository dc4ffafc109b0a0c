import Corpora
import Transformer

/// A part of a text that is run through a model at once, with the tokens that are scored.
public struct Window: Sendable, Equatable {
    /// The tokens.
    public let ids: [Int32]
    /// For each token, whether it is scored: whether its probability given the tokens before it counts. The first never is.
    public let lossMask: [Bool]
    /// What a teacher reads in place of `ids`, with as many scored tokens; nil where it reads the same.
    public var teacher: MaskedTokens?

    var hasTargets: Bool { lossMask.contains(true) }
}

extension [Window] {
    /// Batches of about `tokens` tokens, in order; windows without a scored token are left out.
    func batched(tokens: Int) -> [ArraySlice<Window>] {
        var (batches, batcher) = ([ArraySlice<Window>](), WindowBatcher(tokens: tokens))
        for window in self { if let full = batcher.add(window) { batches.append(full[...]) } }
        if let last = batcher.finish() { batches.append(last[...]) }
        return batches
    }
}

/// Collects windows into batches of about `tokens` tokens, in order; windows without a scored token are left out.
struct WindowBatcher {
    let tokens: Int
    private var windows: [Window] = []
    private var size = 0

    init(tokens: Int) { self.tokens = tokens }

    /// Adds a window; returns the batch that it did not fit into.
    mutating func add(_ window: Window) -> [Window]? {
        guard window.hasTargets else { return nil }
        let full = size > 0 && size + window.ids.count > tokens ? finish() : nil
        windows.append(window)
        size += window.ids.count
        return full
    }

    mutating func finish() -> [Window]? {
        defer { (windows, size) = ([], 0) }
        return windows.isEmpty ? nil : windows
    }
}
