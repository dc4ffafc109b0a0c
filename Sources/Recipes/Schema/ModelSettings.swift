import RecipeSchema
import Transformer

/// The model that is trained: a new one, or one that begins from a checkpoint.
package struct ModelSettings: Sendable, RecipeSection {
    enum Origin: Sendable {
        /// A new model; its vocabulary is `usualVocabulary` until the tokenizer is known.
        case new(Configuration)
        case checkpoint(Reference)
        /// A checkpoint that is pruned first: the recipe adds a prune stage for it.
        case pruned(Reference, PruneSettings)
    }

    /// The checkpoint that training begins from; nil for a new model.
    var beginning: Reference? {
        switch origin {
        case .new: nil
        case .checkpoint(let reference), .pruned(let reference, _): reference
        }
    }

    /// A vocabulary of which nothing is known yet: that of a small tokenizer.
    static let usualVocabulary = 2048

    let origin: Origin
    /// The normal form, for the cache keys of the stages that use this model.
    let canonical: CanonicalValue

    package init(_ section: Section) {
        let problems = section.context.problems.found.count
        let from = section.optional(
            "from", .reference(to: .checkpoint, as: .weights),
            "The initial checkpoint, instead of a shape. With layers, width, heads, feed_forward or vocabulary "
                + "the student is pruned from it: see the stage prune for what they mean then.")
        let isNew = KeyCondition(holds: from == nil && !section.has("from"), text: "without from")
        let isPruned = KeyCondition(holds: !isNew.holds, text: "with from")
        var (layers, width, heads, feedForward) = (1, 2, 1, 1)
        var pruning: PruneSettings?
        if isNew.holds {
            layers = section.value(
                "layers", .integer(1...512), example: "4",
                "Number of transformer blocks; with from, those that are kept, a number or a list.")
            width = section.value(
                "width", .integer(2...65536), example: "128",
                "Width of the hidden states; with from, the channels that are kept.")
            heads = section.value(
                "heads", .integer(1...1024), example: "4",
                "Query heads in each block; with from, those that are kept.")
            feedForward = section.value(
                "feed_forward", .integer(1...262_144), example: "352",
                "Inner width of the feed-forward layers; with from, the neurons that are kept.")
            section.declarePruningText(only: isPruned)
        } else {
            pruning = PruneSettings(section, of: from)
        }
        let keyValueHeads = section.value(
            "key_value_heads", .integer(1...1024), default: heads, defaultText: "heads", only: isNew,
            "Key and value heads; fewer than heads is grouped-query attention. Must divide heads.")
        let headDimension = section.value(
            "head_dimension", .integer(2...4096), default: max(2, width / max(1, heads)),
            defaultText: "width / heads", only: isNew, "Width of one head; even, for rotary positions.")
        let tiedHead = section.value(
            "tied_head", .boolean, default: true, only: isNew, "Share the embedding with the output head.")
        let contextLength = section.value(
            "context", .integer(1...1_048_576), default: 512, only: isNew,
            "Maximum sequence length of the model, in tokens.")
        canonical = .map(section.canonicalValues)
        if let pruning {
            let from = from ?? .placeholder
            origin = pruning.keepsAll ? .checkpoint(from) : .pruned(from, pruning)
            return
        }
        let shape = Configuration(
            vocabularySize: Self.usualVocabulary, width: width, layers: layers, heads: heads,
            keyValueHeads: keyValueHeads, headDimension: headDimension, feedForward: feedForward,
            tiedHead: tiedHead, contextLength: contextLength)
        Self.checkHeads(shape, section)
        // A shape with mistakes is replaced, so that later checks do not report them again.
        let isSound = section.context.problems.found.count == problems
        origin = isSound ? .new(shape) : .checkpoint(.placeholder)
    }

    /// This model, as the output of an earlier stage.
    func made(at reference: Reference) -> ModelSettings {
        ModelSettings(origin: .checkpoint(reference), canonical: .map(["from": .input(reference)]))
    }

    private init(origin: Origin, canonical: CanonicalValue) {
        self.origin = origin
        self.canonical = canonical
    }

    private static func checkHeads(_ shape: Configuration, _ section: Section) {
        let (width, heads) = (shape.width, shape.heads)
        if !section.has("head_dimension"), section.sound("width", "heads"), width % heads != 0 {
            let near = (1...min(width, 1024)).filter { width % $0 == 0 && width / $0 % 2 == 0 }
                .min { abs($0 - heads) < abs($1 - heads) }
            section.problem(
                at: "heads", "width \(width) is not divisible by \(heads) heads",
                hint: near.map { "\($0) heads would do, or give head_dimension" })
        } else if section.sound("width", "heads", "head_dimension"), shape.headDimension % 2 != 0 {
            section.problem(
                at: section.has("head_dimension") ? "head_dimension" : "heads",
                "the head dimension \(shape.headDimension) is odd",
                hint: "rotary positions turn pairs of components: choose an even one")
        }
        if section.sound("heads", "key_value_heads"), heads % shape.keyValueHeads != 0 {
            section.problem(
                at: "key_value_heads",
                "\(heads) heads are not divisible by \(shape.keyValueHeads) key_value_heads",
                hint: "accepted: "
                    + (1...heads).filter { heads % $0 == 0 }.map(String.init).joined(separator: ", "))
        }
    }
}

extension KeyType<ModelSettings> {
    /// A mapping of the model's keys.
    static var model: Self { .section(ModelSettings.self) }
}
