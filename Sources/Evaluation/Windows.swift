import Corpora
import Transformer

/// A stretch of text that is run through a model at once, and which of its tokens are scored.
public struct Window: Sendable, Equatable {
    public let ids: [Int32]
    /// For each token, whether its probability given the tokens before it counts. The first never does.
    public let isScored: [Bool]
    /// What a teacher reads in place of `ids`, with as many scored tokens; nil where it reads the same.
    public var teacher: MarkedTokens?
}

extension Window {
    /// A document as a whole.
    init(document: EncodedDocument) {
        self.init(ids: document.ids, isScored: document.kept, teacher: document.teacher)
    }
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
        switch self {
        case .hf: documents.flatMap { Self.sliding($0.ids, $0.isTarget, context: context, stride: stride) }
        case .llamaCpp: Self.chunks(documents.flatMap(\.ids), context: context, begin: begin)
        }
    }

    private static func sliding(_ ids: [Int32], _ isTarget: [Bool], context: Int, stride: Int) -> [Window] {
        var windows: [Window] = []
        var scored = 1
        var start = 0
        while scored < ids.count {
            let end = min(start + context, ids.count)
            let flags = (start..<end).map { $0 > start && $0 >= scored && isTarget[$0] }
            windows.append(Window(ids: Array(ids[start..<end]), isScored: flags))
            scored = end
            start += stride
        }
        return windows
    }

    private static func chunks(_ stream: [Int32], context: Int, begin: Int32?) -> [Window] {
        let firstRow = context / 2
        let flags = (0..<context).map { $0 > firstRow }
        return (0..<stream.count / context).map { chunk in
            var ids = Array(stream[chunk * context..<(chunk + 1) * context])
            if let begin { ids[0] = begin }
            return Window(ids: ids, isScored: flags)
        }
    }
}

extension [Window] {
    /// Batches of about `tokens` tokens, in order; windows without a scored token are left out.
    func batched(tokens: Int) -> [ArraySlice<Window>] {
        let useful = filter { $0.isScored.contains(true) }
        var batches: [ArraySlice<Window>] = []
        var (start, size) = (0, 0)
        for (index, window) in useful.enumerated() {
            if size > 0, size + window.ids.count > tokens {
                batches.append(useful[start..<index])
                (start, size) = (index, 0)
            }
            size += window.ids.count
        }
        if start < useful.count { batches.append(useful[start...]) }
        return batches
    }
}
