"""Opens a GGUF file that swift-distill wrote with llama.cpp and compares what comes out.

    python check_llama_cpp.py MODEL.gguf RESULTS

RESULTS is a safetensors file: `ids` (I32), one sequence; `logits` (F32), ours at each position; `text` (U8) and
`encoded` (I32), a text and our ids for it. Exit code 0 means all agree.

Needs numpy, safetensors and llama-cpp-python. Last run with llama-cpp-python 0.3.36.
"""

import sys

import llama_cpp
import numpy
import safetensors.numpy


def probabilities(logits):
    z = logits.astype(numpy.float64)
    z -= z.max(-1, keepdims=True)
    p = numpy.exp(z)
    return p / p.sum(-1, keepdims=True)


if __name__ == "__main__":
    results = safetensors.numpy.load_file(sys.argv[2])
    llama = llama_cpp.Llama(sys.argv[1], n_ctx=512, n_threads=2, logits_all=True, verbose=False)
    found = llama.tokenize(bytes(results["text"]), add_bos=False, special=False)
    assert found == results["encoded"].tolist(), f"ids differ: {found[:20]}, not {results['encoded'][:20].tolist()}"
    llama.eval(results["ids"].tolist())
    p, q = probabilities(results["logits"]), probabilities(llama.scores[: len(results["ids"])])
    kl = (p * (numpy.log(p + 1e-300) - numpy.log(q + 1e-300))).sum(-1)
    same = (p.argmax(-1) == q.argmax(-1)).mean()
    print(f"{len(kl)} positions: mean KL {kl.mean():.2e}, same top {same:.2%}; {len(found)} ids agree")
    # llama.cpp rounds activations to 8 bits where weights are quantized, and we do not: where two tokens are nearly as
    # likely, the order may change. F16 has shown 100%, the quantized types 98% and more.
    assert kl.mean() <= 1e-3 and same >= 0.97
