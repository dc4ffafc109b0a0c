import Signals
import Support
import Synchronization

/// A formula that a student is trained with, and what is to be known of it: its name in recipes and logs, its
/// parameters, and the signals it can be computed from.
///
/// A kind is one value. Those of this package stand in `Losses/Kinds`, one file each; a program adds its own with
/// `register`.
public struct LossKind: Sendable {
    /// What a formula reads.
    public enum Input: Sendable {
        /// The student's probability of the token that follows.
        case target
        /// Teacher's and student's probabilities of some outcomes that sum to 1: single tokens, or the tokens of a top-k
        /// signal and one outcome for all others.
        case distributions
        /// Teacher's and student's probabilities of single tokens. The two vocabularies may differ in size.
        case wholeDistributions
        /// Teacher's and student's logits.
        case logits
        /// The student's probability of a token it drew itself, and what that token led to.
        case drawnToken
    }

    /// A number that shapes the formula.
    public struct Parameter: Sendable {
        public let name: String
        public let range: ClosedRange<Float>
        public let standard: Float
        /// What it does, for the reference of recipe keys.
        public let summary: String
        public var limits: NumberLimits { NumberLimits(Double(range.lowerBound)...Double(range.upperBound)) }

        public init(_ name: String, in range: ClosedRange<Float>, standard: Float, _ summary: String) {
            precondition(range.contains(standard), "\(standard) is not among the values of \(name)")
            self.name = name
            self.range = range
            self.standard = standard
            self.summary = summary
        }
    }

    public let name: String
    /// The formula in words, for the reference of recipe keys.
    public let summary: String
    public let input: Input
    public let parameters: [Parameter]
    /// Whether weights w with E[w] = p can stand for p: only where the loss is linear in p.
    let acceptsSampledWeights: Bool
    /// Whether the loss is about tokens the student drew itself, and their logProbabilities: then it is 0 on a corpus.
    public let needsDrawnTokens: Bool
    let evaluate: @Sendable (LossRow) -> Float

    /// - Parameters:
    ///   - name: in lower-case letters and `_`, as no other kind has
    ///   - evaluate: returns the loss of one row and adds its gradient to it, see `LossRow`
    public init(
        name: String, summary: String, input: Input = .distributions, parameters: [Parameter] = [],
        evaluate: @escaping @Sendable (LossRow) -> Float
    ) {
        self.init(
            name: name, summary: summary, input: input, parameters: parameters, acceptsSampledWeights: false,
            needsDrawnTokens: false, evaluate: evaluate)
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
    /// A name stands for one kind.
    public static func == (a: LossKind, b: LossKind) -> Bool { a.name == b.name }
}

// MARK: - The kinds there are

extension LossKind {
    /// The kinds of this package, in the order of the reference.
    private static let builtIn: [LossKind] = [
        .crossEntropy, .forwardKL, .reverseKL, .jensenShannon, .totalVariation, .skewForwardKL,
        .skewReverseKL,
        .alphaBeta, .adaptiveKL, .universalLogit, .logitMSE, .weightedReverseKL, .policyGradient,
    ]

    private static let kinds = Mutex(builtIn)

    /// Every kind that recipes can name.
    public static var all: [LossKind] { kinds.withLock { $0 } }

    /// Lets recipes use a kind of the program's own.
    public static func register(_ kind: LossKind) {
        kinds.withLock { kinds in
            precondition(!kinds.contains(kind), "there is a loss named \(kind.name) already")
            kinds.append(kind)
        }
    }
}
