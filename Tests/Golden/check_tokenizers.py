"""Compares the ids of texts with those of the `tokenizers` library, for vocabularies that are not part of the repository.

    python check_tokenizers.py DISTILL TOKENIZER.json ...

DISTILL is the command's path. For each vocabulary 10,000 made texts (code, emoji, CJK, Arabic, combining marks, zero-width
characters, digits, runs of blanks, control characters, spellings of special tokens) are encoded with
`DISTILL tokenizer encode TOKENIZER.json --jsonl` and by the library with `encode_special_tokens`; prints how many differ and the
first of them, and exits with 1 if any does. (The library's unigram models find special tokens in text even so; here they never do. So
the library is given such a model with other spellings for them, which no text has.)
"""

import json
import random
import subprocess
import sys

from tokenizers import Tokenizer

GROUPS = [
    ["the", "lamp", "It's", "don't", "WE'LL", "he'ſ", "naïve", "HTTPServer", "camelCase", "ABCdef", "über", "ǅungla", "ʰello",
     "привет", "МИР", "日本語", "テスト", "中文字", "한국어", "العربية", "שלום", "हिन्दी", "ไทย", "ℝ", "𐐀𐐨"],
    ["7", "42", "1234567", "3.14", "0x1F", "½", "²³", "Ⅷ", "٣٤٥", "१२३", "①②", "𝟙𝟚"],
    list(".,!?'\"`()[]{}<>=+-*/#$%^&|@\\_~—…“”«»、。¿€→") + ["...", "//", "->", "!=", "/\n", "\n/"],
    [" ", " ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "\r", " \n", "\u00a0", "\u3000", "\u2028", "\u0085", "\v", " " * 33],
    ["😀", "👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "1️⃣"],
    ["e\u0301", "a\u0308\u0304", "\u0301", "A\u030a", "\u212b", "ﬁ", "ｆｕｌｌ", "\u1100\u1161\u11a8", "o\u0323\u0308", "\u0344", "\u0958"],
    ["\u200b", "\u200c", "\u200d", "\ufeff", "\u00ad", "\u202e", "\ufe0f"],
    ["\0", "\x01", "\x1b[31m", "\x7f", "\x80", "\ufffd", "\uffff", "\U0010ffff", "\ue000", "\U000e0041"],
    ["<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>user\n", "<|im_end|>", "<|eot_id|>", "<0x0A>", "<bos>",
     "<start_of_turn>", "[INST]", "<|", "|>", "<tool_call>", "▁", "▁▁", "Ġ", "<mask>", "<unused5>"],
    ["def f(x):\n    return x**2\n", "a[i] += b[i];\n}\n\t", "https://example.com/a?b=c&d=e#f", "{\"a\": [1, null]}", "\\frac{1}{2}"],
]


def texts():
    rng = random.Random(20)

    def character():
        ranges = [(0x20, 0x7F), (0xA0, 0x600), (0x600, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000), (0x20000, 0x32000)]
        return chr(rng.randrange(*rng.choice(ranges)))

    yield from [""] + [text for group in GROUPS for text in group]
    for _ in range(10_000 - sum(map(len, GROUPS)) - 1):
        count = rng.randint(1, 30)
        if rng.random() < 0.8:
            yield "".join(rng.choice(rng.choice(GROUPS)) + rng.choice(["", "", " "]) for _ in range(count))
        else:
            yield "".join(character() for _ in range(count))


def library(content):
    """The library's tokenizer of a tokenizer.json, for which text that spells a special token is text."""
    parts = json.loads(content)
    model, added = parts["model"], parts["added_tokens"]
    if model.get("type") == "Unigram":
        for id in {token["id"] for token in added if token["special"]} | {model["unk_id"]}:
            if id < len(model["vocab"]):
                model["vocab"][id][0] = f"\U000f0000{id}"
        parts["added_tokens"] = [token for token in added if not token["special"]]
        parts["post_processor"] = None
    tokenizer = Tokenizer.from_str(json.dumps(parts))
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def main():
    distill, paths = sys.argv[1], sys.argv[2:]
    lines = list(texts())
    given = "".join(json.dumps(line) + "\n" for line in lines)
    differing = 0
    for path in paths:
        tokenizer = library(open(path).read())
        run = subprocess.run(
            [distill, "tokenizer", "encode", path, "--jsonl"], input=given, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{path}: {run.stderr.strip()}")
        ours = [[int(id) for id in line.split()] for line in run.stdout.split("\n")[:-1]]
        theirs = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
        wrong = [index for index in range(len(lines)) if index >= len(ours) or ours[index] != theirs[index]]
        print(f"{path}: {len(wrong)} of {len(lines)} differ")
        for index in wrong[:3]:
            print(f"    {lines[index]!r}: {theirs[index][:12]}, here {ours[index][:12] if index < len(ours) else None}")
        differing += len(wrong)
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
