"""Opens a student in both forms that distill writes, the Hugging Face directory with transformers and the GGUF file with
llama.cpp, and compares ids and logits.

    python check_written.py --distill PATH/TO/distill DIRECTORY MODEL.gguf

The ids of made lines (code, emoji, CJK, Arabic, combining marks, digits, blanks, spellings of special tokens as plain text)
must be equal in distill on both, transformers' tokenizer and llama.cpp. llama.cpp composes no characters where a vocabulary
asks for it (NFC, Qwen's): it is given texts that are composed already. The logits at each position of a text are compared as
distributions: mean KL from transformers on the directory to llama.cpp on the file. Exit code 0 means that all ids agree and
the KL is below 1e-3: give an F32 file (5e-5 is seen: llama.cpp stores keys and values in half precision) or an F16 one (1e-4:
activations too). Of quantized weights the KL measures the rounding.

Needs torch, transformers and llama-cpp-python. Last run with torch 2.15.0, transformers 5.24.0 and llama-cpp-python 0.3.36.
"""

import argparse
import json
import random
import subprocess
import unicodedata

import llama_cpp
import numpy
import torch
import transformers

PARTS = [
    "def f(x):\n    return x ** 2", "The mill by the river grinds at night.", "it's we'll I'M 3.14 1,000,000",
    "naïve café e\u0301\u0327", "漢字かな交じり文", "مرحبا بالعالم", "🙂👩‍👩‍👧 🇫🇷", "\t\tfor (;;) {}\r\n", "   ", "\u200b\u200d\u00a0",
    "<|im_end|>", "</s>", "{\"a\": [1, 2]}", "Ωμέγα",
    "x" * 40, "\n\n\n", "#include <stdio.h>", "C'est l'été", "한국어 문장", "\x07\x1b",
]


def lines(count):
    generator = random.Random(17)
    return [generator.choice(["", " "]).join(generator.choices(PARTS, k=generator.randint(1, 6))) for _ in range(count)]


def encoded(distill, model, texts):
    run = subprocess.run(
        [distill, "tokenizer", "encode", model, "--jsonl"], input="".join(json.dumps(t) + "\n" for t in texts),
        capture_output=True, text=True, check=True)
    return [[int(i) for i in line.split()] for line in run.stdout.split("\n")[: len(texts)]]


def log_probabilities(logits):
    return torch.log_softmax(torch.as_tensor(numpy.asarray(logits)).double(), -1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("directory")
    parser.add_argument("gguf")
    options = parser.parse_args()

    texts = lines(options.lines)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.directory)
    llama = llama_cpp.Llama(options.gguf, n_ctx=512, n_threads=2, logits_all=True, verbose=False)
    ours = encoded(options.distill, options.directory, texts)
    composes = "NFC" in str(tokenizer.backend_tokenizer.normalizer)
    composed = [unicodedata.normalize("NFC", t) if composes else t for t in texts]
    others = {
        "distill on the GGUF file": encoded(options.distill, options.gguf, texts),
        "transformers": tokenizer(texts, add_special_tokens=False, split_special_tokens=True).input_ids,
        "llama.cpp": [llama.tokenize(t.encode(), add_bos=False, special=False) for t in composed],
    }
    wrong = 0
    for name, ids in others.items():
        different = [i for i in range(len(texts)) if list(ids[i]) != ours[i]]
        wrong += len(different)
        print(f"{name}: {len(different)} of {len(texts)} lines differ from distill on the directory")
        for i in different[:3]:
            print(f"  {texts[i]!r}: {list(ids[i])[:12]} and {ours[i][:12]}")

    model = transformers.AutoModelForCausalLM.from_pretrained(options.directory, dtype=torch.float32).eval()
    ids = [i for line in ours[:60] for i in line][:256]
    with torch.no_grad():
        p = log_probabilities(model(torch.tensor([ids])).logits[0])
    llama.eval(ids)
    q = log_probabilities(llama.scores[: len(ids)])
    kl = (p.exp() * (p - q)).sum(-1)
    same = (p.argmax(-1) == q.argmax(-1)).double().mean()
    print(f"{len(ids)} positions: mean KL {kl.mean():.2e}, largest {kl.max():.2e}, same top {same:.2%}")
    raise SystemExit(0 if wrong == 0 and kl.mean() < 1e-3 else 1)


if __name__ == "__main__":
    main()
