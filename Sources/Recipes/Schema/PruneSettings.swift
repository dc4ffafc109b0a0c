import Checkpoints
import Foundation
import Pruning
import RecipeSchema
import Tokenization
import Transformer

/// What is kept of a model that is pruned.
struct PruneSettings: Sendable {
    let plan: PruningPlan
    /// Text on which importance is measured.
    let corpus: [Reference]
    /// Text that a trimmed vocabulary tokenizes as the whole one does.
    let vocabularyCorpus: [Reference]

    /// Whether nothing is removed.
    var keepsAll: Bool { plan.removesNothing }

    init(plan: PruningPlan, corpus: [Reference], vocabularyCorpus: [Reference]) {
        self.plan = plan
        self.corpus = corpus
        self.vocabularyCorpus = vocabularyCorpus
    }

    /// Reads the keys `layers`, `width`, `heads`, `feed_forward`, `reconstruct`, `corpus` and `vocabulary`.
    ///
    /// - Parameter model: the model that is pruned, whose shape decides what is possible
    init(_ section: Section, of model: Reference?) {
        let layers = section.optional(
            "layers", .layers, defaultText: "all",
            "Blocks that are kept: a number keeps those that change the hidden states most, a list names them, from 1."
        )
        let width = section.optional(
            "width", .integer(2...65536), defaultText: "all",
            "Channels of the hidden states that are kept: those that the norms scale most.")
        let heads = section.optional(
            "heads", .integer(1...1024), defaultText: "all",
            "Query heads that are kept in each block, as many of each group: those that contribute most to the output."
        )
        let feedForward = section.optional(
            "feed_forward", .integer(1...262_144), defaultText: "all",
            "Neurons that are kept in each block: those with the largest activation.")
        let reconstructs = section.reconstruction(only: nil)
        let text = section.pruningText(only: nil)
        plan = PruningPlan(
            layers: layers, feedForward: feedForward, heads: heads, width: width,
            vocabulary: text.vocabulary?.vocabulary, reconstructs: reconstructs)
        corpus = text.corpus ?? text.vocabulary?.corpus ?? []
        vocabularyCorpus = text.vocabulary?.corpus ?? text.corpus ?? []
        check(section, of: model)
    }

    private func check(_ section: Section, of model: Reference?) {
        if plan.reconstructs, plan.keepsLayersWhole,
            section.sound("layers", "width", "heads", "feed_forward")
        {
            section.problem(
                at: "reconstruct", "there is nothing to reconstruct: the layers are kept whole",
                hint: "give layers, width, heads or feed_forward")
        }
        if let use = plan.useOfText, corpus.isEmpty, section.sound("corpus", "vocabulary") {
            section.problem(at: "corpus", "\(use), which is not given", hint: "give corpus")
        } else if plan.vocabulary != nil, vocabularyCorpus.isEmpty, section.sound("corpus", "vocabulary") {
            section.problem(
                at: "vocabulary", "the pieces kept are those of a text, which is not given",
                hint: "give corpus there")
        }
        guard let checked = model?.checkpoint(section.context) else { return }
        let shape = checked.shape
        var count: Int?
        switch plan.layers {
        case .count(let wanted)?: count = wanted
        case .chosen(let chosen)?: count = chosen.last
        case nil: break
        }
        let faults = DecoderSelection.faults(
            of: shape, layers: count, feedForward: plan.feedForward, heads: plan.heads, width: plan.width)
        for fault in faults where section.sound(fault.part.rawValue) {
            section.problem(at: fault.part.rawValue, fault.problem, hint: fault.hint)
        }
        if plan.reconstructs, let fault = DecoderModel.reconstructionFault(of: shape) {
            section.problem(at: "reconstruct", fault, hint: "leave it out")
        }
        checkVocabulary(section, of: checked)
    }

    private func checkVocabulary(_ section: Section, of model: CheckedCheckpoint) {
        guard let vocabulary = plan.vocabulary, section.sound("vocabulary") else { return }
        let (size, most) = (vocabulary.size, model.shape.vocabularySize)
        guard size < most else {
            return section.problem(
                at: "vocabulary", "\(size) pieces are no fewer than the model has, \(most)",
                hint: "keep fewer, or leave vocabulary out")
        }
        guard let tokenizer = model.tokenizer else { return }
        let template = section.context.chats.template(of: model.template)
        if let problem = VocabularyTrim.problem(
            of: tokenizer, to: size,
            required: model.tokens.requiredIDs(of: tokenizer, template: template), symbols: vocabulary.symbols
        ) {
            section.problem(at: "vocabulary", problem.problem, hint: problem.hint)
        }
    }
}

extension Section {
    /// Reads the keys `corpus` and `vocabulary` of pruning.
    fileprivate func pruningText(only condition: KeyCondition?) -> (
        corpus: [Reference]?, vocabulary: VocabularySettings?
    ) {
        (
            optional(
                "corpus", .oneOrMore(.reference(to: .corpus)), defaultText: "the vocabulary's",
                only: condition, "Text on which importance is measured."),
            optional(
                "vocabulary", .section(VocabularySettings.self), defaultText: "the whole", only: condition,
                "The part of the vocabulary that is kept.")
        )
    }

    /// Reads the key `reconstruct`.
    fileprivate func reconstruction(only condition: KeyCondition?) -> Bool {
        value(
            "reconstruct", .boolean, default: false, only: condition,
            "Refit each layer's output projections by least squares, so that the hidden states are again those of the whole "
                + "model, as far as what is kept allows; this makes up for layers removed, too.")
    }

    /// Declares the keys of pruning that a new shape does not have.
    func declarePruningText(only condition: KeyCondition) {
        _ = reconstruction(only: condition)
        _ = pruningText(only: condition)
    }
}
