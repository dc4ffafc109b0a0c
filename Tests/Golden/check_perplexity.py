"""Compares `distill evaluate perplexity` with transformers, and with llama.cpp's own llama-perplexity, on the same files.

    python check_perplexity.py --distill PATH/TO/distill MODEL [TEXT …] [--context 256] [--gguf MODEL.gguf] [--llama PATH/TO/llama-perplexity]

MODEL is a Hugging Face directory or a GGUF file; each TEXT is a text file, a built-in one if left out. What transformers
says is Hugging Face's guide "Perplexity of fixed-length models": the whole file through the model's own tokenizer, windows of
CONTEXT tokens that advance by half of it, the mean over all scored tokens; for a GGUF file with the weights as transformers
dequantizes them. --llama runs llama-perplexity on --gguf (or MODEL), and --convention llama.cpp on the same file. Exit code 0
means that the numbers of tokens are equal and the NLLs within 1e-4 of transformers, 1e-3 of llama.cpp in F32 and 0.5% of it
where weights are quantized.

llama-perplexity is built from the source package of llama-cpp-python: `pip download --no-binary llama-cpp-python --no-deps
llama-cpp-python`, then `cmake -S vendor/llama.cpp -B build && cmake --build build --target llama-perplexity`.

Needs torch, transformers, sentencepiece, and gguf for GGUF files.
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import tempfile

import torch
import transformers

TEXT = "\n\n".join(
    f"Valley {n} has {n * 7 % 12 + 2} mills.\nThe oldest stands by bridge {n * 5 % 9 + 1}, and its miller keeps {n} goats."
    for n in range(1, 40)
)


def load(path):
    path = pathlib.Path(path)
    where, more = (path, {}) if path.is_dir() else (path.parent, {"gguf_file": path.name})
    tokenizer = transformers.AutoTokenizer.from_pretrained(where, **more)
    model = transformers.AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32, **more).eval()
    return tokenizer, model


def guide(tokenizer, model, text, context):
    """The guide's loop, with the losses of a window's own tokens summed as they are."""
    ids = tokenizer(text, return_tensors="pt").input_ids
    total, count, previous_end = 0.0, 0, 0
    for begin in range(0, ids.size(1), context // 2):
        end = min(begin + context, ids.size(1))
        new = end - previous_end
        window = ids[:, begin:end]
        with torch.no_grad():
            logits = model(window).logits[0, :-1].double()
        losses = torch.nn.functional.cross_entropy(logits, window[0, 1:], reduction="none")[-new:]
        total, count = total + losses.sum().item(), count + len(losses)
        previous_end = end
        if end == ids.size(1):
            break
    return total / count, count


def llama(binary, gguf, file, context):
    run = subprocess.run(
        [binary, "-m", gguf, "-f", str(file), "-c", str(context), "-b", str(context), "--no-warmup", "-t", "2"],
        capture_output=True, text=True)
    found = re.search(r"PPL = ([0-9.]+)", run.stdout + run.stderr)
    chunks = re.search(r"over (\d+) chunks", run.stdout + run.stderr)
    assert found and chunks, run.stdout + run.stderr
    return math.log(float(found[1])), int(chunks[1]) * (context - 1 - context // 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--llama")
    parser.add_argument("--gguf")
    parser.add_argument("--skip-guide", action="store_true")
    parser.add_argument("model")
    parser.add_argument("texts", nargs="*")
    options = parser.parse_args()
    context = options.context

    with tempfile.TemporaryDirectory() as directory:
        files = [pathlib.Path(text) for text in options.texts]
        if not files:
            files = [pathlib.Path(directory) / "text.txt"]
            files[0].write_text(TEXT)

        def ours(path, file, *more):
            command = [options.distill, "evaluate", "perplexity", path, "--data", str(file), "--json"]
            command += ["--context", str(context), *more]
            return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["models"][0]

        tokenizer, model = (None, None) if options.skip_guide else load(options.model)
        for file in files:
            if not options.skip_guide:
                nll, count = guide(tokenizer, model, file.read_text(), context)
                compare(f"{file.name}, hf, context {context}", ours(options.model, file), nll, count, 1e-4)
            if options.llama:
                gguf = options.gguf or options.model
                nll, count = llama(options.llama, gguf, file, context)
                isFloat = "f32" in pathlib.Path(gguf).name.lower()
                compare(f"{file.name}, llama.cpp, context {context}", ours(gguf, file, "--convention", "llama.cpp"),
                        nll, count, 1e-3 if isFloat else 0.005 * nll)


def compare(name, found, nll, count, tolerance):
    difference = found["nll"] - nll
    print(f"{name}: {found['tokens']} and {count} tokens, nll {found['nll']:.6f} and {nll:.6f}, difference {difference:+.1e}",
          flush=True)
    assert found["tokens"] == count, f"{name}: {found['tokens']} tokens scored, not {count}"
    assert abs(difference) < tolerance, f"{name}: {difference} is above {tolerance}"


main()
