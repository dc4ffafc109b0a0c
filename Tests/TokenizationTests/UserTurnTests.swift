import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenization

/// The beginning of a user's turn, for a model to write it.
@Suite struct UserTurnTests {
    private let history = [
        Message(role: .system, content: "Be brief."), Message(role: .user, content: "Who sings?"),
        Message(role: .assistant, content: "Tamsin."),
    ]

    /// A chat with the turn begins with it, and continues with what ends it.
    private func expectOpens(
        _ template: ChatTemplate, _ history: [Message], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> UserTurnOpening {
        let opening = try template.userTurn(after: history, with: smallTokenizer)
        let content = "Where does Pell live?"
        let chat = try template.encode(
            history + [Message(role: .user, content: content)], with: smallTokenizer)
        #expect(chat.ids.starts(with: opening.ids), sourceLocation: sourceLocation)
        let rest = Array(chat.ids.dropFirst(opening.ids.count))
        let text = try smallTokenizer.decode(rest)
        #expect(
            text.contains(content) && !text.contains("<|user|>"), "\(text)", sourceLocation: sourceLocation)
        return opening
    }

    @Test func markersOpenAndEndTheTurn() throws {
        for history in [[], [history[0]], history] {
            let opening = try expectOpens(.roleMarkers, history)
            #expect(opening.ids.last == smallTokenizer.id(of: "<|user|>"))
            #expect(opening.stopIDs.contains(try #require(smallTokenizer.id(of: "<|end|>"))))
            #expect(opening.stopIDs.contains(try #require(smallTokenizer.id(of: "<|assistant|>"))))
            #expect(opening.stop.isEmpty)
        }
    }

    /// Markers that are no pieces of the vocabulary are told by their text; the space before the content is the model's.
    @Test func aTurnThatTextEndsHasAStopString() throws {
        let template = ChatTemplate(
            system: .init(before: "SYS ", after: "\n"), user: .init(before: "USER: ", after: "\n"),
            assistant: .init(before: "BOT:", after: "\n"))
        for history in [[], history] {
            let opening = try expectOpens(template, history)
            #expect(opening.stop == ["BOT:"])
            #expect(try smallTokenizer.decode(opening.ids).hasSuffix("USER:"))
        }
    }

    /// A template of a model's own that puts a system turn first.
    @Test func renderedTemplatesOpenTheTurn() throws {
        let jinja = """
            {% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|system|>You are Wess.<|end|>\
            {% endif %}<|{{ message['role'] }}|>{{ message['content'] | trim }}<|end|>{% endfor %}\
            {% if add_generation_prompt %}<|assistant|>{% endif %}
            """
        let template = try #require(ChatTemplate.recognize(jinja: jinja)).fitted(to: smallTokenizer)
        #expect(template.takesVariables)
        let first = try expectOpens(template, [])
        #expect(try smallTokenizer.decode(first.ids).contains("You are Wess."))
        let later = try expectOpens(template, history)
        #expect(try !smallTokenizer.decode(later.ids).contains("You are Wess."))
        #expect(later.stopIDs.contains(try #require(smallTokenizer.id(of: "<|end|>"))))
        #expect(later.stop.isEmpty)
    }

    @Test func aTemplateWithoutTheContentIsRefused() throws {
        let template = try #require(ChatTemplate.recognize(jinja: "<|user|><|end|>{{ 1 }}")).fitted(
            to: smallTokenizer)
        #expect(throws: UserError.self) { try template.userTurn(after: [], with: smallTokenizer) }
    }
}
