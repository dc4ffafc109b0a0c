import Checkpoints
import Corpora
import Evaluation
import Foundation
import Selection
import Support
import Synchronization
import Tokenization

/// A model of a filter, loaded when it is first needed; filters that name the same one share it.
// Unchecked: it is loaded under a lock, and a checkpoint is not changed afterwards.
final class LoadedFilterModel: FilterModel, @unchecked Sendable {
    let name: String
    private let url: URL
    /// Loads a checkpoint as the recipe or the command writes chats.
    private let load: (URL) throws -> Checkpoint
    private let loaded = Mutex(Loaded())

    private struct Loaded: @unchecked Sendable {
        var checkpoint: Checkpoint?
        var tokenizer: Tokenizer?
    }

    init(name: String, url: URL, load: @escaping (URL) throws -> Checkpoint) {
        (self.name, self.url, self.load) = (name, url, load)
    }

    func tokenizer() throws -> Tokenizer {
        try loaded.withLock { loaded in
            if let known = loaded.tokenizer { return known }
            let tokenizer =
                try loaded.checkpoint?.requireTokenizer()
                ?? Checkpoint.tokenizerAndTemplate(at: url).tokenizer
            loaded.tokenizer = tokenizer
            return tokenizer
        }
    }

    func scorer(_ measure: RecordMeasure) throws -> any RecordScorer {
        let checkpoint = try loaded.withLock { loaded in
            if loaded.checkpoint == nil { loaded.checkpoint = try load(url) }
            return loaded
        }.checkpoint!
        return switch measure {
        case .likelihood(let part, let hidesPrompt, let context):
            try LikelihoodScorer(checkpoint, of: part, hidesPrompt: hidesPrompt, context: context)
        case .hiddenState(let part, let layer, let context):
            try HiddenStateScorer(checkpoint, of: part, layer: layer, context: context)
        }
    }

    func index(width: Int, threshold: Float) -> any SimilarityIndex {
        CosineIndex(width: width, threshold: threshold)
    }
}

/// The models of a list of filters, each once.
final class FilterModels {
    private var models: [URL: LoadedFilterModel] = [:]
    private let load: (URL) throws -> Checkpoint

    init(_ load: @escaping (URL) throws -> Checkpoint) { self.load = load }

    func model(named name: String, at url: URL) -> LoadedFilterModel {
        let known = models[url] ?? LoadedFilterModel(name: name, url: url, load: load)
        models[url] = known
        return known
    }
}
