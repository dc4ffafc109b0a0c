"""Trims the vocabularies in ../tokenization and encodes texts with what is left, by sentencepiece.

    python generate.py DISTILL        # the built command; writes beside itself, then manifest.json

text.jsonl         the text that must be divided as before
NAME.model         the trimmed vocabularies, as `distill tokenizer trim` writes them
ids.json           for each of them the ids that sentencepiece finds, for that text and for others

Needs sentencepiece.
"""

import hashlib
import json
import pathlib
import random
import subprocess
import sys

import sentencepiece

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {"unigram": 315, "bpe": 345, "prefixed": 360, "rewriting": 80}


def texts():
    rng = random.Random(21)
    for _ in range(40):
        person, thing = rng.choice(["Ada", "Bo", "Élise"]), rng.choice(["lamp", "key", "café table"])
        yield f"{person} takes the {thing} to the {rng.choice(['hall', 'tower'])}, and {rng.randint(1, 40)} boats."


if __name__ == "__main__":
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts()]
    (HERE / "text.jsonl").write_text("\n".join(lines) + "\n")
    others = json.loads((HERE.parent / "tokenization" / "bpe.json").read_text())["encoded"]
    results = {}
    for name, size in SIZES.items():
        model = HERE / f"{name}.model"
        print(subprocess.run(
            [sys.argv[1], "tokenizer", "trim", str(HERE.parent / "tokenization" / f"{name}.model"),
             str(HERE / "text.jsonl"), "--size", str(size), "--output", str(model)],
            check=True, capture_output=True, text=True).stdout.strip())
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        assert processor.vocab_size() == size
        whole = sentencepiece.SentencePieceProcessor(model_file=str(HERE.parent / "tokenization" / f"{name}.model"))
        for text in texts():
            assert processor.encode(text, out_type=str) == whole.encode(text, out_type=str), text
        found = [*texts(), *(case["text"] for case in others)]
        results[name] = [{"text": text, "ids": processor.encode(text)} for text in found]
    (HERE / "ids.json").write_text(json.dumps(results, ensure_ascii=True, separators=(",", ":")) + "\n")
    files = sorted(path for path in HERE.iterdir() if path.suffix in (".json", ".jsonl", ".model") and path.name != "manifest.json")
    manifest = {
        "versions": {"sentencepiece": sentencepiece.__version__},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
