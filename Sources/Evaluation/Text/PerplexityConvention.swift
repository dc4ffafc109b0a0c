/// How text is divided into windows, which perplexity depends on.
public enum PerplexityConvention: String, CaseIterable, Codable, Sendable {
    /// The sliding window of Hugging Face's guide "Perplexity of fixed-length models": each document separately; windows of
    /// `context` tokens advance by `stride`, and each token is scored once, in the first window that contains it. With a
    /// stride of a whole window nothing precedes a window's first token, which is then not scored.
    case hf
    /// `llama-perplexity`'s: all text as one stream, in chunks of `context` tokens that do not overlap. The
    /// beginning-of-sequence token replaces each chunk's first token; rows context/2 to context − 2 are read, which
    /// scores context − 1 − context/2 tokens. An incomplete chunk is left out, and the loss mask is ignored.
    case llamaCpp = "llama.cpp"

    /// Divides documents into windows.
    ///
    /// - Parameters:
    ///   - documents: token ids with their loss mask
    ///   - context: tokens of a window, at least 2
    ///   - stride: tokens that a window advances by (`hf` only)
    ///   - begin: the beginning-of-sequence token, which replaces the first token of a chunk (`llama.cpp` only)
    public func windows(
        of documents: [(ids: [Int32], lossMask: [Bool])], context: Int, stride: Int, begin: Int32?
    ) -> [Window] {
        var segments = documents.makeIterator()
        var iterator = WindowIterator<Never>(self, context: context, stride: stride, begin: begin) {
            segments.next().map { WindowIterator.Segment(ids: $0.ids, lossMask: $0.lossMask) }
        }
        var windows: [Window] = []
        while let window = iterator.next() { windows.append(window) }
        return windows
    }
}
