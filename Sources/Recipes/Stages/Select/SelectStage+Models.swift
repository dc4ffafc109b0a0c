import Checkpoints
import Corpora
import Selection
import Support
import Transformer

extension SelectStage {
    /// The models that the method runs, loaded.
    struct Models {
        let model: Checkpoint?
        let small: Checkpoint?
        let student: Checkpoint?

        private var all: [Checkpoint] { [model, small, student].compactMap(\.self) }

        /// The model whose tokenizer and chat template documents are encoded with.
        var first: Checkpoint? { all.first }

        /// The longest document that every model can run.
        var contextLength: Int { all.map(\.decoder.configuration.contextLength).min() ?? .max }

        /// Refuses models whose distributions cannot be compared token by token.
        ///
        /// - Throws: `UserError`
        func requireOneVocabulary() throws {
            guard let first else { return }
            for other in all.dropFirst()
            where try !first.requireTokenizer().hasSameIDs(as: other.requireTokenizer())
                || first.decoder.head.rows != other.decoder.head.rows
            {
                throw UserError(
                    "has another tokenizer than the model it is compared with", file: other.url.relativePath,
                    hint: "train it with the model's tokenizer", status: .configuration)
            }
        }

        /// A method with the models that it requires; the recipe's checks have ensured that they are given.
        func method(
            _ name: SelectionMethodName, target: EncodedCorpus?, seed: UInt64
        ) -> any SelectionMethod {
            func required<T>(_ value: T?) -> T {
                guard let value else {
                    preconditionFailure("the method \(name.rawValue) lacks a model or its target")
                }
                return value
            }
            func decoder(_ checkpoint: Checkpoint?) -> DecoderModel { required(checkpoint).decoder }
            // No default: a new method without a case here does not compile.
            return switch name {
            case .random: RandomSelection(seed: seed)
            case .coverage: CoverageSelection()
            case .kCenter: KCenterSelection(model: decoder(model))
            case .herding: HerdingSelection(model: decoder(model))
            case .difference: LossDifferenceSelection(model: decoder(model), small: decoder(small))
            case .gradient: GradientSelection(model: decoder(model), target: required(target), seed: seed)
            case .disagreement: DisagreementSelection(teacher: decoder(model), student: decoder(student))
            case .entropy: UncertaintySelection(student: decoder(student), by: .entropy)
            case .margin: UncertaintySelection(student: decoder(student), by: .margin)
            }
        }
    }
}
