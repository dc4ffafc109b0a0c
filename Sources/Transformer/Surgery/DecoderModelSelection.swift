import Support

/// The parts of a decoder that pruning keeps; nil keeps all. Indices count from 0 and are ascending, unless noted otherwise.
public struct DecoderSelection: Equatable, Sendable {
    /// Each keeps its own kind of attention: window, and rotary base or none.
    public var layers: [Int]?
    /// For each layer of the whole decoder, the neurons of its feed-forward.
    public var neurons: [[Int]]?
    /// For each layer of the whole decoder, its query heads.
    public var heads: [[Int]]?
    /// For each layer of the whole decoder, the key-value heads that the query heads kept share evenly, in order.
    public var keyValueHeads: [[Int]]?
    /// Channels of the residual stream.
    public var channels: [Int]?
    /// Rows of the embedding and of the head, in the order of the new ids.
    public var vocabulary: [Int]?

    /// A selection of parts; nil keeps all of a kind.
    public init(
        layers: [Int]? = nil, neurons: [[Int]]? = nil, heads: [[Int]]? = nil, keyValueHeads: [[Int]]? = nil,
        channels: [Int]? = nil, vocabulary: [Int]? = nil
    ) {
        self.layers = layers
        self.neurons = neurons
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.channels = channels
        self.vocabulary = vocabulary
    }

    /// Whether whole rows of matrices are kept, so that weights can stay as they are stored.
    public var keepsRows: Bool { neurons == nil && heads == nil && channels == nil }

    /// The shape of the pruned decoder.
    func shape(of whole: Configuration) -> Configuration {
        var shape = whole
        if let layers {
            shape.layers = layers.count
            if var window = whole.slidingWindow {
                let windowed = Set(window.layers)
                window.layers = layers.indices.filter { windowed.contains(layers[$0]) }
                shape.slidingWindow = window
            }
            if let without = whole.layersWithoutRope.map(Set.init) {
                shape.layersWithoutRope = layers.indices.filter { without.contains(layers[$0]) }
            }
        }
        if let neurons { shape.feedForward = neurons[0].count }
        if let heads { shape.heads = heads[0].count }
        if let keyValueHeads { shape.keyValueHeads = keyValueHeads[0].count }
        if let channels { shape.width = channels.count }
        if let vocabulary { shape.vocabularySize = vocabulary.count }
        return shape
    }

    /// Keeps the most important parts.
    ///
    /// - Parameters:
    ///   - importance: measured on the whole decoder
    ///   - whole: its shape
    ///   - layers: how many; nil for all, as below
    /// - Throws: `UserError` for a number that is not below the decoder's or that heads cannot be pruned to
    public init(
        most importance: Importance, of whole: Configuration, layers: Int? = nil, feedForward: Int? = nil,
        heads: Int? = nil, width: Int? = nil
    ) throws {
        self.init()
        let faults = Self.faults(
            of: whole, layers: layers, feedForward: feedForward, heads: heads, width: width)
        if let fault = faults.first {
            throw UserError(fault.problem, hint: fault.hint, status: .configuration)
        }
        if let layers { self.layers = Self.most(layers, of: importance.layers) }
        if let feedForward { neurons = importance.neurons.map { Self.most(feedForward, of: $0) } }
        if let width { channels = Self.most(width, of: importance.channels) }
        if let heads { keep(heads, importance, whole) }
    }

    /// The kinds of parts that pruning counts.
    public enum Part: String, CaseIterable, Sendable {
        /// Whole layers.
        case layers
        /// Channels of the residual stream.
        case width
        /// Query heads of each layer.
        case heads
        /// Neurons of each layer's feed-forward.
        case feedForward = "feed_forward"
    }

    /// Why so many parts cannot be kept of a decoder; empty if they can.
    public static func faults(
        of whole: Configuration, layers: Int?, feedForward: Int?, heads: Int?, width: Int?
    ) -> [(part: Part, problem: String, hint: String)] {
        let counts: [(Part, Int?, Int)] = [
            (.layers, layers, whole.layers), (.feedForward, feedForward, whole.feedForward),
            (.width, width, whole.width), (.heads, heads, whole.heads),
        ]
        var faults: [(part: Part, problem: String, hint: String)] = []
        for (part, wanted, present) in counts {
            guard let wanted, !(1...present).contains(wanted) else { continue }
            faults.append(
                (
                    part, "\(part.rawValue) \(wanted) does not fit a model with \(present)",
                    "accepted: 1 to \(present)"
                ))
        }
        if faults.isEmpty {
            faults += familyFaults(of: whole, feedForward: feedForward, heads: heads, width: width)
        }
        let (groups, size) = (whole.keyValueHeads, whole.heads / whole.keyValueHeads)
        if faults.isEmpty, let heads, heads % groups != 0, heads % size != 0 {
            let accepted = (1...whole.heads).filter { $0 % groups == 0 || $0 % size == 0 }
            faults.append(
                (
                    .heads, "heads \(heads) cannot be chosen evenly from \(groups) groups of \(size)",
                    "accepted: \(accepted.map(String.init).joined(separator: ", "))"
                ))
        }
        return faults
    }

    /// What the family's models, or those with experts, do not allow.
    private static func familyFaults(
        of whole: Configuration, feedForward: Int?, heads: Int?, width: Int?
    ) -> [(part: Part, problem: String, hint: String)] {
        if whole.experts != nil {
            let pruned = [(Part.feedForward, feedForward), (.heads, heads), (.width, width)]
            return pruned.filter { $0.1 != nil }.map { part, _ in
                (
                    part, "\(part.rawValue) of a mixture of experts cannot be pruned",
                    "prune layers or the vocabulary"
                )
            }
        }
        let (left, dimension) = (heads ?? whole.heads, whole.headDimension)
        let kept = width ?? whole.width
        guard !whole.family.hasFreeHeads, left * dimension != kept else { return [] }
        return [
            (
                heads == nil ? .width : .heads,
                "\(left) heads of \(dimension) do not add up to a width of \(kept), as in all "
                    + "\(whole.family.name) models",
                "give heads and width, width \(dimension) times heads"
            )
        ]
    }

    /// Heads are kept within their groups: as many of each, where that comes out even, or else whole groups.
    private mutating func keep(_ count: Int, _ importance: Importance, _ whole: Configuration) {
        let (groups, size) = (whole.keyValueHeads, whole.heads / whole.keyValueHeads)
        if count % groups == 0 {
            heads = importance.heads.map { scores in
                (0..<groups).flatMap { group in
                    Self.most(count / groups, of: Array(scores[group * size..<(group + 1) * size])).map {
                        group * size + $0
                    }
                }
            }
            return
        }
        let kept = importance.heads.map { scores in
            Self.most(count / size, of: (0..<groups).map { scores[$0 * size..<($0 + 1) * size].reduce(0, +) })
        }
        keyValueHeads = kept
        heads = kept.map { $0.flatMap { group in (0..<size).map { group * size + $0 } } }
    }

    /// The places of the largest scores, rising; of equal ones the first.
    private static func most(_ count: Int, of scores: [Double]) -> [Int] {
        scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(count).sorted()
    }
}
