/// Token ids, and which of them the loss counts.
public struct MarkedTokens: Equatable, Sendable {
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
    /// The targets, in order.
    var targets: [Int32] { zip(ids, kept).filter(\.1).map(\.0) }

    /// The beginning that ends with the last of the first `count` targets.
    fileprivate func ending(atTarget count: Int) -> MarkedTokens {
        var left = count
        let end = kept.firstIndex { isTarget in
            if isTarget { left -= 1 }
            return left < 0
        }
        return end.map(prefix) ?? self
    }

    fileprivate func prefix(_ length: Int) -> MarkedTokens {
        ids.count <= length
            ? self : MarkedTokens(ids: Array(ids.prefix(length)), kept: Array(kept.prefix(length)))
    }
}

/// A document as the student reads it, and as the teacher does where the two differ.
public struct EncodedDocument: Equatable, Sendable {
    public let student: MarkedTokens
    /// What the teacher reads in context distillation: more than the student, with the same targets in the same order;
    /// nil where both read the same.
    public let teacher: MarkedTokens?

    public init(ids: [Int32], kept: [Bool]) {
        self.init(student: MarkedTokens(ids: ids, kept: kept), teacher: nil)
    }

    public init(student: MarkedTokens, teacher: MarkedTokens?) {
        precondition(
            teacher.map { $0.targets == student.targets } ?? true, "teacher and student have the same targets"
        )
        self.student = student
        self.teacher = teacher
    }

    /// The student's tokens.
    public var ids: [Int32] { student.ids }
    /// The student's targets.
    public var kept: [Bool] { student.kept }
    public var keptCount: Int { student.keptCount }

    /// Windows of at most `length` tokens in which every kept token is a target exactly once: each window
    /// begins with the last token of the one before, which is context there and not a target. Windows
    /// without a target are left out.
    public func split(at length: Int) -> [EncodedDocument] {
        precondition(length >= 2, "a window of \(length) tokens has no target")
        precondition(teacher == nil, "windows of two views would not agree")
        if ids.count <= length { return kept.contains(true) ? [self] : [] }
        var windows: [EncodedDocument] = []
        for start in stride(from: 0, to: max(ids.count - 1, 1), by: length - 1) {
            let range = start..<min(start + length, ids.count)
            let kept = [false] + kept[range].dropFirst()
            if kept.contains(true) { windows.append(EncodedDocument(ids: Array(ids[range]), kept: kept)) }
        }
        return windows
    }

    /// The first `length` tokens, and of the teacher's the first `teacherLength`: where one loses targets, so does the
    /// other.
    public func truncated(to length: Int, teacherLength: Int = .max) -> EncodedDocument {
        let student = student.prefix(length)
        guard let teacher = teacher?.prefix(teacherLength) else {
            return EncodedDocument(student: student, teacher: nil)
        }
        let targets = min(student.keptCount, teacher.keptCount)
        return EncodedDocument(
            student: student.ending(atTarget: targets), teacher: teacher.ending(atTarget: targets))
    }
}
