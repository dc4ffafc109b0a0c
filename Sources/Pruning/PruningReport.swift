import Foundation
import Tokenization

/// The result of pruning a model.
public struct PruningReport: Codable, Equatable, Sendable {
    /// The remaining vocabulary.
    public struct Vocabulary: Codable, Equatable, Sendable {
        /// Number of pieces.
        public var pieces: Int
        /// How the text uses them.
        public var usage: VocabularyTrim.Usage
        /// Mean probability that the unpruned model gives to removed pieces, over positions of the text.
        public var lostMass: Double
        /// Number of those positions.
        public var lostMassPositions: Int
    }

    /// Parameters of the unpruned model.
    public var parameters: Int
    /// Parameters of the student.
    public var remainingParameters = 0
    /// The layers that remain, from 1; nil for all.
    public var layers: [Int]?
    /// Block influence: how much each layer of the unpruned model changes the residual stream; nil where it was not measured.
    public var blockInfluence: [Double]?
    /// The vocabulary that remains; nil for all.
    public var vocabulary: Vocabulary?

    init(parameters: Int) { self.parameters = parameters }

    /// A one-line summary.
    public var summary: String {
        func percent(_ fraction: Double) -> String {
            (100 * fraction).formatted(
                .number.precision(.fractionLength(2)).locale(Locale(identifier: "en_US_POSIX"))) + "%"
        }
        var parts = ["\(remainingParameters) of \(parameters) parameters"]
        if let layers { parts.append("layers \(layers.map(String.init).joined(separator: " "))") }
        if let vocabulary {
            parts.append(
                "\(vocabulary.pieces) pieces, the text uses \(vocabulary.usage.pieces), "
                    + "\(percent(vocabulary.usage.changedFraction)) of its tokens change"
                    + (vocabulary.usage.hint(for: vocabulary.pieces).map { " (\($0))" } ?? "") + ", "
                    + "\(percent(vocabulary.lostMass)) of the model's mass is lost")
        }
        return parts.joined(separator: "; ")
    }
}
