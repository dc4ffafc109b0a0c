"""Precision and recall of near-duplicates on a corpus with planted ones, beside those of datasketch.

    python check_deduplication.py DISTILL [--records 20000] [--threshold 0.8]

DISTILL is the command's path. A corpus of made texts has near-duplicates planted at all similarities: copies with some words replaced,
left out or moved. The truth is computed by brute force: in order, a record is a duplicate if its set of shingles (3 words, lower case)
has a Jaccard similarity of at least the threshold with one that was kept. `distill filter` and datasketch's MinHashLSH (128 permutations, the
same shingles and threshold, records in order, with and without an exact comparison of its candidates) are held against it. Prints
precision, recall and seconds of each, and exits with 1 if distill removes a record that is no duplicate or finds less than 99% of them.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SIZE = 3


def corpus(count, rng):
    words = ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 9))) for _ in range(5000)]
    texts = []
    for _ in range(count):
        if texts and rng.random() < 0.4:
            text = list(rng.choice(texts))
            for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5, 8])):
                place = rng.randrange(len(text))
                change = rng.random()
                if change < 0.6:
                    text[place] = rng.choice(words)
                elif change < 0.8 and len(text) > 5:
                    del text[place]
                else:
                    text.insert(rng.randrange(len(text)), text.pop(place))
        else:
            text = [rng.choice(words) for _ in range(rng.randint(10, 120))]
        texts.append(text)
    return texts


def shingles(text):
    size = min(SIZE, len(text))
    return {" ".join(text[i : i + size]) for i in range(len(text) - size + 1)}


def jaccard(a, b):
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def exact(sets, threshold):
    """The duplicates: records that are near one that was kept."""
    index, duplicates = {}, set()
    for number, own in enumerate(sets):
        near = {other for shingle in own for other in index.get(shingle, ())}
        if any(jaccard(own, sets[other]) >= threshold for other in near):
            duplicates.add(number)
            continue
        for shingle in own:
            index.setdefault(shingle, []).append(number)
    return duplicates


def datasketch_duplicates(sets, threshold, verify):
    from datasketch import MinHash, MinHashLSH

    lsh, duplicates = MinHashLSH(threshold=threshold, num_perm=128), set()
    for number, own in enumerate(sets):
        hashes = MinHash(num_perm=128)
        hashes.update_batch([shingle.encode() for shingle in own])
        near = lsh.query(hashes)
        if any(not verify or jaccard(own, sets[other]) >= threshold for other in near):
            duplicates.add(number)
        else:
            lsh.insert(number, hashes)
    return duplicates


def distill_duplicates(distill, texts, threshold):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(folder / "corpus.jsonl", "w") as file:
            file.writelines(json.dumps({"text": " ".join(text)}) + "\n" for text in texts)
        subprocess.run(
            [distill, "filter", folder / "corpus.jsonl", "--filter", f"kind: near_duplicates, threshold: {threshold}, ngram: {SIZE}",
             "--output", folder / "kept.jsonl", "--removed", folder / "removed.jsonl", "--json", "--quiet"],
            check=True, stdout=subprocess.DEVNULL)
        with open(folder / "removed.jsonl") as file:
            return {json.loads(line)["line"] - 1 for line in file}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("distill")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--threshold", type=float, default=0.8)
    options = parser.parse_args()
    texts = corpus(options.records, random.Random(7))
    sets = [shingles(text) for text in texts]
    truth = exact(sets, options.threshold)
    print(f"{len(texts)} records, {len(truth)} duplicates at {options.threshold}")

    def measure(name, find):
        start = time.monotonic()
        found = find()
        seconds = time.monotonic() - start
        precision = len(found & truth) / max(len(found), 1)
        recall = len(found & truth) / max(len(truth), 1)
        print(f"{name:32} precision {precision:.4f}  recall {recall:.4f}  {seconds:7.1f} s")
        return precision, recall

    precision, recall = measure("distill", lambda: distill_duplicates(options.distill, texts, options.threshold))
    measure("datasketch", lambda: datasketch_duplicates(sets, options.threshold, False))
    measure("datasketch, compared exactly", lambda: datasketch_duplicates(sets, options.threshold, True))
    # A missed duplicate is kept, and what resembles it alone is removed, too: precision falls with recall.
    if precision < 0.999 or recall < 0.99:
        sys.exit("near-duplicates are worse than they should be")


if __name__ == "__main__":
    main()
