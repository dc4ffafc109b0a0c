import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

extension StageContext {
    /// The checkpoint that a reference refers to, with frozen weights.
    func checkpoint(_ reference: Reference, weights: WeightStorage = .automatic) throws -> Checkpoint {
        chats.applied(to: try Checkpoint.load(url(of: reference), weights: weights))
    }

    /// The tokenizer of what has one, and how the recipe's chats are written in it.
    func form(_ reference: Reference) throws -> TextForm {
        let form = try TextForm(directory: url(of: reference))
        let template = chats.template(of: form.template)
        return template.map { TextForm(tokenizer: form.tokenizer, template: $0) } ?? form
    }

    /// The reader of several corpora, of the first `limit` records of each. What it leaves out is noted.
    func reader(
        _ references: [Reference], limit: Int? = nil, documents: TextDocuments = .paragraph
    ) -> CorpusReader {
        noting(CorpusReader(references.map(url(of:)), limit: limit, documents: documents))
    }

    func noting(_ reader: CorpusReader) -> CorpusReader {
        let names = reader.leftOut.map(\.relativePath)
        if !names.isEmpty {
            progress(.note("\(label): left out, not a corpus by its name: \(names.joined(separator: ", "))"))
        }
        return reader
    }
}

/// A tokenizer and the template of its chats: which together decide a text's token ids.
struct TextForm {
    let tokenizer: Tokenizer
    let template: ChatTemplate

    /// From what has a tokenizer: a checkpoint, or what a tokenizer stage made.
    init(directory: URL) throws {
        let form = try Checkpoint.tokenizerAndTemplate(at: directory)
        tokenizer = form.tokenizer
        template = form.template ?? .roleMarkers
    }

    init(tokenizer: Tokenizer, template: ChatTemplate) {
        self.tokenizer = tokenizer
        self.template = template.fitted(to: tokenizer)
    }

    init(_ checkpoint: Checkpoint) throws {
        tokenizer = try checkpoint.requireTokenizer()
        template = checkpoint.chatTemplate ?? .roleMarkers
    }

    /// Refuses a model with another tokenizer.
    ///
    /// - Parameter other: whose tokenizer this is, for the message
    func requireSame(_ model: Checkpoint, _ other: String) throws {
        guard try model.requireTokenizer().hasSameIDs(as: tokenizer) else {
            throw UserError(
                "has another tokenizer than \(other)", file: model.url.relativePath,
                hint: "models that train together share a tokenizer",
                status: .configuration)
        }
    }

    func encoder(
        context: Int, scope: TargetScope, systemTurns: SystemTurns = .both, teacherContext: Int = .max
    ) -> CorpusEncoder {
        CorpusEncoder(
            tokenizer: tokenizer, template: template, contextLength: context, scope: scope,
            systemTurns: systemTurns, teacherContextLength: teacherContext)
    }
}
