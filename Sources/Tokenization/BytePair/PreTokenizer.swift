/// How a text is divided into words before merging: stages, each of which divides the parts that the one before it left.
struct PreTokenizer: Equatable, Sendable {
    /// What becomes of the matches of a pattern (`SplitDelimiterBehavior` of `tokenizers`).
    enum Behavior: String, CaseIterable, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// When Metaspace puts U+2581 before a part.
    enum PrependScheme: String, CaseIterable, Sendable { case always, first, never }

    enum Stage: Equatable, Sendable {
        /// A scanner whose matches are the text, each of them a part.
        case known(KnownPattern)
        /// An expression, by its index.
        case expression(Int, Behavior, isInverted: Bool)
        /// A literal text, by its index.
        case literal(Int, Behavior, isInverted: Bool)
        /// A space before a part that does not begin with one (ByteLevel's `add_prefix_space`).
        case prefixSpace
        /// Spaces become the literal of this index, which is put before parts by the scheme.
        case metaspace(Int, PrependScheme)
        /// Bytes become characters of `ByteAlphabet`, which the stages behind it see.
        case byteAlphabet
    }

    var stages: [Stage] = []
    var expressions: [SplitExpression] = []
    var literals: [[UInt8]] = []
    /// The sources of `expressions`, for comparisons; names of pre-tokenizers where there is none.
    var sources: [String] = []

    mutating func append(
        _ expression: SplitExpression, source: String, _ behavior: Behavior, isInverted: Bool = false
    ) {
        stages.append(.expression(expressions.count, behavior, isInverted: isInverted))
        expressions.append(expression)
        sources.append(source)
    }

    mutating func append(literal: [UInt8], _ behavior: Behavior, isInverted: Bool = false) {
        stages.append(.literal(literals.count, behavior, isInverted: isInverted))
        literals.append(literal)
    }

    /// Whether a text may be divided before a single space between two ASCII letters or digits without changing its words.
    ///
    /// Known of the published patterns; `PublishedPattern` lists those that are written as expressions.
    var dividesBeforeSpaces: Bool {
        !stages.isEmpty
            && stages.allSatisfy { stage in
                switch stage {
                case .known: true
                case .expression(let index, let behavior, let isInverted):
                    behavior == .isolated && !isInverted
                        && PublishedPattern.dividable.contains(sources[index])
                        || PublishedPattern.dividablePreTokenizers.contains(sources[index])
                case .literal, .prefixSpace, .metaspace, .byteAlphabet: false
                }
            }
            && stages.contains { stage in
                switch stage {
                case .known: true
                case .expression(let index, _, _): PublishedPattern.splitting.contains(sources[index])
                default: false
                }
            }
    }
}
