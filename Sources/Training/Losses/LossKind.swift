import Signals
import Support
import Synchronization

/// A loss formula: its name in recipes and logs, its parameters, and what it is computed from.
///
/// A kind is one value. The kinds of this package are in `Losses/Kinds`, one file each; a program adds its own with
/// `register`. The form of the initializer decides what the formula reads, and so how its gradient reaches the student's
/// logits:
///
///     // Of probabilities: the chain rule through the softmax is applied for it.
///     let hellinger = LossKind(name: "hellinger", summary: "½ Σ (√p − √q)².") { row in
///         row.pointwise { p, q in
///             let gap = q.squareRoot() - p.squareRoot()
///             return (value: 0.5 * gap * gap, derivative: 0.5 * gap / q.squareRoot())
///         }
///     }
///     // Of logits: the derivative is that of the logits themselves.
///     let logitL1 = LossKind.ofLogits(name: "logit_l1", summary: "Σ |z_student − z_teacher|.") { row in
///         row.pointwise { teacher, student in (abs(student - teacher), student < teacher ? -1 : 1) }
///     }
public struct LossKind: Sendable {
    /// What a formula reads.
    package enum Input: Sendable {
        /// The student's probability of the next token.
        case target
        /// Teacher's and student's probabilities of outcomes that sum to 1: single tokens, or the tokens of a top-k signal and
        /// one outcome for all others.
        case distributions
        /// Teacher's and student's probabilities of single tokens. The two vocabularies may differ in size.
        case wholeDistributions
        /// Teacher's and student's logits.
        case logits
        /// The student's probability of a token it sampled itself, and the reward of what followed.
        case drawnToken
    }

    /// A number that shapes the formula.
    public struct Parameter: Sendable {
        /// The key in recipes.
        public let name: String
        /// The accepted values.
        public let range: ClosedRange<Float>
        /// The default.
        public let standard: Float
        /// What it does, for the key reference.
        public let summary: String
        /// The accepted values, for checks.
        public var limits: NumberLimits { NumberLimits(Double(range.lowerBound)...Double(range.upperBound)) }

        /// - Parameters:
        ///   - name: the key in recipes
        ///   - range: the accepted values
        ///   - standard: the default, in the range
        ///   - summary: what it does
        public init(_ name: String, in range: ClosedRange<Float>, standard: Float, _ summary: String) {
            precondition(range.contains(standard), "\(standard) is not among the values of \(name)")
            self.name = name
            self.range = range
            self.standard = standard
            self.summary = summary
        }
    }

    /// The name in recipes and logs.
    public let name: String
    /// The formula, for the key reference.
    public let summary: String
    package let input: Input
    /// Numbers that shape the formula.
    public let parameters: [Parameter]
    /// Whether weights w with E[w] = p can replace p: only where the loss is linear in p.
    let acceptsSampledWeights: Bool
    /// Whether the loss reads tokens that the student sampled itself, with their log-probabilities; on a corpus it is 0.
    public let needsDrawnTokens: Bool
    let evaluate: @Sendable (LossRow) -> Float

    /// A loss of probabilities, from whole or top-k distributions.
    ///
    /// - Parameters:
    ///   - name: in lower-case letters and `_`, as no other kind has
    ///   - summary: the formula, for the key reference
    ///   - parameters: numbers that shape the formula
    ///   - evaluate: returns the loss of one row and adds its gradient, see `LossRow`
    public init(
        name: String, summary: String, parameters: [Parameter] = [],
        evaluate: @escaping @Sendable (LossRow) -> Float
    ) {
        self.init(
            name: name, summary: summary, input: .distributions, parameters: parameters, evaluate: evaluate)
    }

    /// A loss of logits, from a teacher that runs during training.
    ///
    /// - Parameters:
    ///   - name: in lower-case letters and `_`, as no other kind has
    ///   - summary: the formula, for the key reference
    ///   - parameters: numbers that shape the formula
    ///   - evaluate: returns the loss of one row and adds its gradient, see `LogitRow`
    public static func ofLogits(
        name: String, summary: String, parameters: [Parameter] = [],
        evaluate: @escaping @Sendable (LogitRow) -> Float
    ) -> LossKind {
        LossKind(name: name, summary: summary, input: .logits, parameters: parameters) { row in
            evaluate(LogitRow(row: row))
        }
    }

    init(
        name: String, summary: String, input: Input, parameters: [Parameter] = [],
        acceptsSampledWeights: Bool = false, needsDrawnTokens: Bool = false,
        evaluate: @escaping @Sendable (LossRow) -> Float
    ) {
        self.name = name
        self.summary = summary
        self.input = input
        self.parameters = parameters
        self.acceptsSampledWeights = acceptsSampledWeights
        self.needsDrawnTokens = needsDrawnTokens
        self.evaluate = evaluate
    }

    /// Whether the loss compares the student with a teacher.
    public var needsTeacher: Bool { input != .target }

    /// Whether the formula's probabilities are softmax(z / T).
    public var hasTemperature: Bool { input == .distributions || input == .wholeDistributions }

    /// Why the loss cannot be computed from cached signals of a kind; nil when it can.
    public func problem(withSignals kind: SparseKind) -> String? {
        if needsDrawnTokens {
            return "\(name) is about what the student draws itself, for which no signals exist"
        }
        let reason: String
        switch (input, kind) {
        case (.target, _), (.distributions, .topK): return nil
        case (.distributions, .sampled):
            if acceptsSampledWeights { return nil }
            reason = "their weights stand for the teacher's probabilities only in forward_kl"
        case (.wholeDistributions, _): reason = "it needs the probability of every token"
        case (.logits, _): reason = "they hold no logits"
        case (.drawnToken, _): preconditionFailure("\(name) needs drawn tokens")
        }
        return "\(name) cannot be computed from \(kind.name) signals: \(reason)"
    }
}

extension LossKind: Equatable {
    /// Whether two kinds have the same name, which identifies a kind.
    public static func == (a: LossKind, b: LossKind) -> Bool { a.name == b.name }
}

// MARK: - Registry

extension LossKind {
    /// The kinds of this package, in the order of the key reference.
    private static let builtIn: [LossKind] = [
        .crossEntropy, .forwardKL, .reverseKL, .jensenShannon, .totalVariation, .skewForwardKL,
        .skewReverseKL,
        .alphaBeta, .adaptiveKL, .universalLogit, .logitMSE, .weightedReverseKL, .policyGradient,
    ]

    private static let kinds = Mutex(builtIn)

    /// Every kind that recipes can name.
    public static var all: [LossKind] { kinds.withLock { $0 } }

    /// Makes a kind of the program's own available to recipes.
    ///
    /// - Parameter kind: its name is not registered yet
    public static func register(_ kind: LossKind) {
        kinds.withLock { kinds in
            precondition(!kinds.contains(kind), "a loss named \(kind.name) is registered already")
            kinds.append(kind)
        }
    }
}
