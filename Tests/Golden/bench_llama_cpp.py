"""Rates of llama.cpp beside those of `distill bench`, in turns, on two threads.

    python bench_llama_cpp.py MODEL.gguf [--distill .build/release/distill] [--turns 5] [--parts label "decode 1" ...]

Parts: `label`, the logits at each of 512 positions of a sequence; `decode N`, 64 tokens written to each of N prompts of
16 tokens at once, the likeliest each time. Prints the median rate of each program in tokens/s and their ratio. Without
--distill only llama.cpp is measured. What llama.cpp is timed for is its own work and a numpy argmax; distill's rates
contain the 64 likeliest tokens of a labelled position, and sampling.

Needs numpy and llama-cpp-python built for this machine (from its source package). Last run with llama-cpp-python 0.3.36.
"""

import argparse
import json
import statistics
import subprocess
import time

import llama_cpp
import numpy

PROMPT, NEW, LABELLED = 16, 64, 512


class Model:
    def __init__(self, path, sequences, tokens):
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = sequences * tokens
        parameters.n_batch = parameters.n_ubatch = 512
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = 2
        parameters.kv_unified = True
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.batch = llama_cpp.llama_batch_init(512, 0, 1)
        self.random = numpy.random.default_rng(0)

    def clear(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def decode(self, rows):
        """Rows of (token, position, sequence, wants logits)."""
        self.batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            self.batch.token[i], self.batch.pos[i] = int(token), position
            self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, sequence
            self.batch.logits[i] = wanted
        assert llama_cpp.llama_decode(self.context, self.batch) == 0

    def likeliest(self, row):
        logits = llama_cpp.llama_get_logits_ith(self.context, row)
        return numpy.ctypeslib.as_array(logits, (self.vocabulary,)).argmax()

    def label(self):
        self.clear()
        rows = [(token, i, 0, 1) for i, token in enumerate(self.random.integers(0, self.vocabulary, LABELLED))]
        start = time.perf_counter()
        self.decode(rows)
        llama_cpp.llama_synchronize(self.context)
        return LABELLED / (time.perf_counter() - start)

    def write(self, sequences):
        self.clear()
        prompts = self.random.integers(0, self.vocabulary, (sequences, PROMPT))
        start = time.perf_counter()
        rows = [(t, i, s, i == PROMPT - 1) for s, prompt in enumerate(prompts) for i, t in enumerate(prompt)]
        last = {}
        for first in range(0, len(rows), 512):
            part = rows[first : first + 512]
            self.decode(part)
            last |= {row[2]: self.likeliest(i) for i, row in enumerate(part) if row[3]}
        for position in range(PROMPT, PROMPT + NEW - 1):
            self.decode([(last[s], position, s, 1) for s in range(sequences)])
            last = {s: self.likeliest(s) for s in range(sequences)}
        return sequences * NEW / (time.perf_counter() - start)


def distill(command, model, part):
    output = subprocess.run(
        [command, "bench", model, "--part", part, "--context", str(LABELLED), "--runs", "1", "--json"],
        check=True, capture_output=True, text=True)
    return json.loads(output.stdout)["parts"][part]["tokens_per_second"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--distill")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--parts", nargs="+", default=["label", "decode 1", "decode 32"])
    arguments = parser.parse_args()
    sequences = max([int(part.split()[1]) for part in arguments.parts if part != "label"], default=1)
    llama = Model(arguments.model, sequences, max(PROMPT + NEW, LABELLED // sequences + 1))
    for part in arguments.parts:
        measure = llama.label if part == "label" else lambda: llama.write(int(part.split()[1]))
        measure()
        theirs, ours = [], []
        for _ in range(arguments.turns):
            theirs.append(measure())
            if arguments.distill:
                ours.append(distill(arguments.distill, arguments.model, part))
        line = f"{part:10} llama.cpp {statistics.median(theirs):7.1f}"
        if ours:
            ratio = statistics.median(ours) / statistics.median(theirs)
            line += f"   distill {statistics.median(ours):7.1f}   {ratio:.2f} x"
        print(line, flush=True)
