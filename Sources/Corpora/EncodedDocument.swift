/// A document as token ids, and which of them the loss counts.
public struct EncodedDocument: Equatable, Sendable {
    public let ids: [Int32]
    /// For each token, whether it is a target whose loss counts. The first never is: nothing comes before it.
    /// Targets are shifted against positions in one place, `TrainingBatch`, not here.
    public let kept: [Bool]

    public init(ids: [Int32], kept: [Bool]) {
        precondition(ids.count == kept.count, "\(ids.count) ids with \(kept.count) marks")
        precondition(kept.first != true, "the first token is never a target")
        self.ids = ids
        self.kept = kept
    }

    public var keptCount: Int { kept.count { $0 } }

    /// Windows of at most `length` tokens in which every kept token is a target exactly once: each window
    /// begins with the last token of the one before, which is context there and not a target. Windows
    /// without a target are left out.
    public func split(at length: Int) -> [EncodedDocument] {
        precondition(length >= 2, "a window of \(length) tokens has no target")
        var windows: [EncodedDocument] = []
        for start in stride(from: 0, to: max(ids.count - 1, 1), by: length - 1) {
            let range = start..<min(start + length, ids.count)
            let kept = [false] + kept[range].dropFirst()
            if kept.contains(true) { windows.append(EncodedDocument(ids: Array(ids[range]), kept: kept)) }
        }
        return windows
    }

    /// The first `length` tokens.
    public func truncated(to length: Int) -> EncodedDocument {
        EncodedDocument(ids: Array(ids.prefix(length)), kept: Array(kept.prefix(length)))
    }
}
