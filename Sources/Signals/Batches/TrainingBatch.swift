import Transformer

/// What one pass of the student sees: tokens, the positions whose loss counts, and the teacher's word on them.
public struct TrainingBatch: Sendable {
    public let tokens: TokenBatch
    /// Rows of `tokens` whose *next* token is a target, rising.
    public let positions: [Int]
    /// The tokens that follow those rows.
    public let targets: [Int32]
    /// What the teacher reads, and its rows that stand for `positions`: in context distillation it sees more, and every
    /// position lies further right by the length of what the student does not see.
    public let teacherTokens: TokenBatch
    public let teacherPositions: [Int]
    /// Whether the student wrote the targets itself: they are then no example to follow, and losses without a teacher do
    /// not count.
    public let isStudents: Bool
    /// Which of the run's teachers speaks of it.
    public let teacher: Int
    /// How the targets came about, where the student drew them and a loss needs to know.
    package let drawn: [DrawnToken]?
    /// Cached distributions at those rows, where the run uses a cache.
    public let signal: SparseSignal?
    /// The teacher's hidden states at those rows, where the run reads them from a cache.
    public let hidden: CachedHidden?

    /// - Parameters:
    ///   - tokens: sequences laid end to end
    ///   - isTarget: for each token of the batch, whether its loss counts; the first of a sequence never does
    ///   - signal: distributions for exactly the positions before targets, in order
    ///   - teacher: the teacher's own sequences, with the same targets in the same order
    ///   - taughtBy: which of the run's teachers speaks of it
    public init(
        tokens: TokenBatch, isTarget: [Bool], signal: SparseSignal? = nil,
        teacher: (tokens: TokenBatch, isTarget: [Bool])? = nil, isStudents: Bool = false, taughtBy: Int = 0,
        hidden: CachedHidden? = nil
    ) {
        self.init(
            tokens: tokens, isTarget: isTarget, signal: signal, teacher: teacher, isStudents: isStudents,
            taughtBy: taughtBy, hidden: hidden, drawn: nil)
    }

    private init(
        tokens: TokenBatch, isTarget: [Bool], signal: SparseSignal?,
        teacher: (tokens: TokenBatch, isTarget: [Bool])?, isStudents: Bool, taughtBy: Int,
        hidden: CachedHidden?, drawn: [DrawnToken]?
    ) {
        self.hidden = hidden
        self.drawn = drawn
        self.isStudents = isStudents
        self.teacher = taughtBy
        let positions = Self.positions(tokens, isTarget)
        precondition(
            signal == nil || signal!.positions == positions.count,
            "a signal of \(signal?.positions ?? 0) positions for \(positions.count) targets")
        self.tokens = tokens
        self.positions = positions
        self.targets = positions.map { tokens.ids[$0 + 1] }
        self.signal = signal
        teacherTokens = teacher?.tokens ?? tokens
        teacherPositions = teacher.map { Self.positions($0.tokens, $0.isTarget) } ?? positions
        precondition(
            teacher == nil || teacherPositions.map { teacherTokens.ids[$0 + 1] } == targets,
            "teacher and student have the same targets")
    }

    /// A batch of packed documents.
    package init(
        _ packed: PackedBatch, signal: SparseSignal? = nil, hidden: CachedHidden? = nil,
        isStudents: Bool = false, taughtBy: Int = 0, drawn: [DrawnToken]? = nil
    ) {
        self.init(
            tokens: packed.tokens, isTarget: packed.kept, signal: signal,
            teacher: packed.teacher.map { ($0.tokens, $0.kept) }, isStudents: isStudents, taughtBy: taughtBy,
            hidden: hidden, drawn: drawn)
    }

    /// The one place where targets are shifted: row t predicts token t + 1 of the same sequence.
    private static func positions(_ tokens: TokenBatch, _ isTarget: [Bool]) -> [Int] {
        precondition(isTarget.count == tokens.ids.count, "every token is a target or is not")
        var positions: [Int] = []
        for (start, end) in zip(tokens.segments, tokens.segments.dropFirst()) {
            for row in start..<end - 1 where isTarget[row + 1] { positions.append(row) }
        }
        return positions
    }
}
