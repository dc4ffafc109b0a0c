import Corpora
import Foundation
import Generation
import RecipeSchema

/// Questions about passages of documents.
struct QuestionsSource: PromptSource {
    static let name = "questions"
    static let summary = "Questions about passages of documents, which a model writes."
    static let usesModel = true

    private let documents: [Reference]
    private let words: Int
    private let count: Int
    private let instruction: PromptTemplate
    private let answerContext: PromptTemplate?
    private let limit: Int?

    init(_ section: Section) {
        documents = section.value(
            "documents", .oneOrMore(.reference(to: .corpus, as: .documents)), example: "docs",
            "Markdown and text files, or directories of them.")
        words = section.value(
            "words", .integer(DocumentChunks.wordsLimits), default: 200, "The most words of a passage.")
        count = section.value(
            "per_passage", .integer(1...100), default: 3, "Questions to ask for about each passage.")
        limit = section.optional("limit", .integer(1...), defaultText: "all", "Use only the first passages.")
        instruction = section.value(
            "instruction", .template(slots: QuestionWriter.slots),
            default: PromptTemplate(standard: QuestionWriter.standardInstruction),
            defaultText: "a text of its own",
            "Asks for the questions.")
        answerContext = section.optional(
            "context", .template(slots: QuestionWriter.slots), example: "Answer from this text.\\n\\n{text}",
            "A system turn before each question, from which it is answered. With system_turns: teacher the student is trained "
                + "without it.")
    }

    private func passages(_ urls: [URL]) throws -> [DocumentChunk] {
        let chunks = DocumentChunks(words: words)
        let found = try urls.flatMap { try DocumentChunks.files(at: $0) }.flatMap {
            try chunks.chunks(of: $0)
        }
        return limit.map { Array(found.prefix($0)) } ?? found
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        let passages = (try? passages(documents.compactMap { estimator.file($0) })) ?? []
        let characters = passages.reduce(0) { $0 + $1.text.utf8.count }
        let mean = Double(characters) / Double(max(1, passages.count))
        return PromptSizes(
            prompts: Double(passages.count * count), promptCharacters: 60 + (answerContext == nil ? 0 : mean),
            requests: Double(passages.count), requestCharacters: mean + Double(instruction.source.utf8.count))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        let passages = try passages(documents.map { context.url(of: $0) })
        let writer = QuestionWriter(passages, count: count, instruction: instruction, context: answerContext)
        var written = WrittenPrompts(similarity: 1)
        try model?.ask(writer, adding: &written)
        return PromptResult(prompts: written.prompts, counts: written.counts)
    }
}
