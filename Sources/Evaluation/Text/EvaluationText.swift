import Corpora

/// Text that a model is evaluated on: tokenized once, stored on disk, and divided into windows for each pass.
struct EvaluationText {
    let corpus: EvaluationCorpus
    let convention: PerplexityConvention
    let context: Int
    let stride: Int
    let begin: Int32?
    /// Maximum length in tokens of a document as the teacher reads it, in context distillation.
    let teacherContext: Int

    /// Calls `body` with a function that returns window after window.
    func withWindows<Result>(_ body: (() throws -> Window?) throws -> Result) throws -> Result {
        var index = 0
        var iterator = WindowIterator<any Error>(convention, context: context, stride: stride, begin: begin) {
            guard index < corpus.segmentCount else { return nil }
            defer { index += 1 }
            return segment(try corpus.segment(index))
        }
        return try body { try iterator.next() }
    }

    private func segment(_ segment: EvaluationCorpus.Segment) -> WindowIterator<any Error>.Segment {
        guard segment.document.teacher == nil else {
            let truncated = segment.document.truncated(to: context, teacherLength: teacherContext)
            return .init(ids: truncated.ids, lossMask: truncated.lossMask, teacher: truncated.teacher)
        }
        var lossMask = segment.document.lossMask
        if segment.isContinuation { lossMask[0] = true }
        return .init(
            ids: segment.document.ids, lossMask: lossMask, isContinuation: segment.isContinuation)
    }

    func counted() throws -> CountedText {
        var (windows, scored) = (0, 0)
        try withWindows { next in
            while let window = try next() {
                let count = window.lossMask.count { $0 }
                windows += count > 0 ? 1 : 0
                scored += count
            }
        }
        return CountedText(
            convention: convention, documents: corpus.documentCount, tokens: corpus.tokenCount,
            windows: windows, scored: scored, context: context, stride: convention == .hf ? stride : nil,
            addsBegin: begin != nil)
    }
}
