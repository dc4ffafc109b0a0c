import Foundation
import Support
import TestSupport
import Testing

/// `distill template render`: what people see who write or debug a chat template.
@Suite struct TemplateCommandTests {
    private func render(_ arguments: [String], messages: String, in directory: URL) throws -> CommandRun {
        try Data(messages.utf8).write(to: directory.appending(path: "chats.jsonl"))
        return try CommandRun.run(
            CommandRun.distill,
            arguments: ["template", "render"] + arguments + ["--messages", "chats.jsonl"],
            in: directory)
    }

    private static let chats = """
        {"messages": [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "Two."}]}
        [{"role": "user", "content": "Three?"}]

        """

    @Test func aTemplateFile() throws {
        try withTemporaryDirectory { directory in
            let jinja = """
                {% if messages | length < 2 %}{{ raise_exception('too short') }}{% endif %}
                {{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}
                {% if tools %}{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}<assistant>{% endif %}
                """
            try Data(jinja.utf8).write(to: directory.appending(path: "chat.jinja"))
            try Data(#"[{"name": "f", "about": 1.0}]"#.utf8).write(
                to: directory.appending(path: "tools.json"))
            let run = try render(
                ["chat.jinja", "--var", "bos_token=<s>", "--tools", "tools.json"], messages: Self.chats,
                in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            #expect(
                run.standardOutput == #"""
                    {"text":"<s><user>One?<assistant>Two.[{\"name\": \"f\", \"about\": 1.0}]<assistant>"}
                    {"error":"too short"}

                    """#)
            let bare = try render(
                ["chat.jinja", "--no-generation-prompt"], messages: Self.chats, in: directory)
            #expect(bare.standardOutput.hasPrefix(#"{"text":"<user>One?<assistant>Two."}"#))
            // What is trained on is known only with a vocabulary.
            let mask = try render(["chat.jinja", "--mask"], messages: Self.chats, in: directory)
            #expect(mask.status == 64 && mask.standardError.contains("need the vocabulary of a model"))
        }
    }

    @Test func aModelWithIDsAndTargets() throws {
        try withTemporaryDirectory { directory in
            let teacher = packageRoot.appending(path: "data/teacher").path
            let line =
                #"{"messages": [{"role": "user", "content": "<|end|>"}, {"role": "assistant", "content": "Hm."}]}"#
            let run = try render([teacher, "--mask", "--ids"], messages: line, in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let output = try OrderedJSON(Data(run.standardOutput.utf8), name: "output")
            #expect(output["text"] == .string("<s><|user|><|end|><|end|><|assistant|>Hm.<|end|>"))
            #expect(output["targets"] == .array([.string("Hm.<|end|>")]))
            guard case .array(let ids)? = output["ids"] else { throw UserError("no ids") }
            // The message's marker is text.
            #expect(ids.filter { $0 == ids.last }.count == 2)
        }
    }

    /// A line may be a list of messages with --ids and --mask too, and a chat that cannot be written is named by its line.
    @Test func listsWithIDsAndRefusals() throws {
        try withTemporaryDirectory { directory in
            let teacher = packageRoot.appending(path: "data/teacher").path
            let answered = #"[{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": "Hm."}]"#
            let run = try render([teacher, "--mask"], messages: answered, in: directory)
            #expect(
                run.status == 0 && run.standardOutput.contains(#""targets":["Hm.<|end|>"]"#),
                "\(run.standardError)")
            let reasoning = #"[{"role": "assistant", "content": "a", "reasoning_content": "r"}]"#
            let refused = try render(
                [teacher, "--mask"], messages: answered + "\n" + reasoning, in: directory)
            #expect(
                refused.status == 65
                    && refused.standardError.contains("chats.jsonl:2: message 1 has reasoning"),
                "\(refused.standardError)")
        }
    }

    @Test(arguments: [
        ("not JSON", ":1: not valid JSON"), (#"{"text": "a"}"#, ":1: no chat"),
        (#"{"messages": 3}"#, ":1: no chat"),
    ])
    func mistakesNameTheLine(_ line: String, _ problem: String) throws {
        try withTemporaryDirectory { directory in
            try Data("{{ messages[0].content }}".utf8).write(to: directory.appending(path: "chat.jinja"))
            let run = try render(["chat.jinja"], messages: line, in: directory)
            #expect(
                run.status == 65 && run.standardError.contains("chats.jsonl" + problem),
                "\(run.standardError)")
        }
    }

    /// A template that never ends, or writes without end, is an error of its chat.
    @Test(arguments: [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(t='x') %}{% for a in range(99) %}{% set n.t = n.t + n.t %}{% endfor %}{{ n.t }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ 'x' * 999999999999 }}",
    ])
    func aHostileTemplateEnds(_ jinja: String) throws {
        try withTemporaryDirectory { directory in
            try Data(jinja.utf8).write(to: directory.appending(path: "chat.jinja"))
            let run = try render(["chat.jinja"], messages: Self.chats, in: directory)
            #expect(run.status == 0 && run.standardOutput.hasPrefix(#"{"error":"#), "\(run.standardError)")
        }
    }
}
