#!/usr/bin/env python3
"""Checks `distill label ADDRESS` against a real server: llama-cpp-python's on loopback.

    exact      the signals are the probabilities that llama.cpp itself computes for the same tokens
    local      they are those of labelling the same GGUF file without a server, within llama.cpp's rounding of activations to 8 bits
    recorded   signals of answers, from log-probabilities that they came with, are those of labelling the same corpus without a server
    SIGTERM    ended and resumed: no document is asked twice, and the bytes are those of a run that was not ended
    SIGKILL    at most the requests in flight are asked again
    without    a server with --logits_all false is refused before the first document
    key        a key from the environment is in no file and no output

    python3 -m venv .venv && .venv/bin/pip install 'llama-cpp-python[server]' safetensors
    .venv/bin/python Tests/API/check_logprobs.py .build/release/distill MODEL.gguf

Ends with status 1 where a check fails.
"""

import json, os, signal, subprocess, time

import llama_cpp, numpy
from safetensors.numpy import load_file

from check_endpoint import CONCURRENCY, KEY, Proxy, Server, expect, main, wait_until_idle

K = 20
NOUNS = "river bread winter clock garden letter island mirror candle bridge forest hammer".split()


def chats():
    for noun in NOUNS:
        yield {"messages": [{"role": "user", "content": f"Where is the {noun}?"},
                            {"role": "assistant", "content": f"The {noun} is behind the house, where it has always been: \u201cby the wall\u201d \u2714."}]}


class Cache:
    """A signal cache: for each record its tokens, and for each position the entries and the tail."""

    def __init__(self, directory):
        self.records = []
        for shard in sorted(directory.glob("shard-*.safetensors")):
            columns = load_file(shard)
            tokens = numpy.split(columns["tokens"], numpy.cumsum(columns["token_counts"])[:-1])
            targets = numpy.unpackbits(columns["targets"], bitorder="little")[: len(columns["tokens"])].astype(bool)
            masks = numpy.split(targets, numpy.cumsum(columns["token_counts"])[:-1])
            positions = int(targets.sum())
            counts = columns.get("head_counts", numpy.full(positions, len(columns["head_ids"]) // positions))
            ids = numpy.split(columns["head_ids"], numpy.cumsum(counts)[:-1])
            values = numpy.split(2.0 ** -(columns["head_codes"] / 2048), numpy.cumsum(counts)[:-1])
            tails = 2.0 ** -(columns["tail_codes"] / 2048)
            position = 0
            for ids_of, mask in zip(tokens, masks):
                rows = numpy.flatnonzero(mask) - 1
                entries = [(dict(zip(ids[position + i].tolist(), values[position + i].tolist())), float(tails[position + i]))
                           for i in range(len(rows))]
                self.records.append((ids_of.tolist(), rows.tolist(), entries))
                position += len(rows)


def expect_close(ours, theirs):
    """Two caches of the same documents: over tokens that both name, llama.cpp's rounding of activations to 8 bits apart."""
    expect([record[:2] for record in ours.records] == [record[:2] for record in theirs.records], "the same tokens and targets")
    differences = []
    for (_, _, mine), (_, _, other) in zip(ours.records, theirs.records):
        for (one, _), (two, _) in zip(mine, other):
            if len(two) > 1:
                differences.append(sum(abs(one[id] - two[id]) for id in set(one) & set(two)) / 2)
    # Where a model has divided a word otherwise than its tokenizer does, it goes on from other tokens: few positions, which may differ by more.
    most = numpy.quantile(differences, 0.98)
    expect(numpy.mean(differences) < 0.05 and most < 0.2,
           f"total variation over common tokens: mean {numpy.mean(differences):.4f}, of 98% at most {most:.4f}, {len(differences)} positions")


def label(distill, model, output, *more):
    return [distill, "label", model, "--output", output, "--kind", "top_k", "--k", str(K), "--context", "128", "--loss-on", "assistant",
            *(() if "--corpus" in more else ("--corpus", "corpus.jsonl")), *more]


def check(distill, model, directory):
    (directory / "corpus.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats()))
    server = Server(model, directory)
    proxy = Proxy(server)
    environment = {**os.environ, "CHECK_KEY": KEY}
    output = ""

    def remote(name):
        return label(distill, proxy.address, name, "--model-name", "smollm2", "--key-variable", "CHECK_KEY", "--tokenizer", str(model),
                     "--concurrency", str(CONCURRENCY), "--retry-delay", "0.1")

    def run(command):
        nonlocal output
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=3600)
        output += done.stdout + done.stderr
        return done

    def documents():
        return [question for question, _ in proxy.asked if "assistant" in str(question) and str(question).endswith("<|im_end|>\n")]

    try:
        print("exact", flush=True)
        started = time.time()
        done = run(remote("remote"))
        expect(done.returncode == 0, f"exit code {done.returncode} in {time.time() - started:.0f} s: {done.stdout.strip()} {done.stderr[-400:]}")
        theirs = Cache(directory / "remote")
        expect(len(theirs.records) == len(NOUNS), f"{len(theirs.records)} documents")
        llama = llama_cpp.Llama(str(model), n_ctx=1024, logits_all=True, n_threads=2, verbose=False)
        worst, named, wanted, outside = 0.0, 0, 0, 0.0
        for ids, rows, entries in theirs.records:
            llama.reset()
            llama.eval(ids)
            logits = numpy.asarray(llama.scores[: len(ids)], dtype=numpy.float64)
            p = numpy.exp(logits - logits.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            for row, (entry, tail) in zip(rows, entries):
                top = numpy.argsort(-p[row])[:K]
                named += len(entry)
                wanted += K
                expect_set = set(entry) <= set(top.tolist()) | {ids[row + 1]}
                if not expect_set:
                    expect(False, f"row {row}: {set(entry) - set(top.tolist())} are not among the {K} likeliest")
                worst = max(worst, max((abs(value - p[row, id]) for id, value in entry.items()), default=0))
                outside = max(outside, abs(1 - sum(p[row, id] for id in entry) - tail))
        expect(worst < 2e-3 and outside < 4e-3, f"largest difference of a probability {worst:.1e}, of a tail {outside:.1e}")
        expect(named > 0.7 * wanted, f"{named} of {wanted} tokens are named without doubt; the others are in the tail")
        no_tail = sum(tail for _, _, entries in theirs.records for _, tail in entries) / sum(len(rows) for _, rows, _ in theirs.records)
        print(f"        mean mass of the tail {no_tail:.3f}")

        print("local", flush=True)
        done = run(label(distill, str(model), "local"))
        expect(done.returncode == 0, f"exit code {done.returncode} {done.stderr[-300:] if done.returncode else ''}")
        ours = Cache(directory / "local")
        expect_close(ours, theirs)

        print("recorded", flush=True)
        (directory / "prompts.txt").write_text("".join(f"Where is the {noun}, and why?\n" for noun in NOUNS))
        done = run([distill, "generate", proxy.address, "--prompts", "prompts.txt", "--output", "answers.jsonl", "--model-name", "smollm2",
                    "--key-variable", "CHECK_KEY", "--max-new-tokens", "40", "--temperature", "0.7", "--top-logprobs", str(K),
                    "--concurrency", str(CONCURRENCY)])
        expect(done.returncode == 0, f"exit code {done.returncode} {done.stdout.strip()} {done.stderr[-300:] if done.returncode else ''}")
        asked = len(proxy.asked)
        done = run(label(distill, proxy.address, "recorded", "--model-name", "smollm2", "--tokenizer", str(model), "--recorded",
                         "--corpus", "answers.jsonl"))
        expect(done.returncode == 0 and len(proxy.asked) == asked, f"without a request: {done.stdout.strip()} {done.stderr[-300:]}")
        done = run(label(distill, str(model), "answered", "--corpus", "answers.jsonl"))
        recorded = Cache(directory / "recorded")
        without = sum(len(entry) == 1 for _, _, entries in recorded.records for entry, _ in entries)
        expect(without <= 3 * len(NOUNS), f"{without} positions without a distribution, in {len(NOUNS)} answers")
        expect_close(Cache(directory / "answered"), recorded)

        print("SIGTERM", flush=True)
        proxy.reset(0)
        process = subprocess.Popen(remote("ended"), cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while process.poll() is None and len(documents()) < 4:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        output += process.communicate()[0]
        expect(process.returncode == 128 + signal.SIGTERM, f"ended with status {process.returncode} after {len(documents())} documents")
        expect(run(remote("ended")).returncode == 0, "resumed")
        expect(len(documents()) == len(set(documents())) == len(NOUNS), f"{len(documents())} documents were asked for, each once")
        for file in (directory / "ended").iterdir():
            expect(file.read_bytes() == (directory / "remote" / file.name).read_bytes(), f"{file.name} has the same bytes")

        print("SIGKILL", flush=True)
        proxy.reset(0)
        process = subprocess.Popen(remote("killed"), cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while process.poll() is None and len(documents()) < 4:
            time.sleep(0.01)
        process.kill()
        output += process.communicate()[0]
        wait_until_idle(proxy)
        expect(run(remote("killed")).returncode == 0, "resumed")
        twice = len(documents()) - len(NOUNS)
        expect(0 <= twice <= CONCURRENCY and len(set(documents())) == len(NOUNS), f"{twice} documents were asked for twice")

        print("without", flush=True)
        server.stop()
        server.options = ["--logits_all", "false"]
        server.start()
        proxy.reset(0)
        done = run([*remote("none"), "--retries", "1"])
        expect(done.returncode == 78 and "logits_all" in done.stderr and not documents(), done.stderr.strip().splitlines()[-1])

        print("key", flush=True)
        files = [path for path in directory.rglob("*") if path.is_file() and path != server.path and KEY.encode() in path.read_bytes()]
        expect(not files and KEY not in output, "the key is in no file and no output")
    finally:
        server.stop()


if __name__ == "__main__":
    main(check, __doc__)
