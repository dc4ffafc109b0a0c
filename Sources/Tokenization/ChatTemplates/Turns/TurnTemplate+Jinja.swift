import Foundation
import Support

extension TurnTemplate {
    /// The template in the language of `tokenizer_config.json`. It renders to the same ids, unless the content
    /// of a message spells a marker: there it becomes the marker's id, here it stays text.
    ///
    /// A template without a name begins with a comment that holds its parts, by which `recognize` knows it again.
    var jinja: String {
        let isUniform = name == Self.roleMarkersName
        // Where each turn of the user begins a sequence, the first does so too.
        let begin = user.before.hasPrefix("<s>") || !begins ? "" : "{{ bos_token }}"
        return comment + begin + (isUniform ? uniformTurns : turns)
            + "{% if add_generation_prompt %}{{ \(quoted(generationPrompt)) }}{% endif %}"
    }

    /// The role markers, written as their first version was.
    private var uniformTurns: String {
        let roles = Role.turns.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return """
            {% for message in messages %}\
            {% if message['role'] not in [\(roles)] %}\
            {{ raise_exception('a role is system, user or assistant, not ' + message['role']) }}\
            {% endif %}\
            {{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}\
            {% endfor %}
            """
    }

    private var turns: String {
        func content(trimmed: Bool) -> String {
            trimmed ? "message['content'] | trim" : "message['content']"
        }
        func written(_ turn: Turn, _ held: String = "") -> String {
            let content = content(trimmed: held.isEmpty && turn == systemTurn ? trimsSystem : trimsContent)
            return "{{ \(quoted(turn.before)) + \(held)(\(content)) + \(quoted(turn.after)) }}"
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
                "{% set held.text = held.text + \(quoted(turn.before)) + (\(content(trimmed: trimsSystem))) + "
                + "\(quoted(turn.after)) %}"
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

    /// The turn of system messages; nil where they are part of the user's.
    private var systemTurn: Turn? {
        if case .own(let turn) = system { turn } else { nil }
    }

    private var generationPrompt: String {
        String(assistant.before.dropLast(answerPrefix.count))
    }

    private func quoted(_ text: String) -> String {
        let escapes = ["\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"]
        return "'" + text.map { escapes[String($0)] ?? String($0) }.joined() + "'"
    }

    // MARK: - Recognizing

    /// The parts of a template that a recipe spells out.
    private struct Parts: Codable {
        let system, user, assistant: Turn
        let symbols: [String]
    }

    private static let opening = "{# chat template of swift-distill: "

    private var comment: String {
        guard name == nil, case .own(let system) = system else { return "" }
        let parts = Parts(system: system, user: user, assistant: assistant, symbols: symbols)
        // The end of a comment cannot stand in it, and JSON has another way to write a brace.
        let json = try! String(decoding: JSONEncoder.stable.encode(parts), as: UTF8.self)
        return Self.opening + json.replacing("#}", with: "\\u0023}") + " #}"
    }

    /// A template that we wrote, or a published one that is known to render every chat as one of ours does
    /// (`PublishedTemplates`); nil for any other.
    ///
    /// - Parameter text: without white space at its ends
    static func recognize(_ text: String) -> TurnTemplate? {
        let known = families + PublishedTemplates.forms + families.map { $0.with(begins: false) }
        if let same = known.first(where: { $0.jinja == text }) { return same }
        if text.hasPrefix(opening), let template = spelledOut(text) { return template }
        return PublishedTemplates.template(of: text)
    }

    /// The template that the comment at the beginning describes; nil unless it renders to exactly this text.
    private static func spelledOut(_ text: String) -> TurnTemplate? {
        guard let end = text.range(of: " #}"),
            let parts = try? JSONDecoder().decode(
                Parts.self, from: Data(text[..<end.lowerBound].dropFirst(opening.count).utf8)),
            !parts.assistant.after.isEmpty
        else { return nil }
        let template = TurnTemplate(
            system: parts.system, user: parts.user, assistant: parts.assistant, symbols: parts.symbols)
        return [template, template.with(begins: false)].first { $0.jinja == text }
    }
}
