import Foundation
import Support
import TestSupport
import Testing
import Tokenization

/// The templates of known families and those that recipes spell out, against `Tests/Golden/templates/generate.py`.
@Suite struct ChatTemplateFamilyTests {
    private struct Case: Decodable {
        let template: String
        let messages: [Message]
        let prompt: Bool
        let text: String
    }

    private static let plain = ChatTemplate(
        system: .init(before: "", after: "\n\n"), user: .init(before: "User: ", after: "\n"),
        assistant: .init(before: "Assistant: ", after: "\n\n"))

    private static func template(_ name: String) -> ChatTemplate {
        ChatTemplate.families.first { $0.name == name } ?? plain
    }

    private func cases() throws -> [Case] {
        try JSONDecoder().decode([Case].self, from: Data(contentsOf: golden("templates/texts.json")))
    }

    /// A vocabulary of bytes and the symbols of all families, in which `\n\n` is a piece.
    private func tokenizer() throws -> Tokenizer {
        var builder = ModelBuilder()
        builder.byteFallback = true
        builder.pieces = [
            ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("a", -1, 1), ("▁", -2, 1), ("\n\n", 0, 4),
        ]
        let symbols = Set(ChatTemplate.families.flatMap(\.symbols)).subtracting(["<s>", "</s>"])
        builder.pieces += symbols.sorted().map { ($0, 0, 4) }
        builder.pieces += (0..<256).map { (String(format: "<0x%02X>", $0), 0, 6) }
        return try builder.tokenizer()
    }

    /// The text of ids, that of control pieces too, which decoding leaves out.
    private func spelling(of ids: [Int32], _ tokenizer: Tokenizer) -> String {
        let bytes = ids.map { id in
            tokenizer.kind(of: id) == .control
                ? [UInt8](tokenizer.piece(id).utf8) : Array(tokenizer.bytes(of: id))
        }
        return String(decoding: bytes.joined(), as: UTF8.self).replacing("\u{2581}", with: " ")
    }

    @Test func transformersWasGivenOurTemplates() throws {
        let written = try JSONDecoder().decode(
            [String: String].self, from: Data(contentsOf: golden("templates/jinja.json")))
        #expect(written.count == ChatTemplate.families.count)
        for (name, jinja) in written { #expect(Self.template(name).jinja == jinja, "\(name)") }
    }

    @Test func idsSpellWhatTheFormatsSay() throws {
        let tokenizer = try tokenizer()
        let cases = try cases()
        #expect(cases.count == 42)
        for chat in cases {
            let encoded = try Self.template(chat.template).encode(
                chat.messages, with: tokenizer, addGenerationPrompt: chat.prompt)
            #expect(spelling(of: encoded.ids, tokenizer) == chat.text, "\(chat.template)")
            #expect(encoded.ids.first == tokenizer.beginID)
            #expect(encoded.ids.dropFirst().first != tokenizer.beginID, "\(chat.template) begins twice")
        }
    }

    @Test func answersAndWhatEndsThemAreTheAssistants() throws {
        let tokenizer = try tokenizer()
        let messages = [Message(role: .user, content: "Why?"), Message(role: .assistant, content: "So.")]
        let expected = [
            "gemma": "So.<end_of_turn>", "llama-2": " So.</s>", "mistral": " So.</s>", "zephyr": "So.</s>",
            "phi-3": "So.<|end|>", "chatml": "So.<|im_end|>", "plain": " So.\n\n",
            "role-markers": "So.<|end|>",
        ]
        for (name, text) in expected {
            let template = Self.template(name)
            let encoded = try template.encode(messages, with: tokenizer)
            let said = zip(encoded.ids, encoded.assistantMask).filter(\.1).map(\.0)
            #expect(spelling(of: said, tokenizer) == text, "\(name)")
            let last = try #require(zip(encoded.ids, encoded.assistantMask).filter(\.1).last).0
            #expect(template.endID(in: tokenizer) == last, "\(name)")
            #expect(template.stopIDs(in: tokenizer) == [last, tokenizer.endID!])
        }
    }

    @Test func answersLoseTheSpaceOfTheirFirstWord() {
        #expect(Self.plain.answer(" Yes. ") == "Yes. ")
        #expect(Self.plain.answer("Yes.") == "Yes.")
        #expect(ChatTemplate.gemma.answer(" Yes.\n") == "Yes.")
        #expect(ChatTemplate.roleMarkers.answer(" Yes.") == " Yes.")
    }

    /// Faults found, line 8: a template that only has a family's markers is not replaced by the built-in one.
    @Test(arguments: [
        "{{ '<start_of_turn>' + role }}…{{ '<end_of_turn>\\n' }}",
        "{{ bos_token }}{{ '<|im_start|>' + m.content.strip() }}{{ '<|im_end|>' }}",
        "{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}",
        "{{ '<|user|>\\n' + content + eos_token }}{{ '<|assistant|>' }}",
    ]) func templatesThatOnlyResembleAreRendered(jinja: String) throws {
        let template = try #require(ChatTemplate.recognize(jinja: jinja))
        #expect(template.takesVariables && template.name == nil)
        // It is written on as it is.
        #expect(template.jinja == jinja)
    }

    private struct Published: Decodable {
        let model, template, jinja: String
        let begins, trimsSystem: Bool
    }

    /// Templates that models are published with, each shown by `generate.py` to render as ours.
    @Test func publishedTemplatesAreRecognized() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let published = try decoder.decode(
            [Published].self, from: Data(contentsOf: golden("templates/published.json")))
        #expect(published.count == 8)
        let tokenizer = try tokenizer()
        for entry in published {
            let template = try #require(ChatTemplate.recognize(jinja: entry.jinja + "\n"))
            #expect(!template.takesVariables && template.name == entry.template, "\(entry.model)")
            // What we write of it is known again, and a change of one character is not.
            #expect(ChatTemplate.recognize(jinja: template.jinja) == template)
            let changed = ChatTemplate.recognize(
                jinja: entry.jinja.replacing("message['", with: "message[ '", maxReplacements: 1))
            #expect(changed?.takesVariables == true)
            let chat = try template.encode(
                [
                    Message(role: .system, content: " Be brief. "), Message(role: .user, content: "Why?"),
                ], with: tokenizer)
            #expect((chat.ids.first == tokenizer.beginID) == entry.begins, "\(entry.model)")
            let isTrimmed = !spelling(of: chat.ids, tokenizer).contains(" Be brief. ")
            #expect(isTrimmed == entry.trimsSystem, "\(entry.model)")
        }
    }

    @Test func templatesAreKnownAgainByTheirOwnText() {
        for template in ChatTemplate.families {
            #expect(ChatTemplate.recognize(jinja: template.jinja) == template)
        }
        let odd = ChatTemplate(
            system: .init(before: "#} {#", after: "'\\'"), user: .init(before: "\"U\"\t", after: "\r\n"),
            assistant: .init(before: "{{ x }}", after: "<end>"), symbols: ["<end>"])
        for template in [Self.plain, odd] {
            #expect(ChatTemplate.recognize(jinja: template.jinja) == template)
            // Changed by somebody, it is no longer what the comment says.
            #expect(ChatTemplate.recognize(jinja: template.jinja + "x")?.takesVariables == true)
        }
    }

    @Test func modelsWithoutATemplateAreGuessedByTheirMarkersAndNames() throws {
        func vocabulary(_ symbols: [String]) throws -> Tokenizer {
            var builder = ModelBuilder()
            builder.pieces += (["<s>", "</s>"] + symbols).map { ($0, 0, 3) }
            return try builder.tokenizer()
        }
        let plain = try vocabulary([])
        let cases = [
            (try vocabulary(ChatTemplate.gemma.symbols), "model", "gemma"),
            (try vocabulary(ChatTemplate.roleMarkers.symbols), "student", "role-markers"),
            (try vocabulary(ChatTemplate.chatML.symbols), "model", "chatml"),
            (plain, "TinyLlama-1.1B-Chat-v1.0", "zephyr"), (plain, "Llama-2-7b-chat-hf", "llama-2"),
            (plain, "Mistral-7B-Instruct-v0.2", "mistral"), (plain, "Llama-2-7b-hf", nil),
            (plain, "model", nil),
        ]
        for (tokenizer, name, expected) in cases {
            #expect(ChatTemplate.guess(for: tokenizer, named: name)?.name == expected, "\(name)")
        }
        let bare = try ModelBuilder().tokenizer()
        #expect(ChatTemplate.guess(for: bare, named: "Mistral-7B-Instruct") == nil)
    }

    @Test func turnsHaveOnePlaceForTheMessage() {
        #expect(ChatTemplate.Turn("User: {content}\n") == .init(before: "User: ", after: "\n"))
        #expect(ChatTemplate.Turn("{content}") == .init(before: "", after: ""))
        #expect(ChatTemplate.Turn("User: ") == nil)
        #expect(ChatTemplate.Turn("{content}{content}") == nil)
    }

    @Test func missingSymbolsAreNamed() throws {
        var builder = ModelBuilder()
        builder.pieces += [("<start_of_turn>", 0, 4)]
        let tokenizer = try builder.tokenizer()
        let error = #expect(throws: UserError.self) {
            try ChatTemplate.gemma.encode([Message(role: .user, content: "a")], with: tokenizer)
        }
        #expect(error?.description.contains("no symbol <end_of_turn>") == true)
        #expect(!ChatTemplate.gemma.fits(tokenizer))
        #expect(Self.plain.fits(tokenizer))
    }
}
