import Foundation
import Support
import Testing

@testable import Tokenization

/// Where the turns begin and end that a student is trained on, in the ways in which models' templates write them.
@Suite struct TurnBoundsTests {
    /// A vocabulary with the special tokens <|begin|>, <|end|> and <|user|>.
    private let tokenizer: Tokenizer
    init() throws { tokenizer = try BytePairGolden.tokenizer("smollm") }

    private func template(_ jinja: String) throws -> ChatTemplate {
        try #require(ChatTemplate.recognize(jinja: jinja)).fitted(to: tokenizer)
    }

    private func targets(_ jinja: String, _ messages: [Message]) throws -> [String] {
        try template(jinja).targets(messages, with: tokenizer)
    }

    private static let chat = [
        Message(role: .user, content: "one"), Message(role: .assistant, content: "two"),
        Message(role: .user, content: "three"), Message(role: .assistant, content: "four"),
    ]

    /// A call, what it returns, an answer, and another question with its answer.
    private static func calls() throws -> [Message] {
        let call = try OrderedJSON(
            Data(#"[{"function": {"name": "f", "arguments": {"a": 2}}}]"#.utf8), name: "")
        return [
            Message(role: .user, content: "one"),
            Message(role: .assistant, content: "", fields: [.init("tool_calls", call)]),
            Message(role: .tool, content: "two"), Message(role: .assistant, content: "three"),
        ] + chat.suffix(2)
    }

    /// A turn's head, its calls between `open` and `close`, and the prompt for an answer.
    private static func calling(
        open: String = "<tool>\n", close: String = "\n</tool>", end: String = "<|end|>\n",
        think: Bool = false,
        returned: String = "{{ m.content }}"
    ) -> String {
        let block = "<think>\n\n</think>\n\n"
        return """
            {% set ns = namespace(last=0) %}\
            {% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}\
            {% for m in messages %}<|user|>{{ m.role }}\n\
            {% if \(think) and m.role == 'assistant' and loop.index0 > ns.last %}\(block){% endif %}\
            {% if m.role == 'tool' %}\(returned){% else %}{{ m.content }}{% endif %}\
            {% for call in m.tool_calls or [] %}\(open){{ call.function | tojson }}\(close){% endfor %}\
            {% if m.role == 'assistant' %}\(end){% endif %}{% endfor %}\
            {% if add_generation_prompt %}<|user|>assistant\n{% if \(think) %}<think>\n{% endif %}{% endif %}
            """
    }

    private static let call = #"{"name": "f", "arguments": {"a": 2}}"#

    /// Qwen 3 writes an empty <think> block before calls while no other question follows; the tag that opens a call is the model's
    /// in both cases.
    @Test func anEarlierCallBeginsWithItsTag() throws {
        let jinja = Self.calling(think: true)
        let messages = try Self.calls()
        #expect(
            try targets(jinja, messages) == [
                "<tool>\n\(Self.call)\n</tool><|end|>", "three<|end|>", "\n</think>\n\nfour<|end|>",
            ])
        #expect(
            try targets(jinja, Array(messages.prefix(2))) == [
                "\n</think>\n\n<tool>\n\(Self.call)\n</tool><|end|>"
            ])
    }

    /// Kimi K2, DeepSeek V3.1 and Command R end a call or an answer with several special tokens.
    @Test func aTurnEndsWithTheLastSpecialTokenBehindIt() throws {
        let two = Self.calling(close: "<|begin|>", end: "<|end|>\n<|begin|>\n")
        #expect(
            try targets(two, Self.calls()) == [
                "<tool>\n\(Self.call)<|begin|><|end|>\n<|begin|>", "three<|end|>\n<|begin|>",
                "four<|end|>\n<|begin|>",
            ])
        #expect(try template(two).endID(in: tokenizer) == tokenizer.id(of: "<|end|>"))
    }

    /// The first templates of Llama 3 write the prompt behind every chat.
    @Test func aPromptThatIsAlwaysWrittenIsNoPartOfAnAnswer() throws {
        let jinja =
            "{% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}<|end|>{% endfor %}{{ '<|user|>assistant\\n' }}"
        #expect(try targets(jinja, Self.chat) == ["two<|end|>", "four<|end|>"])
        // Command A writes half of it.
        let half = jinja + "{% if add_generation_prompt %}<|begin|>{% endif %}"
        #expect(try targets(half, Self.chat) == ["two<|end|>", "four<|end|>"])
    }

    /// GLM writes nothing behind an answer: the next turn's marker ends it.
    @Test func theNextTurnsMarkerEndsAnAnswer() throws {
        let jinja = Self.calling(end: "")
        #expect(
            try targets(jinja, Self.calls()) == [
                "<tool>\n\(Self.call)\n</tool><|user|>", "three<|user|>", "four",
            ])
        #expect(try template(jinja).endID(in: tokenizer) == tokenizer.id(of: "<|user|>"))
        // Plain text is left to the next turn: it may stand in an answer.
        let plain = try template("{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}")
        #expect(plain.endID(in: tokenizer) == nil)
    }

    /// Gemma 4 names the function that was called with what it returned.
    @Test func aCallWhosePartsAreWrittenAgain() throws {
        let jinja = Self.calling(returned: "{{ messages[1].tool_calls[0].function.name }}: {{ m.content }}")
        #expect(
            try targets(jinja, Self.calls()) == [
                "<tool>\n\(Self.call)\n</tool><|end|>", "three<|end|>", "four<|end|>",
            ])
    }

    /// SmolLM2's template knows no calls: without them an answer is empty, or says only half.
    @Test func anAnswerWithoutItsCallsIsNoTarget() throws {
        let jinja = """
            {% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}<|end|>{% endfor %}\
            {% if add_generation_prompt %}<|user|>assistant\n{% endif %}
            """
        var messages = try Self.calls()
        #expect(try targets(jinja, messages) == ["three<|end|>", "four<|end|>"])
        messages[1].content = "zero"
        #expect(try targets(jinja, messages) == ["three<|end|>", "four<|end|>"])
    }

    /// Mistral's templates put the system's text into the last question, which is another one once the answer is there.
    @Test func theSpaceBeforeAnAnswerIsGenerated() throws {
        let jinja = """
            {% set system = messages[0].content if messages[0].role == 'system' else '' %}\
            {% for m in messages if m.role != 'system' %}\
            {% if m.role == 'user' %}[INST] {% if loop.last %}{{ system }}\n\n{% endif %}{{ m.content }}[/INST]\
            {% else %} {{ m.content | trim }}<|end|>{% endif %}{% endfor %}
            """
        #expect(try targets(jinja, Self.chat) == [" two<|end|>", " four<|end|>"])
        let instructed = [Message(role: .system, content: "zero")] + Self.chat
        #expect(try targets(jinja, instructed) == [" two<|end|>", " four<|end|>"])
    }

    /// A chat that the assistant opens: the system's text of the template is not the model's.
    @Test func whatOpensAChatIsNoPartOfItsFirstAnswer() throws {
        let jinja = """
            {% for m in messages %}{% if loop.first %}Be brief.\n{% endif %}\
            {{ m.role }}:\n{{ m.content }}<|end|>\n{% endfor %}\
            {% if add_generation_prompt %}assistant:\n{% endif %}
            """
        #expect(try targets(jinja, Array(Self.chat.dropFirst())) == ["two<|end|>", "four<|end|>"])
    }

    /// Hermes 2 Pro ends what stands before an answer otherwise while the answer is missing.
    @Test func aPromptThatBeginsLaterIsNoPartOfAnAnswer() throws {
        let jinja = """
            {% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}\
            {% if m.role == 'user' and not loop.last %} {% endif %}<|end|>{% endfor %}\
            {% if add_generation_prompt %}{{ '<|user|>assistant\\n' }}{% endif %}
            """
        #expect(try targets(jinja, Self.chat) == ["two<|end|>", "four<|end|>"])
    }

    /// gpt-oss writes the channel between the prompt and the answer, be it empty.
    @Test func anEmptyAnswerIsTrainedOnToItsEnd() throws {
        let jinja = """
            {% for m in messages %}<|user|>{{ m.role }}{% if m.role == 'assistant' %}<|begin|>final\n{% endif %}\
            {{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|user|>assistant{% endif %}
            """
        var chat = Self.chat
        chat[1].content = ""
        #expect(try targets(jinja, chat) == ["<|begin|>final\n<|end|>", "<|begin|>final\nfour<|end|>"])
    }

    /// Templates may write what ends a turn in a block of its own.
    @Test func theEndOfAnAnswerThatIsNotTrainedOn() throws {
        let jinja = """
            {% for m in messages %}<|user|>{{ m.role }}\n{% if m.role == 'assistant' %}\
            {% generation %}{{ m.content }}{% endgeneration %} {% generation %}<|end|>{% endgeneration %}\
            {% else %}{{ m.content }}<|end|>{% endif %}{% endfor %}
            """
        var chat = Self.chat
        #expect(try targets(jinja, chat) == ["two", "<|end|>", "four", "<|end|>"])
        chat[1].isTrained = false
        #expect(try targets(jinja, chat) == ["four", "<|end|>"])
    }

    /// As in Python: `tools is not none` is false for a chat without.
    @Test func whatAChatLacksIsNone() throws {
        let jinja = "{{ tools is none }} {{ documents is none }} {{ tools is defined }}"
        let chat = try template(jinja).encode(Self.chat, with: tokenizer)
        #expect(try tokenizer.decode(chat.ids) == "True True True")
    }
}
