"""Compares a trimmed `tokenizer.json` vocabulary with the whole one, and with what other libraries make of it.

    python check_trimmed_tokenizer.py DISTILL WHOLE TRIMMED CORPUS...

DISTILL is the command's path, WHOLE a model or tokenizer, TRIMMED the directory that `distill tokenizer trim` or `distill prune` made
of it. The texts of CORPUS (.jsonl files) must have the same pieces in both; so must every one of 10,000 other texts
whose pieces are all kept. The `tokenizers` library and transformers' AutoTokenizer must find the same ids in TRIMMED as DISTILL,
and the ids must decode to the text (in composed form, and with spaces for U+2581). Exits with 1 if anything differs.
Needs tokenizers, transformers and gguf.
"""

import json
import pathlib
import subprocess
import sys
import unicodedata

from gguf import GGUFReader
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from check_tokenizers import texts


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            messages = [message["content"] for message in record.get("messages", [])]
            yield from messages + [record[key] for key in ("text", "prompt", "completion") if isinstance(record.get(key), str)]


def encode(distill, model, given):
    text = "".join(json.dumps(line) + "\n" for line in given)
    run = subprocess.run(
        [distill, "tokenizer", "encode", model, "--jsonl"], input=text, capture_output=True, text=True, check=True)
    return [[int(id) for id in line.split()] for line in run.stdout.split("\n")[:-1]]


def spellings(model):
    """The pieces of a vocabulary by their ids, from a GGUF file, a tokenizer.json or the directory of one."""
    if model.endswith(".gguf"):
        field = GGUFReader(model).fields["tokenizer.ggml.tokens"]
        return {id: bytes(field.parts[part]).decode() for id, part in enumerate(field.data)}
    path = model if model.endswith(".json") else str(pathlib.Path(model) / "tokenizer.json")
    vocabulary = Tokenizer.from_file(path).get_vocab(with_added_tokens=True)
    return {id: piece for piece, id in vocabulary.items()}


def normalized(text):
    """As vocabularies may rewrite a text: its composed form, and U+2581 for a space."""
    return unicodedata.normalize("NFC", text).replace("\u2581", " ")


def main():
    distill, whole, trimmed, *corpus = sys.argv[1:]
    large, small = spellings(whole), spellings(trimmed)
    problems = 0

    def expect(condition, message):
        nonlocal problems
        if not condition:
            problems += 1
            if problems <= 10:
                print(message)

    made = list(texts())
    given = [line for path in corpus for line in lines(path)]
    old, new = encode(distill, whole, given + made), encode(distill, trimmed, given + made)
    kept = set(small.values())
    covered = 0
    for index, (line, before, after) in enumerate(zip(given + made, old, new)):
        spelled = [large[id] for id in before]
        if index < len(given) or all(piece in kept for piece in spelled):
            covered += index >= len(given)
            expect([small[id] for id in after] == spelled, f"divided otherwise: {line!r}")
    fast = Tokenizer.from_file(str(pathlib.Path(trimmed) / "tokenizer.json"))
    fast.no_truncation()
    fast.encode_special_tokens = True
    auto = AutoTokenizer.from_pretrained(trimmed, split_special_tokens=True)
    for line, after in zip(given + made, new):
        expect(fast.encode(line, add_special_tokens=False).ids == after, f"tokenizers: {line!r}")
        expect(auto(line, add_special_tokens=False)["input_ids"] == after, f"transformers: {line!r}")
        expect(normalized(fast.decode(after, skip_special_tokens=False)) == normalized(line), f"decoded otherwise: {line!r}")
    print(f"{len(given)} texts of the corpus, {len(made)} others of which {covered} have pieces that are all kept; "
          f"{len(large)} pieces trimmed to {len(small)}: {problems} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
