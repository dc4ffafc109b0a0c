import Foundation
import Support
import Tokenization

/// A stage of a plan with everything that decides its result.
public struct StageInstance: Sendable {
    /// The digest of the stage's kind, keys, inputs and seed: the same cache key, the same result.
    public let cacheKey: Fingerprint
    package let stage: any Stage
    /// How chats are written.
    let chats: ChatSettings
    /// The seed of the stage's random streams; 0 where nothing is random.
    public let seed: UInt64
    /// The input that each reference of the stage refers to.
    let inputs: [Reference.Target: Input]
    /// The stage's normal form, for its record.
    let canonical: String

    enum Input: Hashable, Sendable {
        case file(URL)
        /// An output, by its index, of the stage with this cache key.
        case output(Int, of: Fingerprint)
    }

    /// The key of the stage's kind in a recipe, such as `train`.
    public var kind: String { type(of: stage).name }

    /// The stage's directory below the run directory's `stages`.
    public var directoryName: String { "\(kind)-\(cacheKey.hexadecimal.prefix(12))" }

    /// The variant or run the stage belongs to, where not every run shares it.
    var scope: String?

    /// For progress and tables: the kind, the output or the model that is measured, and the run.
    public var label: String { scope.map { "\(stage.label) (\($0))" } ?? stage.label }
}
