import Checkpoints
import Corpora
import Foundation
import Transformer

/// Resolves references to models and corpora, as far as they are known before the run.
extension CostEstimator: ModelLookup {
    /// A value from the stage that makes an input; `nil` for a file.
    private func maker<Value>(
        of reference: Reference, _ ask: (any Stage, Int, CostEstimator) -> Value?
    ) -> Value? {
        guard case .output(let index, let key)? = instance.inputs[reference.target] else { return nil }
        let estimator = at(key)
        return ask(estimator.instance.stage, index, estimator)
    }

    /// The file that a reference names; nil for what a stage makes.
    func file(_ reference: Reference) -> URL? {
        if case .file(let url)? = instance.inputs[reference.target] { url } else { nil }
    }

    package func configuration(of model: Reference) -> Configuration? {
        file(model).flatMap { try? Checkpoint.configuration(at: $0) }
            ?? maker(of: model) { $0.configuration(ofOutput: $1, $2) }
    }

    package func vocabularySize(of tokenizer: Reference) -> Int? {
        maker(of: tokenizer) { stage, index, _ in stage.vocabularySize(ofOutput: index) }
            ?? configuration(of: tokenizer)?.vocabularySize
    }

    /// Weights in Float32.
    func weights(_ shape: Configuration?) -> Double { shape?.cost.weightBytes ?? 0 }

    /// A frozen model in memory with its vocabulary: weights as `WeightStorage.automatic` keeps them.
    func loaded(_ reference: Reference) -> Double {
        guard let shape = configuration(of: reference) else { return 0 }
        let weights = shape.cost.weightBytes
        let kept =
            shape.cost.parameters > Double(WeightStorage.mostDequantizedParameters)
            ? min(stored(reference), weights) : weights
        return kept + pieces(shape)
    }

    /// A vocabulary in memory.
    func pieces(_ shape: Configuration?) -> Double { Self.pieceBytes * Double(shape?.vocabularySize ?? 0) }

    /// Weights of a model, as its file has them.
    func stored(_ reference: Reference) -> Double {
        if let url = file(reference), let bytes = try? Checkpoint.weightBytes(at: url) {
            return Double(bytes)
        }
        return storedParts(reference).total
    }

    /// The same in parts, for which the names of a GGUF file's tensors are read.
    func storedParts(_ reference: Reference) -> WeightBytes {
        let shape = configuration(of: reference)?.cost
        if let url = file(reference), let bytes = try? Checkpoint.weightBytes(at: url) {
            // Weights of a directory mostly have one type.
            let fraction = shape.map { $0.tableParameters / $0.parameters } ?? 0
            let tables =
                (try? Checkpoint.tableBytes(at: url)).map { Double($0) } ?? fraction * Double(bytes)
            return WeightBytes(tables: tables, layers: Double(bytes) - tables)
        }
        return maker(of: reference) { $0.storedBytes(ofOutput: $1, $2) }
            ?? shape.map { WeightBytes($0, bytesPerWeight: 4) } ?? WeightBytes(tables: 0, layers: 0)
    }

    /// Whether the recipe trains a model from random weights.
    func beginsAtRandom(_ reference: Reference) -> Bool {
        maker(of: reference) { $0.beginsAtRandom(ofOutput: $1, $2) } ?? false
    }

    func pass(_ shape: Configuration?, _ tokens: Double) -> Double { shape?.cost.pass(tokens) ?? 0 }

    /// Passes over some documents after others. They fall short of the limit by a part of a document, so that their buffers
    /// have several sizes. A free one of up to twice the size serves (see `BufferPool`): a quarter more is mapped, as measured.
    func passes(_ shape: Configuration?, _ tokens: Double, of corpus: CorpusExtent, context: Int) -> Double {
        guard let shape else { return 0 }
        let sizes = corpus.tokens > 2 * tokens ? 1 + min(0.25, corpus.mean / 512) : 1
        return sizes * shape.cost.pass(tokens, longest: min(corpus.longest, Double(context)))
    }

    func logits(_ shape: Configuration?, _ positions: Double) -> Double {
        shape?.cost.logits(positions) ?? 0
    }

    static func distinct(_ references: [Reference]) -> [Reference] {
        var seen: Set<Reference.Target> = []
        return references.filter { seen.insert($0.target).inserted }
    }

    func extent(
        of references: [Reference], limit: Int? = nil, asPrompts: Bool = false,
        documents: TextDocuments = .paragraph
    ) -> CorpusExtent {
        references.reduce(CorpusExtent()) {
            $0 + extent(of: $1, limit: limit, asPrompts: asPrompts, documents: documents)
        }
    }

    func extent(
        of reference: Reference, limit: Int? = nil, asPrompts: Bool = false,
        documents: TextDocuments = .paragraph
    ) -> CorpusExtent {
        if let url = file(reference) {
            return extents.extent(of: url, limit: limit, asPrompts: asPrompts, documents: documents)
        }
        return maker(of: reference) { $0.extent(ofOutput: $1, $2) }?.limited(to: limit) ?? CorpusExtent()
    }
}
