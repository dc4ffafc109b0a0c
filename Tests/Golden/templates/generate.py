"""Writes chats as the model families' own documentation gives their formats, to hold our templates against.

    python generate.py

Reads jinja.json: our templates, as `ChatTemplate.jinja` gives them. Each is rendered by transformers' engine and must give
the text that the format's definition here gives; texts.json then holds those texts. Needs transformers (last run with
5.24.0).

Reads published.json too: templates that models are published with, and in which form ours renders the same. Each is held
against our template for every chat that it does not refuse.
"""

import json
import pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = pathlib.Path(__file__).parent
CHATS = [
    [("user", "Where is the lamp?")],
    [("system", "Be brief."), ("user", " Where is the lamp? "), ("assistant", "In the hall."), ("user", "Why?")],
    [("user", "2 + 2"), ("assistant", " 4\n"), ("user", "And 3 + 3?"), ("assistant", "6")],
]


def exchange(chat, fold):
    """The chat without system turns: they are put before the next user's content."""
    held, result = "", []
    for role, content in chat:
        if role == "system":
            held += fold(content.strip())
        else:
            result.append((role, (held if role == "user" else "") + content.strip()))
            held = "" if role == "user" else held
    return result


def gemma(chat, prompt):
    names = {"user": "user", "assistant": "model"}
    turns = exchange(chat, lambda text: text + "\n\n")
    text = "".join(f"<start_of_turn>{names[role]}\n{content}<end_of_turn>\n" for role, content in turns)
    return "<s>" + text + ("<start_of_turn>model\n" if prompt else "")


def llama2(chat, prompt):
    turns = exchange(chat, lambda text: f"<<SYS>>\n{text}\n<</SYS>>\n\n")
    return "".join(f"<s>[INST] {text} [/INST]" if role == "user" else f" {text}</s>" for role, text in turns)


def mistral(chat, prompt):
    turns = exchange(chat, lambda text: text + "\n\n")
    return "<s>" + "".join(f"[INST] {text} [/INST]" if role == "user" else f" {text}</s>" for role, text in turns)


def zephyr(chat, prompt):
    return "<s>" + "".join(f"<|{role}|>\n{text}</s>\n" for role, text in chat) + ("<|assistant|>\n" if prompt else "")


def phi3(chat, prompt):
    # The markers take the white space behind them away.
    return "<s>" + "".join(f"<|{role}|>{text.strip()}<|end|>" for role, text in chat) + ("<|assistant|>" if prompt else "")


def chatml(chat, prompt):
    text = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in chat)
    return "<s>" + text + ("<|im_start|>assistant\n" if prompt else "")


def plain(chat, prompt):
    forms = {"system": "{}\n\n", "user": "User: {}\n", "assistant": "Assistant: {}\n\n"}
    return "<s>" + "".join(forms[role].format(text) for role, text in chat) + ("Assistant:" if prompt else "")


FORMATS = {"gemma": gemma, "llama-2": llama2, "mistral": mistral, "zephyr": zephyr, "phi-3": phi3, "chatml": chatml,
           "plain": plain}

def probes():
    """Chats with and without a system turn, white space around messages, an answer or none at the end."""
    users, answers = ["Where is it?", " Hi \n", "2 < 3"], ["In the hall.", " yes \n", "no"]
    for system in [None, "Be brief.", " Be brief. \n"]:
        for turns in range(1, 4):
            chat = [] if system is None else [("system", system)]
            for index in range(turns):
                chat = chat + [("user", users[index])]
                yield chat
                chat = chat + [("assistant", answers[index])]
            yield chat


def check_published(templates):
    for entry in json.loads((HERE / "published.json").read_text()):
        ours = templates[entry["template"]]
        if not entry["begins"]:
            ours = ours.replace("{{ bos_token }}", "")
        if entry["template"] == "gemma" and not entry["trims_system"]:
            ours = ours.replace("held.text + '' + (message['content'] | trim)", "held.text + '' + (message['content'])")
        published, ours = _compile_jinja_template(entry["jinja"]), _compile_jinja_template(ours)
        compared = 0
        for chat in probes():
            messages = [{"role": role, "content": content} for role, content in chat]
            for prompt in [False, True] if chat[-1][0] == "user" else [False]:
                values = dict(messages=messages, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>")
                try:
                    wanted = published.render(**values)
                except Exception:
                    continue
                found = ours.render(**values)
                assert found == wanted, f"{entry['model']}: {found!r}, not {wanted!r}"
                compared += 1
        print(f"{entry['model']}: {compared} chats")


if __name__ == "__main__":
    templates = json.loads((HERE / "jinja.json").read_text())
    check_published(templates)
    cases = []
    for name, format in FORMATS.items():
        compiled = _compile_jinja_template(templates[name])
        for chat in CHATS:
            messages = [{"role": role, "content": content} for role, content in chat]
            for prompt in [False, True]:
                text = format(chat, prompt)
                found = compiled.render(
                    messages=messages, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>")
                assert found == text, f"{name}: {found!r}, not {text!r}"
                cases.append({"template": name, "messages": messages, "prompt": prompt, "text": text})
    (HERE / "texts.json").write_text(json.dumps(cases, indent=1) + "\n")
    print(f"{len(cases)} chats")
