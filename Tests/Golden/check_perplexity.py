"""Compares `distill evaluate perplexity` with transformers on the same checkpoint and text.

    python check_perplexity.py --distill PATH/TO/distill MODEL [TEXT]

MODEL is a directory with tokenizer.model and the role-marker template; TEXT is plain text, a built-in one if left out.
Both conventions are computed here from the model's logits in float64: the sliding window of Hugging Face's guide over
each paragraph, and llama-perplexity's chunks over the whole file. Exit code 0 means that they agree.

Needs torch, transformers, sentencepiece.
"""

import argparse
import json
import math
import pathlib
import subprocess
import tempfile

import sentencepiece
import torch
import transformers

TEXT = "\n\n".join(
    f"Valley {n} has {n * 7 % 12 + 2} mills.\nThe oldest stands by bridge {n * 5 % 9 + 1}, and its miller keeps {n} goats."
    for n in range(1, 40)
)


def losses(model, ids):
    """-ln p of ids[1:], each given all before it."""
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none").tolist()


def sliding(model, documents, context, stride):
    values = []
    for ids in documents:
        previous_end = 0
        for begin in range(0, len(ids), stride):
            end = min(begin + context, len(ids))
            window = losses(model, ids[begin:end])
            # A window of one label more than it has predecessors loses the first.
            values += window[-min(end - previous_end, len(window)) :]
            previous_end = end
            if end == len(ids):
                break
    return values


def chunks(model, ids, context, begin):
    values = []
    for start in range(0, len(ids) // context * context, context):
        values += losses(model, [begin] + ids[start + 1 : start + context])[context // 2 :]
    return values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True)
    parser.add_argument("model")
    parser.add_argument("text", nargs="?")
    options = parser.parse_args()

    model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float64)
    pieces = sentencepiece.SentencePieceProcessor(str(pathlib.Path(options.model) / "tokenizer.model"))
    text = pathlib.Path(options.text).read_text() if options.text else TEXT
    begin, end = pieces.bos_id(), pieces.eos_id()
    documents = [[begin] + pieces.encode(p) + [end] for p in text.split("\n\n")]
    stream = [begin] + pieces.encode(text)

    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "text.txt"
        file.write_text(text)

        def ours(context, *more):
            command = [options.distill, "evaluate", "perplexity", options.model, "--data", str(file), "--json"]
            command += ["--context", str(context), *more]
            return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["models"][0]

        for context, stride in [(32, 16), (32, 32), (16, 5)]:
            compare(f"hf, context {context}, stride {stride}", ours(context, "--stride", str(stride)),
                    sliding(model, documents, context, stride))
        for context in [64, 33]:
            compare(f"llama.cpp, context {context}", ours(context, "--convention", "llama.cpp"),
                    chunks(model, stream, context, begin))


def compare(name, found, values):
    assert found["tokens"] == len(values), f"{name}: {found['tokens']} tokens scored, not {len(values)}"
    mean = sum(values) / len(values)
    # Float32 arithmetic against float64.
    assert math.isclose(found["nll"], mean, rel_tol=1e-5), f"{name}: {found['nll']} is not {mean}"
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))
    assert math.isclose(found["standard_error"], spread * math.exp(mean), rel_tol=1e-3), name
    print(f"{name}: {len(values)} tokens, perplexity {found['perplexity']:.4f}, nll within {abs(found['nll'] - mean):.1e}")


main()
