import Corpora
import Transformer

/// A stretch of text that is run through a model at once, and which of its tokens are scored.
public struct Window: Sendable, Equatable {
    public let ids: [Int32]
    /// For each token, whether its probability given the tokens before it counts. The first never does.
    public let isScored: [Bool]
    /// What a teacher reads in place of `ids`, with as many scored tokens; nil where it reads the same.
    public var teacher: MarkedTokens?

    var hasScoredTokens: Bool { isScored.contains(true) }
}

/// How a text longer than the context is cut, since perplexity depends on it.
public enum PerplexityConvention: String, CaseIterable, Codable, Sendable {
    /// The sliding window of Hugging Face's guide "Perplexity of fixed-length models": each document alone; windows of
    /// `context` tokens advance by `stride`, and each token is scored once, in the first window that holds it. With a
    /// stride of a whole window nothing precedes a window's first token, which then is not scored at all.
    case hf
    /// `llama-perplexity`'s: all text as one stream, cut into chunks of `context` tokens that do not overlap. The
    /// beginning-of-sequence token takes the place of each chunk's first; rows context/2 to context − 2 are read, which
    /// scores context − 1 − context/2 tokens. An incomplete chunk is left out; which tokens are targets plays no part.
    case llamaCpp = "llama.cpp"

    /// Cuts documents into windows.
    ///
    /// - Parameters:
    ///   - documents: token ids and, for each token, whether it is a target
    ///   - context: tokens of a window, at least 2
    ///   - stride: tokens that a window advances by (`hf` only)
    ///   - begin: the beginning-of-sequence token, which replaces the first token of a chunk (`llama.cpp` only)
    public func windows(
        of documents: [(ids: [Int32], isTarget: [Bool])], context: Int, stride: Int, begin: Int32?
    ) -> [Window] {
        var segments = documents.makeIterator()
        var cutter = WindowCutter<Never>(self, context: context, stride: stride, begin: begin) {
            segments.next().map { WindowCutter.Segment(ids: $0.ids, isTarget: $0.isTarget) }
        }
        var windows: [Window] = []
        while let window = cutter.next() { windows.append(window) }
        return windows
    }
}

/// Cuts text that comes in segments into windows, one after another; holds a window and a segment at a time.
struct WindowCutter<Failure: Error> {
    struct Segment {
        var ids: [Int32]
        var isTarget: [Bool]
        /// Whether it goes on with the document of the segment before.
        var isContinuation = false
        /// What the teacher reads of a document that it reads otherwise: that is one window, as it is.
        var teacher: MarkedTokens?
    }

    private let convention: PerplexityConvention
    private let context: Int
    private let stride: Int
    private let begin: Int32?
    private let read: () throws(Failure) -> Segment?

    /// Tokens of the open document from `start` on; those before `position` are done with.
    private var ids: [Int32] = []
    private var isTarget: [Bool] = []
    private var position = 0
    /// Tokens of the open document that were scored or passed, counted from `position`.
    private var scored = 1
    /// The first segment of the document that follows.
    private var ahead: Segment?
    private var atEnd = false

    init(
        _ convention: PerplexityConvention, context: Int, stride: Int, begin: Int32?,
        reading read: @escaping () throws(Failure) -> Segment?
    ) {
        self.convention = convention
        self.context = context
        self.stride = stride
        self.begin = begin
        self.read = read
    }

    mutating func next() throws(Failure) -> Window? {
        switch convention {
        case .hf: try nextSliding()
        case .llamaCpp: try nextChunk()
        }
    }

    private var available: Int { ids.count - position }

    /// Reads on in the open document until `count` tokens are there or it ends.
    private mutating func fill(_ count: Int, acrossDocuments: Bool = false) throws(Failure) {
        while available < count, ahead == nil, !atEnd {
            guard let segment = try read() else {
                atEnd = true
                return
            }
            if segment.isContinuation || acrossDocuments { append(segment) } else { ahead = segment }
        }
    }

    private mutating func append(_ segment: Segment) {
        ids.removeFirst(position)
        isTarget.removeFirst(position)
        position = 0
        ids += segment.ids
        isTarget += segment.isTarget
    }

    private mutating func nextSliding() throws(Failure) -> Window? {
        while true {
            try fill(context + 1)
            if scored < available { return slide() }
            guard let next = ahead else { return nil }
            ahead = nil
            (ids, isTarget, position, scored) = ([], [], 0, 1)
            if let teacher = next.teacher {
                return Window(ids: next.ids, isScored: next.isTarget, teacher: teacher)
            }
            append(next)
        }
    }

    private mutating func slide() -> Window {
        let count = min(context, available)
        let range = position..<position + count
        let flags = (0..<count).map { $0 > 0 && $0 >= scored && isTarget[position + $0] }
        defer {
            let step = min(stride, available)
            position += step
            scored = count - step
        }
        return Window(ids: Array(ids[range]), isScored: flags)
    }

    private mutating func nextChunk() throws(Failure) -> Window? {
        try fill(context, acrossDocuments: true)
        guard available >= context else { return nil }
        var chunk = Array(ids[position..<position + context])
        position += context
        if let begin { chunk[0] = begin }
        let firstRow = context / 2
        return Window(ids: chunk, isScored: (0..<context).map { $0 > firstRow })
    }
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

    /// Takes a window; gives the batch that it no longer fits in.
    mutating func add(_ window: Window) -> [Window]? {
        guard window.hasScoredTokens else { return nil }
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
