"""Hugging Face `datasets` opens what the stage `dataset` writes, whatever comes after its first lines.

    python check_dataset.py DISTILL

DISTILL is the command's path. `datasets` reads JSON in blocks of 10 MB and takes the types of columns from the first one of the first split. So
the first split has 12 MB of plain chats, then chats that call tools with arguments of other types, with weights, reasoning and `meta`, and a
text; the second split has none of these. Every record must come back as it was written. Exits with 1 if one does not.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import datasets


def chat(number, **more):
    question = {"role": "user", "content": f"question {number} " + "word " * 60}
    answer = {"role": "assistant", "content": f"answer {number} " + "text " * 100}
    return {"messages": [question, answer | more]}


def call(number, arguments):
    record = chat(number, tool_calls=[{"type": "function", "function": {"name": "find", "arguments": arguments}}])
    record["tools"] = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
    return record


def records():
    yield from (chat(number) for number in range(13_000))
    yield from (call(number, arguments) for number, arguments in enumerate([{"x": 1}, {"x": "one"}, {"y": [1, {"z": None}]}, {}]))
    yield chat(0, reasoning_content="because")
    yield chat(1, weight=0)
    yield chat(2) | {"meta": {"model": "m", "n": 1}}
    yield {"text": "a text"}


def without_nulls(value):
    """Drops keys without a value: `datasets` gives every message the keys of all."""
    return {key: item for key, item in value.items() if item is not None}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill")
    distill = str(pathlib.Path(parser.parse_args().distill).resolve())
    splits = {"train": list(records()), "test": [chat(number) for number in range(10)]}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, lines in splits.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        recipe = "name: check\nstages:\n  - dataset: {splits: {train: train.jsonl, test: test.jsonl}, title: T}\n"
        (folder / "recipe.yaml").write_text(recipe)
        subprocess.run([distill, "run", "recipe.yaml", "--quiet"], cwd=folder, check=True)
        loaded = datasets.load_dataset(str(folder / "runs/check/dataset"), cache_dir=str(folder / "cache"))
        wrong = 0
        for name, lines in splits.items():
            if len(loaded[name]) != len(lines):
                sys.exit(f"{name}: {len(loaded[name])} of {len(lines)} records")
            for written, read in zip(lines, loaded[name]):
                read = without_nulls(read)
                if "messages" in read:
                    read["messages"] = [without_nulls(message) for message in read["messages"]]
                for key in ["tools", "meta"]:
                    if key in read:
                        read[key] = json.loads(read[key])
                if read != written:
                    wrong += 1
                    print(f"{name}: wrote {written}\n  read {read}", file=sys.stderr)
        print(f"datasets {datasets.__version__}: {sum(map(len, splits.values()))} records, {wrong} differ")
        sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
