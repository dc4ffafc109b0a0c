/// Token ids with their loss mask.
public struct MaskedTokens: Equatable, Sendable {
    /// The tokens.
    public let ids: [Int32]
    /// For each token, whether it is a target, whose loss counts. The first token never is: nothing precedes it.
    ///
    /// The mask is aligned with `ids`. Targets are shifted against positions in one place, `TrainingBatch`.
    public let lossMask: [Bool]

    /// - Parameters:
    ///   - ids: any number of tokens
    ///   - lossMask: one flag per token, false for the first
    public init(ids: [Int32], lossMask: [Bool]) {
        precondition(ids.count == lossMask.count, "\(ids.count) ids with a loss mask of \(lossMask.count)")
        precondition(lossMask.first != true, "the first token is never a target")
        self.ids = ids
        self.lossMask = lossMask
    }

    /// Number of targets.
    public var targetCount: Int { lossMask.count { $0 } }
    /// The targets, in order.
    var targets: [Int32] { zip(ids, lossMask).filter(\.1).map(\.0) }

    /// The prefix that ends with the target numbered `count`, from 1.
    fileprivate func ending(atTarget count: Int) -> MaskedTokens {
        var left = count
        let end = lossMask.firstIndex { isTarget in
            if isTarget { left -= 1 }
            return left < 0
        }
        return end.map(prefix) ?? self
    }

    fileprivate func prefix(_ length: Int) -> MaskedTokens {
        ids.count <= length
            ? self
            : MaskedTokens(ids: Array(ids.prefix(length)), lossMask: Array(lossMask.prefix(length)))
    }
}

/// A tokenized document as the student reads it, and as the teacher reads it where the two differ.
///
/// In context distillation the teacher reads more than the student, such as a system turn, with the same targets.
public struct EncodedDocument: Equatable, Sendable {
    /// What the student reads.
    public let student: MaskedTokens
    /// What the teacher reads in context distillation, with the same targets in the same order; nil where both read the
    /// same.
    public let teacher: MaskedTokens?
    /// What the teacher reads.
    package var teacherView: MaskedTokens { teacher ?? student }

    /// A document that student and teacher read alike.
    public init(ids: [Int32], lossMask: [Bool]) {
        self.init(student: MaskedTokens(ids: ids, lossMask: lossMask), teacher: nil)
    }

    /// - Parameter teacher: has the student's targets, in the same order; nil where both read the same
    public init(student: MaskedTokens, teacher: MaskedTokens?) {
        precondition(
            teacher.map { $0.targets == student.targets } ?? true, "teacher and student have the same targets"
        )
        self.student = student
        self.teacher = teacher
    }

    /// The student's tokens.
    public var ids: [Int32] { student.ids }
    /// The student's loss mask.
    public var lossMask: [Bool] { student.lossMask }
    /// Number of targets, for student and teacher alike.
    public var targetCount: Int { student.targetCount }

    /// Windows of at most `length` tokens in which every target of the document is a target exactly once.
    ///
    /// Each window begins with the last token of the previous one, which is context there and not a target. Windows
    /// without a target are left out.
    ///
    /// - Parameter length: at least 2
    public func split(at length: Int) -> [EncodedDocument] {
        precondition(length >= 2, "a window of \(length) tokens has no target")
        precondition(teacher == nil, "windows of two views would not agree")
        if ids.count <= length { return lossMask.contains(true) ? [self] : [] }
        var windows: [EncodedDocument] = []
        for start in stride(from: 0, to: max(ids.count - 1, 1), by: length - 1) {
            let range = start..<min(start + length, ids.count)
            let mask = [false] + lossMask[range].dropFirst()
            if mask.contains(true) {
                windows.append(EncodedDocument(ids: Array(ids[range]), lossMask: mask))
            }
        }
        return windows
    }

    /// The first `length` tokens, and of the teacher's the first `teacherLength`. A target that one loses is lost to both.
    public func truncated(to length: Int, teacherLength: Int = .max) -> EncodedDocument {
        let student = student.prefix(length)
        guard let teacher = teacher?.prefix(teacherLength) else {
            return EncodedDocument(student: student, teacher: nil)
        }
        let targets = min(student.targetCount, teacher.targetCount)
        return EncodedDocument(
            student: student.ending(atTarget: targets), teacher: teacher.ending(atTarget: targets))
    }
}
