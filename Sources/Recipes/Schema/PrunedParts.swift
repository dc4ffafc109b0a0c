import Pruning
import RecipeSchema
import Tokenization

/// The part of a vocabulary that is kept.
struct VocabularySettings: RecipeSection {
    let vocabulary: PruningPlan.Vocabulary
    let corpus: [Reference]?

    init(_ section: Section) {
        let size = section.value(
            "trim_to", .integer(VocabularyTrim.sizeLimits),
            "Number of pieces to keep: special and byte pieces, those of the chat template and of the corpus, and "
                + "then the most common ones."
        )
        corpus = section.optional(
            "corpus", .oneOrMore(.reference(to: .corpus)), defaultText: "the key corpus beside vocabulary",
            "Text whose tokenization does not change.")
        let symbols = section.value(
            "symbols", .named(.text), default: [], defaultText: "none", example: #"{"<|end|>": "</p>"}"#,
            "Symbols such as role markers, each with the piece whose id and embedding it takes.")
        vocabulary = PruningPlan.Vocabulary(
            size: size, symbols: symbols.map { VocabularyTrim.Symbol($0.name, replacing: $0.value) })
    }
}

extension KeyType<PruningPlan.Layers> {
    /// A number of layers, or a list of them.
    static var layers: Self {
        let count = KeyType<Int>.integer(1...512)
        let list = KeyType<[Int]>.rising(count)
        func canonical(_ layers: PruningPlan.Layers) -> CanonicalValue {
            switch layers {
            case .count(let number): .integer(number)
            case .chosen(let numbers): .list(numbers.map(CanonicalValue.integer))
            }
        }
        return Self(
            summary: "integer, 1 to 512, or a list of layers, from 1", placeholder: { .count(1) },
            limits: count.limits,
            decode: { yaml, context in
                guard case .list = yaml.content else {
                    return count.decode(yaml, context).map { (.count($0.value), $0.canonical) }
                }
                return list.decode(yaml, context).map { (.chosen($0.value), $0.canonical) }
            }, canonical: canonical)
    }
}

extension KeyType<[Int]> {
    /// A list of layers, each once and in order.
    static func rising(_ element: KeyType<Int>) -> Self {
        let list = KeyType<[Int]>.list(of: element)
        return Self(
            summary: list.summary, placeholder: list.placeholder, limits: list.limits,
            decode: { yaml, context in
                guard let numbers = list.decode(yaml, context) else { return nil }
                guard zip(numbers.value, numbers.value.dropFirst()).allSatisfy({ $0 < $1 }) else {
                    context.problems.add(
                        "the layers do not rise", at: yaml.location, hint: "name each once, in order")
                    return nil
                }
                return numbers
            }, canonical: list.canonical)
    }
}
