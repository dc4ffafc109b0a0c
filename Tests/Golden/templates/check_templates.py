"""Holds `distill template render` against transformers on real chat templates, which are not committed.

    python check_templates.py FOLDER DISTILL [--show N]

FOLDER holds files NAME.jinja, for example those of the PyPI packages axolotl, trl, vllm and llama-cpp-python. DISTILL is the
command (with arguments before `template render` if need be). Each template is given CONVERSATIONS, with and without the
generation prompt; the text must equal `apply_chat_template`'s byte for byte, and where that raises there must be an
error. Prints what differs (N of each template, 3 unless given) and a summary; exits with 1 if anything does.

Needs transformers (last run with 5.24.0). A template that asks for the date is given the day of the run by both.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import tempfile

from transformers.utils.chat_template_utils import _normalize_chat_messages, render_jinja_template

CALL = {"type": "function", "id": "call00001", "function": {"name": "weather", "arguments": {"city": "Ulm", "days": 2, "exact": 1.0}}}
TOOLS = [
    {"type": "function", "function": {
        "name": "weather", "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "Its \"name\" & country"},
            "days": {"type": "integer", "enum": [1, 2, 3], "default": 1},
            "exact": {"type": ["number", "null"], "description": "L\u00e4nge <m>"},
            "names": {"type": "array", "items": {"type": "string"}},
        }, "required": ["city"]},
        "return": {"type": "string", "description": "One line"}}},
    {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}},
]


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def parts(*texts):
    return [{"type": "text", "text": text} for text in texts]


CONVERSATIONS = {
    "user alone": [turn("user", "Where is the lamp?")],
    "system": [turn("system", "Be brief."), turn("user", "Hi"), turn("assistant", "Hello.")],
    "several turns": [
        turn("user", " 2 + 2 \n"), turn("assistant", " 4\n"), turn("user", "And 3 + 3?"), turn("assistant", "6"), turn("user", "Why?")],
    "system, several turns": [
        turn("system", "  Spaces \n"), turn("user", "a"), turn("assistant", "b"), turn("user", "c"), turn("assistant", "d\n\n")],
    "nothing": [],
    "system alone": [turn("system", "Only this.")],
    "same role twice": [turn("user", "One."), turn("user", "Two."), turn("assistant", "x"), turn("assistant", "y"), turn("user", "z")],
    "empty content": [turn("system", ""), turn("user", ""), turn("assistant", ""), turn("user", "?")],
    "list content": [turn("system", parts("Be", " brief.")), turn("user", parts("Hi", "!")), turn("assistant", parts("Yes"))],
    "reasoning": [
        turn("user", "2 + 2?"), turn("assistant", "4", reasoning_content="Two and two."), turn("user", "3 + 3?"),
        turn("assistant", "<think>\nThree\n</think>\n\n6"), turn("user", "5?"), turn("assistant", "5", reasoning_content="\nFive.\n")],
    "tools": [turn("system", "Use tools."), turn("user", "Weather?")],
    "tool calls": [
        turn("user", "Weather in Ulm?"), turn("assistant", "", tool_calls=[CALL]),
        turn("tool", "{\"sun\": true}", name="weather", tool_call_id="call00001"), turn("assistant", "Sun."), turn("user", "Thanks")],
    "tool calls, none content": [
        turn("user", "W?"), turn("assistant", None, tool_calls=[CALL, {**CALL, "id": "call00002"}]),
        turn("tool", "a", name="weather", tool_call_id="call00001"), turn("tool", "b", name="weather", tool_call_id="call00002")],
    "arguments as text": [
        turn("user", "W?"),
        turn("assistant", "Let me see", tool_calls=[{**CALL, "function": {"name": "weather", "arguments": "{\"city\": \"Ulm\"}"}}]),
        turn("tool", "ok", name="weather", tool_call_id="call00001"), turn("assistant", "Fine.")],
    "other roles and characters": [
        turn("developer", "D"), turn("user", "\u00e9\U0001f600 <|im_end|> </s> {{ x }}\r\n\u2028\t\"q\" 'a' \\n"), turn("assistant", "\u65e5\u672c \u0000")],
    "assistant first": [turn("assistant", "Hello!"), turn("user", "Hi"), turn("assistant", "Bye", prefix=True)],
    "unknown role": [turn("user", "a"), turn("critic", "b")],
}
WITH_TOOLS = {"tools", "tool calls", "tool calls, none content", "arguments as text"}
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def expected(template, messages, tools, prompt):
    """What `apply_chat_template` renders, or None where it raises."""
    try:
        texts, _ = render_jinja_template(
            [_normalize_chat_messages(messages)], tools=tools, chat_template=template, add_generation_prompt=prompt, **VARIABLES)
        return texts[0]
    except Exception:
        return None


def rendered(command, template, records, prompt):
    """What the command prints for records: texts, or None for errors, and its messages."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("".join(json.dumps(record) + "\n" for record in records))
        file.flush()
        arguments = [*command, "template", "render", str(template), "--messages", file.name]
        for name, value in VARIABLES.items():
            arguments += ["--var", f"{name}={value}"]
        run = subprocess.run(arguments + ([] if prompt else ["--no-generation-prompt"]), capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.split("\n") if line]
    if len(lines) != len(records):
        # A template that cannot be read has no line for each record.
        return [None] * len(records), [run.stderr.strip() or f"{len(lines)} lines for {len(records)} records"] * len(records)
    return [line.get("text") for line in lines], [str(line.get("error", "")) for line in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("distill")
    parser.add_argument("--show", type=int, default=3)
    options = parser.parse_args()
    templates = sorted(options.folder.glob("*.jinja*"))
    count = differing = errors = wrong_templates = 0
    for path in templates:
        source, shown = path.read_text(encoding="utf-8"), 0
        for prompt in (True, False):
            records = [
                {"messages": messages} | ({"tools": TOOLS} if name in WITH_TOOLS else {})
                for name, messages in CONVERSATIONS.items()]
            texts, messages = rendered(shlex.split(options.distill), path, records, prompt)
            for name, record, text, message in zip(CONVERSATIONS, records, texts, messages):
                right = expected(source, record["messages"], record.get("tools"), prompt)
                count, errors = count + 1, errors + (right is None)
                if text == right:
                    continue
                differing, shown = differing + 1, shown + 1
                if shown <= options.show:
                    print(f"{path.name}: {name}, {'with' if prompt else 'without'} generation prompt")
                    print(f"    transformers: {right!r}\n    distill:      {text!r} {message}")
        wrong_templates += shown > 0
    print(f"{len(templates)} templates, {count} texts ({errors} errors): {differing} differ, in {wrong_templates} templates")
    raise SystemExit(differing > 0)


if __name__ == "__main__":
    main()
