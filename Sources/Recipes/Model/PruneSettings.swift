import Checkpoints
import Foundation
import Pruning
import Tokenization
import Transformer

/// What is kept of a model that a student is cut from.
public struct PruneSettings: Sendable {
    public let cut: PruningPlan
    /// Text on which importance is measured.
    public let corpus: [Reference]
    /// Text that a trimmed vocabulary divides as the whole one does.
    public let vocabularyCorpus: [Reference]

    /// Whether nothing is cut away.
    var keepsAll: Bool { cut == PruningPlan() }

    init(cut: PruningPlan, corpus: [Reference], vocabularyCorpus: [Reference]) {
        self.cut = cut
        self.corpus = corpus
        self.vocabularyCorpus = vocabularyCorpus
    }

    /// Reads the keys `layers`, `width`, `heads`, `feed_forward`, `corpus` and `vocabulary`.
    ///
    /// - Parameter model: the model that is cut, whose shape decides what is possible
    init(_ section: Section, of model: Reference?) {
        let layers = section.optional(
            "layers", .layers, defaultText: "all",
            "Blocks that are kept: a number keeps those that change the hidden states most, a list names them, from 1."
        )
        let width = section.optional(
            "width", .integer(2...65536), defaultText: "all",
            "Channels of the hidden states that are kept, by what the norms let through.")
        let heads = section.optional(
            "heads", .integer(1...1024), defaultText: "all",
            "Query heads that are kept in each block, as many of each group, by what they give the output.")
        let feedForward = section.optional(
            "feed_forward", .integer(1...262_144), defaultText: "all",
            "Neurons that are kept in each block, by their activation.")
        let text = section.cutText(only: nil)
        cut = PruningPlan(
            layers: layers, feedForward: feedForward, heads: heads, width: width,
            vocabulary: text.vocabulary?.vocabulary)
        corpus = text.corpus ?? text.vocabulary?.corpus ?? []
        vocabularyCorpus = text.vocabulary?.corpus ?? text.corpus ?? []
        check(section, of: model)
    }

    private func check(_ section: Section, of model: Reference?) {
        if cut.measuresImportance, corpus.isEmpty, section.sound("corpus", "vocabulary") {
            section.problem(
                at: "corpus", "what is kept is decided on text, which is not given", hint: "give corpus")
        } else if cut.vocabulary != nil, vocabularyCorpus.isEmpty, section.sound("corpus", "vocabulary") {
            section.problem(
                at: "vocabulary", "the pieces kept are those of a text, which is not given",
                hint: "give corpus there")
        }
        guard let shape = model?.modelConfiguration(section.decoding) else { return }
        var count: Int?
        switch cut.layers {
        case .count(let wanted)?: count = wanted
        case .chosen(let chosen)?: count = chosen.last
        case nil: break
        }
        let faults = DecoderSelection.faults(
            of: shape, layers: count, feedForward: cut.feedForward, heads: cut.heads, width: cut.width)
        for fault in faults where section.sound(fault.part.rawValue) {
            section.problem(at: fault.part.rawValue, fault.problem, hint: fault.hint)
        }
        if let size = cut.vocabulary?.size, size >= shape.vocabularySize, section.sound("vocabulary") {
            section.problem(
                at: "vocabulary", "\(size) pieces are no fewer than the model has, \(shape.vocabularySize)",
                hint: "keep fewer, or leave vocabulary out")
        }
    }
}

extension Section {
    /// Reads the keys `corpus` and `vocabulary` of what is cut.
    fileprivate func cutText(only condition: KeyCondition?) -> (
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

    /// Declares the keys of a cut that a new shape does not have.
    func declareCutText(only condition: KeyCondition) { _ = cutText(only: condition) }
}

/// The part of a vocabulary that is kept.
struct VocabularySettings: RecipeSection {
    let vocabulary: PruningPlan.Vocabulary
    let corpus: [Reference]?

    init(_ section: Section) {
        let size = section.value(
            "trim_to", .integer(VocabularyTrim.sizeLimits),
            "Pieces in all. Kept are special and byte pieces, those of the corpus, and then the most common ones."
        )
        corpus = section.optional(
            "corpus", .oneOrMore(.reference(to: .corpus)), defaultText: "the key corpus beside vocabulary",
            "Text that is divided into pieces as before.")
        let symbols = section.value(
            "symbols", .named(.text), default: [], defaultText: "none", example: #"{"<|end|>": "</p>"}"#,
            "Symbols such as role markers, each with the piece whose place and meaning it takes.")
        vocabulary = PruningPlan.Vocabulary(
            size: size, symbols: symbols.map { VocabularyTrim.Symbol($0.name, replacing: $0.value) })
    }
}

extension KeyType where Value == PruningPlan.Layers {
    /// A number of layers, or a list of them.
    static var layers: KeyType {
        let count = KeyType<Int>.integer(1...512)
        let list = KeyType<[Int]>.rising(count)
        func setting(_ layers: PruningPlan.Layers) -> CanonicalValue {
            switch layers {
            case .count(let number): .integer(number)
            case .chosen(let numbers): .list(numbers.map(CanonicalValue.integer))
            }
        }
        return KeyType(
            summary: "integer, 1 to 512, or a list of layers, from 1", placeholder: { .count(1) },
            limits: count.limits,
            decode: { yaml, decoding in
                guard case .list = yaml.content else {
                    return count.decode(yaml, decoding).map { (.count($0.value), $0.setting) }
                }
                return list.decode(yaml, decoding).map { (.chosen($0.value), $0.setting) }
            }, setting: setting)
    }
}

extension KeyType where Value == [Int] {
    /// A list of layers, each once and in order.
    static func rising(_ element: KeyType<Int>) -> KeyType {
        let list = KeyType<[Int]>.list(of: element)
        return KeyType(
            summary: list.summary, placeholder: list.placeholder, limits: list.limits,
            decode: { yaml, decoding in
                guard let numbers = list.decode(yaml, decoding) else { return nil }
                guard zip(numbers.value, numbers.value.dropFirst()).allSatisfy({ $0 < $1 }) else {
                    decoding.problems.add(
                        "the layers do not rise", at: yaml.place, hint: "name each once, in order")
                    return nil
                }
                return numbers
            }, setting: list.setting)
    }
}
