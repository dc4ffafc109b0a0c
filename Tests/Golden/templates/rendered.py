"""Writes the token ids that transformers gives chats rendered by models' own templates.

    python rendered.py

Reads the tokenizer.json files of ../tokenizers, renders made chats with made templates by `apply_chat_template`, and writes
rendered.json: for each template its Jinja; for each chat, tokenizer and template the text, the ids and, where the template has
`generation` blocks, the mask of the assistant's tokens. Needs transformers (last run with 5.24.0).
"""

import json
import pathlib

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
TOKENIZERS = ["added", "gemma", "gpt2", "llama2", "llama3", "metaspace", "qwen", "smollm", "tekken"]

TEMPLATES = {
    # A marker before every message, and one behind it.
    "markers": "{% for m in messages %}<|user|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
    # A system turn where the chat has none; messages are trimmed.
    "default-system": "<|begin|>{% if messages[0].role != 'system' %}<|user|>system\nYou are small.<|end|>\n{% endif %}"
    "{% for m in messages %}<|user|>{{ m['role'] }}\n{{ m['content'] | trim }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
    # Instructions in brackets: the answer begins with a space, and the system turn joins the user's.
    "brackets": "<|begin|>{% set ns = namespace(system='') %}{% for m in messages %}"
    "{% if m.role == 'system' %}{% set ns.system = m.content + '\n\n' %}"
    "{% elif m.role == 'user' %}[I] {{ ns.system + m.content }} [/I]{% set ns.system = '' %}"
    "{% else %} {{ m.content }}<|end|>{% endif %}{% endfor %}",
    # Earlier answers lose what they thought; the last one has a block even if it thought nothing.
    "thinking": "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}<|user|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.index0 > ns.last %}<think>\n{{ m.reasoning_content | default('') }}\n</think>\n\n"
    "{% endif %}{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
    # The template says itself what the assistant writes.
    "generation": "{% for m in messages %}<|user|>{{ m.role }}\n{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}<|end|>{% endgeneration %}{% else %}{{ m.content }}<|end|>{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|user|>assistant\n{% endif %}",
}

CHATS = [
    [("user", "Where is the lamp?")],
    [("system", "Be brief."), ("user", " Where is it? \n"), ("assistant", "In the harbour."), ("user", "Why?")],
    [("user", "2 + 2"), ("assistant", " 4\n"), ("user", "\n\nAnd 3 + 3?"), ("assistant", "6")],
    [("user", "naïve café — ﬁne, 東京 🙂"), ("assistant", "  two  spaces\tand a tab\r\nand lines\n\n")],
    [("user", "a"), ("assistant", "b", "First a, then b."), ("user", "c"), ("assistant", "d", "After c: d.")],
    [("user", ""), ("assistant", "")],
]


def messages(chat):
    return [
        {"role": role, "content": content} | ({"reasoning_content": more[0]} if more else {})
        for role, content, *more in chat
    ]


def main():
    cases = []
    for name in TOKENIZERS:
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_file(str(HERE.parent / "tokenizers" / f"{name}.json"))
        )
        for template, jinja in TEMPLATES.items():
            for index, chat in enumerate(CHATS):
                for prompt in [False, True]:
                    options = dict(chat_template=jinja, add_generation_prompt=prompt)
                    has_blocks = "generation %}" in jinja and not prompt
                    encoded = tokenizer.apply_chat_template(
                        messages(chat), tokenize=True, return_dict=True,
                        return_assistant_tokens_mask=has_blocks, **options
                    )
                    case = {"tokenizer": name, "template": template, "chat": index, "prompt": prompt}
                    if name == TOKENIZERS[0]:  # It does not depend on the tokenizer.
                        case["text"] = tokenizer.apply_chat_template(messages(chat), tokenize=False, **options)
                    case["ids"] = encoded["input_ids"]
                    if has_blocks:
                        case["mask"] = encoded["assistant_masks"]
                    cases.append(case)
    data = {
        "templates": TEMPLATES,
        "chats": [messages(chat) for chat in CHATS],
        "cases": cases,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    (HERE / "rendered.json").write_text(text + "\n", encoding="utf-8")
    print(len(cases), "cases,", len(text), "characters")


main()
