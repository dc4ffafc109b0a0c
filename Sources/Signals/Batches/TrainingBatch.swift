import Transformer

// M positions: rows whose next token is a target.

/// The input of one training pass: tokens, the positions whose loss counts, and the teacher's signal there.
///
///     let batch = TrainingBatch(tokens: TokenBatch(sequences: [ids]), lossMask: mask)
public struct TrainingBatch: Sendable {
    /// The student's sequences, concatenated.
    public let tokens: TokenBatch
    /// The M rows of `tokens` whose *next* token is a target, rising.
    public let positions: [Int]
    /// The tokens that follow those rows.
    public let targets: [Int32]
    /// The teacher's sequences. In context distillation it reads more than the student; otherwise they are `tokens`.
    public let teacherTokens: TokenBatch
    /// The M rows of `teacherTokens` that correspond to `positions`.
    public let teacherPositions: [Int]
    /// Whether the student generated the targets itself. Such targets are not ground truth, and losses without a teacher
    /// ignore them.
    public let isStudents: Bool
    /// The index of the teacher that labels the batch.
    public let teacher: Int
    /// How the targets were sampled, where the student sampled them and a loss reads it.
    package let drawn: [DrawnToken]?
    /// Cached distributions at the M positions, where the run uses a cache.
    public let signal: SparseSignal?
    /// The teacher's cached hidden states at the M positions, where the run reads them.
    public let hidden: CachedHidden?

    /// - Parameters:
    ///   - tokens: sequences, concatenated
    ///   - lossMask: for each token of the batch, whether its loss counts; the first of a sequence is never a target
    ///   - signal: distributions for exactly the positions before targets, in order
    ///   - teacher: the teacher's own sequences, with the same targets in the same order; nil where it reads the student's
    ///   - isStudents: whether the student generated the targets
    ///   - teacherIndex: the index of the teacher that labels the batch
    ///   - hidden: the teacher's hidden states at those positions
    public init(
        tokens: TokenBatch, lossMask: [Bool], signal: SparseSignal? = nil,
        teacher: (tokens: TokenBatch, lossMask: [Bool])? = nil, isStudents: Bool = false,
        teacherIndex: Int = 0, hidden: CachedHidden? = nil
    ) {
        self.init(
            tokens: tokens, lossMask: lossMask, signal: signal, teacher: teacher, isStudents: isStudents,
            teacherIndex: teacherIndex, hidden: hidden, drawn: nil)
    }

    private init(
        tokens: TokenBatch, lossMask: [Bool], signal: SparseSignal?,
        teacher: (tokens: TokenBatch, lossMask: [Bool])?, isStudents: Bool, teacherIndex: Int,
        hidden: CachedHidden?, drawn: [DrawnToken]?
    ) {
        self.hidden = hidden
        self.drawn = drawn
        self.isStudents = isStudents
        self.teacher = teacherIndex
        let positions = Self.positions(tokens, lossMask)
        precondition(
            signal == nil || signal!.positions == positions.count,
            "a signal of \(signal?.positions ?? 0) positions for \(positions.count) targets")
        self.tokens = tokens
        self.positions = positions
        self.targets = positions.map { tokens.ids[$0 + 1] }
        self.signal = signal
        teacherTokens = teacher?.tokens ?? tokens
        teacherPositions = teacher.map { Self.positions($0.tokens, $0.lossMask) } ?? positions
        precondition(
            teacher == nil || teacherPositions.map { teacherTokens.ids[$0 + 1] } == targets,
            "teacher and student have the same targets")
    }

    /// A batch of packed documents.
    package init(
        _ packed: PackedBatch, signal: SparseSignal? = nil, hidden: CachedHidden? = nil,
        isStudents: Bool = false, teacherIndex: Int = 0, drawn: [DrawnToken]? = nil
    ) {
        self.init(
            tokens: packed.tokens, lossMask: packed.lossMask, signal: signal,
            teacher: packed.teacher.map { ($0.tokens, $0.lossMask) }, isStudents: isStudents,
            teacherIndex: teacherIndex, hidden: hidden, drawn: drawn)
    }

    /// The one place where targets are shifted: row t predicts token t + 1 of the same sequence.
    private static func positions(_ tokens: TokenBatch, _ lossMask: [Bool]) -> [Int] {
        precondition(lossMask.count == tokens.ids.count, "the loss mask has one flag per token")
        var positions: [Int] = []
        for (start, end) in zip(tokens.segments, tokens.segments.dropFirst()) {
            for row in start..<end - 1 where lossMask[row + 1] { positions.append(row) }
        }
        return positions
    }
}
