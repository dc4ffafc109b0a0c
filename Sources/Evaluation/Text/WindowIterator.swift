import Corpora

/// Divides text that comes in segments into windows, one after another; holds a window and a segment at a time.
struct WindowIterator<Failure: Error> {
    struct Segment {
        var ids: [Int32]
        var lossMask: [Bool]
        /// Whether it continues the document of the previous segment.
        var isContinuation = false
        /// What the teacher reads, where it differs; such a document is one window.
        var teacher: MaskedTokens?
    }

    private let convention: PerplexityConvention
    private let context: Int
    private let stride: Int
    private let begin: Int32?
    private let read: () throws(Failure) -> Segment?

    /// Tokens of the current document that are in memory; those before `position` are done.
    private var ids: [Int32] = []
    private var lossMask: [Bool] = []
    private var position = 0
    /// Tokens of the current document that were scored or skipped, counted from `position`.
    private var scored = 1
    /// The first segment of the next document.
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

    /// Reads more of the current document until `count` tokens are in memory or it ends.
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
        lossMask.removeFirst(position)
        position = 0
        ids += segment.ids
        lossMask += segment.lossMask
    }

    private mutating func nextSliding() throws(Failure) -> Window? {
        while true {
            try fill(context + 1)
            if scored < available { return slide() }
            guard let next = ahead else { return nil }
            ahead = nil
            (ids, lossMask, position, scored) = ([], [], 0, 1)
            if let teacher = next.teacher {
                return Window(ids: next.ids, lossMask: next.lossMask, teacher: teacher)
            }
            append(next)
        }
    }

    private mutating func slide() -> Window {
        let count = min(context, available)
        let range = position..<position + count
        let flags = (0..<count).map { $0 > 0 && $0 >= scored && lossMask[position + $0] }
        defer {
            let step = min(stride, available)
            position += step
            scored = count - step
        }
        return Window(ids: Array(ids[range]), lossMask: flags)
    }

    private mutating func nextChunk() throws(Failure) -> Window? {
        try fill(context, acrossDocuments: true)
        guard available >= context else { return nil }
        var chunk = Array(ids[position..<position + context])
        position += context
        if let begin { chunk[0] = begin }
        let firstRow = context / 2
        return Window(ids: chunk, lossMask: (0..<context).map { $0 > firstRow })
    }
}
