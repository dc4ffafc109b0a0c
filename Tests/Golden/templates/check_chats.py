"""Compares the token ids of chats, and what is trained on of them, with transformers' on a real model.

    python check_chats.py DISTILL MODEL [--chats 1000] [--seed 1]

MODEL is a Hugging Face directory or a GGUF file with a chat template. The vocabulary of a GGUF file is written as tokenizer.json
first, by `distill tokenizer convert`: transformers' own reader of GGUF files leaves out how some vocabularies divide digits. Made chats, with and without a system turn, of one to four
questions, with odd characters and white space but no special token spelt out, are rendered and encoded by `apply_chat_template`
and by `distill template render --ids`; text and ids must be equal. Chats that the template refuses must be refused by both.
Needs transformers, gguf, torch (last run with transformers 5.24.0).
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from transformers import AutoTokenizer, PreTrainedTokenizerFast

PARTS = [
    "lamp", " the harbour", "Where", "?", "!", ".", ",", " ", "  ", "\n", "\n\n", "\t", "\r\n", "é", "e\u0301", "東京", "🙂", "ﬁ",
    "12", "3.5", "<", "|", ">", "<think>", "{{ x }}", "{% if %}", "\"", "'", "\\", "_", "don't", "\u00a0", "\u200b", "###", "[INST",
]


def text(rng):
    return "".join(rng.choice(PARTS) for _ in range(rng.randrange(12)))


def chat(rng):
    messages = [{"role": "system", "content": text(rng)}] if rng.random() < 0.4 else []
    for turn in range(rng.randrange(1, 5)):
        messages.append({"role": "user", "content": text(rng)})
        messages.append({"role": "assistant", "content": text(rng)})
    return messages[:-1] if rng.random() < 0.5 else messages


def from_gguf(options):
    own = AutoTokenizer.from_pretrained(options.model.parent, gguf_file=options.model.name)
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "tokenizer.json"
        subprocess.run([options.distill, "tokenizer", "convert", str(options.model), "--output", str(file)], check=True)
        return PreTrainedTokenizerFast(
            tokenizer_file=str(file), chat_template=own.chat_template, bos_token=own.bos_token,
            eos_token=own.eos_token, unk_token=own.unk_token, pad_token=own.pad_token,
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("distill")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--chats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.model.is_dir():
        tokenizer = AutoTokenizer.from_pretrained(options.model)
    else:
        tokenizer = from_gguf(options)
    rng = random.Random(options.seed)
    chats = [chat(rng) for _ in range(options.chats)]
    wrong = 0
    for prompt in [True, False]:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps({"messages": messages}) + "\n" for messages in chats)
            file.flush()
            flags = ["--ids"] + ([] if prompt else ["--no-generation-prompt"])
            command = [options.distill, "template", "render", str(options.model), "--messages", file.name]
            output = subprocess.run(command + flags, check=True, capture_output=True, text=True).stdout
        for messages, line in zip(chats, output.splitlines(), strict=True):
            ours = json.loads(line)
            try:
                theirs = {
                    "text": tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt),
                    "ids": list(
                        tokenizer.apply_chat_template(
                            messages, tokenize=True, return_dict=True, add_generation_prompt=prompt
                        )["input_ids"]
                    ),
                }
            except Exception as error:
                theirs = {"error": str(error)}
            if ours != theirs and not ("error" in ours and "error" in theirs):
                wrong += 1
                if wrong <= 3:
                    print("chat:  ", json.dumps(messages), "\nours:  ", ours, "\ntheirs:", theirs)
    print(f"{wrong} of {2 * len(chats)} renderings differ")
    sys.exit(1 if wrong else 0)


main()
