"""Compares what swift-distill computed from a GGUF file with transformers on the dequantized weights, and its token ids
with llama.cpp's.

    python check_gguf.py MODEL.gguf RESULTS

RESULTS is a safetensors file: `ids` (I32), one sequence; `nll` (F32), the negative log-likelihood of each token but the
first; `top` (I32), the likeliest token at each position but the last; `text` (U8), lines; `lines` (I32), the ids of all
lines, `counts` (I32), how many each line has; `model` (U8), the SentencePiece model rebuilt from the file. Exit code 0
means all agree.

llama.cpp departs from SentencePiece in two ways, which lines with these spellings show: it takes "</s>" for a control
piece whatever the vocabulary says, and finds symbols made of spaces only where a text has spaces, not U+2581.

Needs torch, transformers, accelerate, gguf, safetensors, sentencepiece and llama-cpp-python. Last run with torch 2.13.0, transformers 5.23.0, gguf
0.19.0, sentencepiece 0.2.3 and llama-cpp-python 0.3.36 on gemma-3-270m-q4_k_m.gguf.
"""

import pathlib
import sys

import llama_cpp
import safetensors.torch
import sentencepiece
import torch
import transformers


def check_model(path, results):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    ids = results["ids"].long()
    nll, top = [], []
    with torch.no_grad():
        hidden = model.model(ids[None]).last_hidden_state[0, :-1]
        # A few positions at a time: the vocabulary is large.
        for rows, targets in zip(hidden.split(64), ids[1:].split(64)):
            logits = model.lm_head(rows)
            nll.append(torch.nn.functional.cross_entropy(logits, targets, reduction="none"))
            top.append(logits.argmax(-1))
    nll, top = torch.cat(nll), torch.cat(top)
    same = (top == results["top"]).float().mean().item()
    means = results["nll"].mean().item(), nll.mean().item()
    worst = (results["nll"] - nll).abs().max().item()
    print(f"{len(nll)} tokens: mean NLL {means[0]:.6f} and {means[1]:.6f}, worst difference {worst:.1e}, same top {same:.4%}")
    assert abs(means[0] - means[1]) < 1e-3 and same >= 0.995


def check_tokens(path, results):
    llama = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    lines = bytes(results["text"].tolist()).split(b"\n")
    found = results["lines"].split(results["counts"].tolist())
    assert len(found) == len(lines)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=bytes(results["model"].tolist()))
    wrong = {"sentencepiece": 0, "llama.cpp": 0}
    for line, ids in zip(lines, found):
        wanted = {"sentencepiece": pieces.encode(line.decode())}
        if b"</s>" not in line and "\u2581".encode() not in line:
            wanted["llama.cpp"] = llama.tokenize(line, add_bos=False, special=False) if line else []
        for name, other in wanted.items():
            if ids.tolist() != other:
                wrong[name] += 1
                if wrong[name] <= 5:
                    print(f"{line!r} is {ids.tolist()}, in {name} {other}")
    print(f"{len(lines)} lines, with other ids: {wrong}")
    assert not any(wrong.values())


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1]).resolve()
    results = safetensors.torch.load_file(sys.argv[2])
    check_tokens(path, results)
    check_model(path, results)
