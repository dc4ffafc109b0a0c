import Corpora
import Foundation
import Support
import Tensors
import Transformer

/// What a stage estimates its cost from: its inputs, as far as they are known before the run, and the machine.
package struct CostEstimator {
    /// Every stage of the plan.
    let instances: [Fingerprint: StageInstance]
    /// The stage whose references are looked up.
    let instance: StageInstance
    /// Matrix multiplications a second, in 10⁹ operations.
    let gigaflops: Double
    let extents: CorpusExtents

    // The fraction of the multiplication rate that a whole stage reaches; measured with models of 1 to 6 million
    // parameters, for which everything but the products weighs most.
    static let generatingRate = 0.35
    static let labellingRate = 0.7
    static let trainingRate = 0.45
    /// Tokens a second of an answer that a large model behind an API gives.
    static let endpointRate = 50.0
    /// The fraction of `max_new_tokens` that an answer uses before it ends.
    static let answerFraction = 0.3
    /// Of a process that has loaded its libraries and read a plan; most of it is their code.
    static let processBytes = 46e6
    /// Bytes per thread that matrix products use of OpenBLAS's packing buffer; the rest is never touched.
    static let productBytes = 1.5e6
    /// A piece of a vocabulary in memory: its text, its score, and its part of the trie that texts are divided with.
    static let pieceBytes = 140.0
    /// JSON of a generated answer beside its text: keys, and where it comes from.
    static let recordBytes = 330.0
    /// Tokens that labelling and evaluating take from a corpus at once.
    static let passTokens = 2048.0

    /// The time that operations take at a fraction of the multiplication rate.
    func seconds(_ operations: Double, rate: Double) -> Double { operations / (gigaflops * 1e9 * rate) }

    /// Memory of a process that multiplies matrices.
    var computingBytes: Double { Self.processBytes + Self.productBytes * Double(Parallel.threads) }

    /// JSON lines of a corpus.
    func bytes(_ corpus: CorpusExtent) -> Double {
        corpus.tokens * CorpusExtent.bytesPerToken + 20 * corpus.records
    }

    /// Memory of generating answers: slots keep the keys and values of the longest sequence that each has held.
    func generation(
        _ shape: Configuration?, _ prompts: CorpusExtent, sequences: Double, answer: Double
    ) -> Double {
        let held = max(sequences / 16, 1)
        let usual = prompts.mean + (prompts.longest - prompts.mean) * (held - 1) / (held + 1)
        return shape?.cost.generation(sequences: sequences, length: usual + answer) ?? 0
    }

    /// The estimator of another stage.
    func at(_ key: Fingerprint) -> Self {
        guard let other = instances[key] else { preconditionFailure("the plan has no stage \(key)") }
        return Self(instances: instances, instance: other, gigaflops: gigaflops, extents: extents)
    }
}
