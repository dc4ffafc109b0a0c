import Foundation
import Jinja
import Support

/// A model's own chat template, in Jinja.
struct RenderedTemplate: Equatable, Sendable {
    /// The text.
    let source: String
    /// For chats with tools, where the model has another template for them.
    let toolSource: String?
    /// Variables that the template reads beside those of every chat.
    var variables = TemplateVariables()
    /// The time that `strftime_now` gives; nil for `fixedDate`.
    var date: Date?

    /// The templates, read once; or the mistake in them.
    private let standard, forTools: Result<JinjaTemplate, JinjaError>
    private var fitting: Fitting?

    /// Templates of some models write the current date. Chats that are trained on must have the same ids tomorrow, so it is
    /// 1 January 2025 unless a caller says otherwise.
    static let fixedDate = Date(timeIntervalSince1970: 1_735_689_600)

    /// What is known of a vocabulary that the template is used with.
    private struct Fitting: Sendable {
        let tokenizer: Tokenizer
        let markers: MarkerSearch
        let turn: AnswerTurn?
        /// The spellings of the special tokens that the template writes.
        let written: [String]
    }

    /// - Parameters:
    ///   - source: The text, which may have mistakes: `fault` says so.
    ///   - toolSource: For chats with tools, where that is another.
    init(_ source: String, toolSource: String? = nil) {
        (self.source, self.toolSource) = (source, toolSource)
        standard = Self.parse(source)
        forTools = toolSource.map(Self.parse) ?? standard
    }

    /// The template of chats with tools, or of those without.
    func program(withTools: Bool) throws(JinjaError) -> JinjaTemplate {
        try (withTools ? forTools : standard).get()
    }

    private static func parse(_ source: String) -> Result<JinjaTemplate, JinjaError> {
        Result { () throws(JinjaError) in try JinjaTemplate(source) }
    }

    static func == (one: RenderedTemplate, other: RenderedTemplate) -> Bool {
        one.source == other.source && one.toolSource == other.toolSource && one.variables == other.variables
            && one.date == other.date
    }

    /// Why no chat can be written; nil for a template that is understood.
    var fault: JinjaError? { if case .failure(let error) = standard { error } else { nil } }

    /// The special tokens that it writes, once it is fitted to a vocabulary.
    var markers: [String] { fitting?.written ?? [] }

    /// The spaces before an answer that belong to its first token.
    var answerPrefix: String { fitting?.turn?.spaces ?? "" }

    /// The template as it is used with a vocabulary.
    func fitted(to tokenizer: Tokenizer) -> RenderedTemplate {
        guard fitting?.tokenizer !== tokenizer, let markers = try? MarkerSearch(tokenizer) else {
            return self
        }
        var fitted = self
        let found = probe(tokenizer).map { markers.find(in: ChatRendering($0).marked) } ?? []
        let special = Set(found.filter(markers.isSpecial).map(\.id)).sorted()
        fitted.fitting = Fitting(
            tokenizer: tokenizer, markers: markers, turn: AnswerTurn(of: self, tokenizer, markers),
            written: special.map(tokenizer.piece))
        return fitted
    }

    /// The same with what is known of the vocabulary found anew, since variables change what is written.
    func refitted() -> RenderedTemplate {
        guard let tokenizer = fittedTokenizer else { return self }
        var bare = self
        bare.fitting = nil
        return bare.fitted(to: tokenizer)
    }

    /// A chat of all three roles, or of those that the template takes.
    private func probe(_ tokenizer: Tokenizer) -> RenderedText? {
        let chats: [[Role]] = [[.system, .user, .assistant], [.user, .assistant], [.user]]
        return chats.lazy.compactMap { roles in
            try? render(
                roles.map { Message(role: $0, content: "x") }, tools: [], tokenizer, addGenerationPrompt: true
            )
        }.first
    }

    /// The vocabulary that it is fitted to.
    var fittedTokenizer: Tokenizer? { fitting?.tokenizer }

    /// The id after which an answer is over.
    func endID(in tokenizer: Tokenizer) -> Int32? { turn(with: tokenizer)?.endID }

    /// Whether it ends the last answer of a chat as it ends earlier ones.
    func hasOneEnd(with tokenizer: Tokenizer) -> Bool { turn(with: tokenizer)?.hasOneEnd ?? false }

    private func turn(with tokenizer: Tokenizer) -> AnswerTurn? {
        if let fitting, fitting.tokenizer === tokenizer { return fitting.turn }
        return fitted(to: tokenizer).fitting?.turn
    }

    /// The special tokens of a vocabulary, found in text.
    /// - Throws: `UserError` if there are too many.
    func markers(of tokenizer: Tokenizer) throws -> MarkerSearch {
        if let fitting, fitting.tokenizer === tokenizer { return fitting.markers }
        do {
            return try MarkerSearch(tokenizer)
        } catch {
            throw UserError(
                "the symbols of the vocabulary have too many bytes in all", status: .configuration)
        }
    }
}
