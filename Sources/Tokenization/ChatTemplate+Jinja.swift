import Foundation

extension ChatTemplate {
    /// The template in the language of `tokenizer_config.json`. It renders to the same ids, unless the content
    /// of a message spells a marker: there it becomes the marker's id, here it stays text.
    ///
    /// A template without a name begins with a comment that holds its parts, by which `recognise` knows it again.
    public var jinja: String {
        let content = trimsContent ? "message['content'] | trim" : "message['content']"
        let isUniform = name == Self.roleMarkers.name
        // Where each turn of the user begins a sequence, the first does so too.
        let begin = user.before.hasPrefix("<s>") ? "" : "{{ bos_token }}"
        return comment + begin + (isUniform ? uniformTurns : turns(content))
            + "{% if add_generation_prompt %}{{ \(quoted(generationPrompt)) }}{% endif %}"
    }

    /// The role markers, written as their first version was.
    private var uniformTurns: String {
        let roles = Role.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return """
            {% for message in messages %}\
            {% if message['role'] not in [\(roles)] %}\
            {{ raise_exception('a role is system, user or assistant, not ' + message['role']) }}\
            {% endif %}\
            {{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}\
            {% endfor %}
            """
    }

    private func turns(_ content: String) -> String {
        func written(_ turn: Turn, _ held: String = "") -> String {
            "{{ \(quoted(turn.before)) + \(held)(\(content)) + \(quoted(turn.after)) }}"
        }
        let system: String
        var held = ""
        var (begin, end) = ("", "")
        switch self.system {
        case .own(let turn): system = written(turn)
        case .insideUser(let turn):
            held = "held.text + "
            begin = "{% set held = namespace(text='') %}"
            end = "{% set held.text = '' %}"
            system =
                "{% set held.text = held.text + \(quoted(turn.before)) + (\(content)) + \(quoted(turn.after)) %}"
        }
        return """
            \(begin){% for message in messages %}\
            {% if message['role'] == 'system' %}\(system)\
            {% elif message['role'] == 'user' %}\(written(user, held))\(end)\
            {% elif message['role'] == 'assistant' %}\(written(assistant))\
            {% else %}{{ raise_exception('a role is system, user or assistant, not ' + message['role']) }}\
            {% endif %}{% endfor %}
            """
    }

    private var generationPrompt: String {
        String(assistant.before.dropLast(answerPrefix.count))
    }

    private func quoted(_ text: String) -> String {
        let escapes = ["\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"]
        return "'" + text.map { escapes[String($0)] ?? String($0) }.joined() + "'"
    }

    // MARK: - Recognising

    /// The parts of a template that a recipe spells out.
    private struct Parts: Codable {
        let system, user, assistant: Turn
        let symbols: [String]
    }

    private static let opening = "{# chat template of swift-distill: "

    private var comment: String {
        guard name == nil, case .own(let system) = system else { return "" }
        let parts = Parts(system: system, user: user, assistant: assistant, symbols: symbols)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The end of a comment cannot stand in it, and JSON has another way to write a brace.
        let json = try! String(decoding: encoder.encode(parts), as: UTF8.self)
        return Self.opening + json.replacing("#}", with: "\\u0023}") + " #}"
    }

    /// The template that a model comes with: one of ours, word for word, or one of the known families by the markers
    /// that it writes.
    public static func recognise(jinja: String) -> ChatTemplate? {
        let text = jinja.trimmingCharacters(in: .whitespacesAndNewlines)
        if let known = families.first(where: { $0.jinja == text }) { return known }
        if text.hasPrefix(opening) { return spelledOut(text) }
        func has(_ markers: String...) -> Bool { markers.allSatisfy(text.contains) }
        if has("<start_of_turn>", "<end_of_turn>") { return gemma }
        if has("<|im_start|>", "<|im_end|>") { return chatML }
        if has("[INST]", "<<SYS>>") { return llama2 }
        if has("[INST]", "[/INST]") { return mistral }
        if has("<|user|>", "<|assistant|>", "<|end|>") { return phi3 }
        if has("<|user|>", "<|assistant|>", "eos_token") { return zephyr }
        return nil
    }

    /// What the comment at the beginning says, if the rest follows from it.
    private static func spelledOut(_ text: String) -> ChatTemplate? {
        guard let end = text.range(of: " #}"),
            let parts = try? JSONDecoder().decode(
                Parts.self, from: Data(text[..<end.lowerBound].dropFirst(opening.count).utf8)),
            !parts.assistant.after.isEmpty
        else { return nil }
        let template = ChatTemplate(
            system: parts.system, user: parts.user, assistant: parts.assistant, symbols: parts.symbols)
        return template.jinja == text ? template : nil
    }
}
