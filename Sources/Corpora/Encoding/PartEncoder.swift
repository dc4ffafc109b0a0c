import Support
import Tokenization

/// Tokenizes records for a model that measures one part of them: that part's tokens are targets.
///
/// Of a chat the markers that end answers belong to the answer, all others to the prompt.
public struct PartEncoder: Sendable {
    private let part: TextPart
    private let hidesPrompt: Bool
    private let addsBegin: Bool
    private let all: CorpusEncoder
    private let answers: CorpusEncoder

    /// - Parameters:
    ///   - part: the part whose tokens are targets
    ///   - hidesPrompt: whether all turns of a chat but the assistant's are empty; a text then has no targets
    ///   - tokenizer: of the model
    ///   - template: renders chats
    ///   - addsBegin: whether a text begins with the tokenizer's begin token, if it has one
    public init(
        of part: TextPart, hidesPrompt: Bool = false, tokenizer: Tokenizer, template: ChatTemplate,
        addsBegin: Bool
    ) {
        (self.part, self.hidesPrompt, self.addsBegin) = (part, hidesPrompt, addsBegin)
        func encoder(_ scope: TargetScope) -> CorpusEncoder {
            CorpusEncoder(tokenizer: tokenizer, template: template, contextLength: .max, scope: scope)
        }
        (all, answers) = (encoder(.all), encoder(.assistant))
    }

    /// The whole record as one document, whatever its length.
    ///
    /// - Throws: `UserError` with file and line if the template refuses the chat, or the vocabulary lacks a marker
    public func document(_ candidate: CandidateRecord) throws -> EncodedDocument {
        let location = candidate.location
        return try UserError.located(in: location.file, line: location.line) {
            try document(candidate.record)
        }
    }

    private func document(_ record: CorpusRecord) throws -> EncodedDocument {
        guard case .chat(let messages, let tools) = record else {
            let document = try all.evaluationDocument(record, addsBegin: addsBegin)
            return hidesPrompt
                ? EncodedDocument(ids: document.ids, lossMask: document.ids.map { _ in false }) : document
        }
        guard !hidesPrompt else {
            let rest = messages.map { $0.role == .assistant ? $0 : Message(role: $0.role, content: "") }
            return try document(.chat(rest, tools: tools), of: part)
        }
        return try document(record, of: part)
    }

    private func document(_ chat: CorpusRecord, of part: TextPart) throws -> EncodedDocument {
        switch part {
        case .all: return try all.document(chat)
        case .answer: return try answers.document(chat)
        case .prompt:
            let (whole, answer) = (try all.document(chat), try answers.document(chat))
            return EncodedDocument(
                ids: whole.ids, lossMask: zip(whole.lossMask, answer.lossMask).map { $0 && !$1 })
        }
    }
}
