"""Cuts some of the tiny models in ../families with transformers and writes what is left of them says.

    python generate.py            # writes beside itself, then manifest.json
    python generate.py NAME…      # only these of ADDED

cuts.json              what is kept: layers, rows of the vocabulary (a row may come twice), and for each layer of the
                       whole model neurons, query heads and key-value heads; channels of the residual stream
NAME.safetensors       for the cut of that name token ids, logits and the mean negative log-likelihood, in float64

Needs torch, transformers and safetensors.
"""

import hashlib
import json
import pathlib
import sys

import safetensors
import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20261125

# Gemma 3 has two windowed layers and one without, with another rotary base; Gemma 2 norms outputs and caps logits.
CUTS = {
    "gemma3-layers": dict(model="gemma3", layers=[1, 2], vocabulary=[0, 1, 2, 3, 5, 8, 13, 21, 22, 8]),
    "gemma3-narrow": dict(
        model="gemma3", layers=[0, 2], vocabulary=[0, 1, 2, 4, 6, 7, 11, 19],
        neurons=[[0, 2, 3, 7, 9], [1, 2, 3, 4, 5], [0, 4, 5, 6, 8]], heads=[[1], [0], [1]],
        channels=[0, 1, 3, 4, 6, 7]),
    "llama-llama3-heads": dict(
        model="llama-llama3", layers=[1], neurons=[[0, 1, 2], [3, 8, 9]], heads=[[0], [1]]),
    "phi3-layers": dict(model="phi3", layers=[0], vocabulary=list(range(3, 20))),
}

# Made one at a time, each from the seed.
ADDED = {
    # Biases of queries go with their heads.
    "qwen2-heads": dict(
        model="qwen2", layers=[1], heads=[[0], [1]], channels=[0, 1, 2, 4, 7], vocabulary=list(range(2, 17))),
}


def cut(state, config, keep):
    """The tensors that are left, under their new names, and the options of the new shape."""
    layers = keep.get("layers", list(range(config.num_hidden_layers)))
    channels = torch.tensor(keep.get("channels", list(range(config.hidden_size))))
    vocabulary = torch.tensor(keep.get("vocabulary", list(range(config.vocab_size))))
    dimension = config.head_dim
    left = {}
    for name, tensor in state.items():
        fields = name.split(".")
        if fields[1] == "layers":
            layer = int(fields[2])
            if layer not in layers:
                continue
            neurons = torch.tensor(keep["neurons"][layer]) if "neurons" in keep else None
            heads = keep["heads"][layer] if "heads" in keep else list(range(config.num_attention_heads))
            parts = torch.tensor([head * dimension + i for head in heads for i in range(dimension)])
            what = ".".join(fields[3:-1])
            fields[2] = str(layers.index(layer))
            if fields[-1] == "bias":
                tensor = tensor[parts] if what == "self_attn.q_proj" else tensor
            elif what == "self_attn.q_proj":
                tensor = tensor[parts][:, channels]
            elif what in ("self_attn.k_proj", "self_attn.v_proj"):
                tensor = tensor[:, channels]
            elif what == "self_attn.o_proj":
                tensor = tensor[channels][:, parts]
            elif what in ("mlp.gate_proj", "mlp.up_proj"):
                tensor = tensor if neurons is None else tensor[neurons]
                tensor = tensor[:, channels]
            elif what == "mlp.down_proj":
                tensor = tensor if neurons is None else tensor[:, neurons]
                tensor = tensor[channels]
            elif what.endswith("layernorm"):
                tensor = tensor[channels]
        elif name in ("model.embed_tokens.weight", "lm_head.weight"):
            tensor = tensor[vocabulary][:, channels]
        elif name == "model.norm.weight":
            tensor = tensor[channels]
        left[".".join(fields)] = tensor
    options = dict(
        num_hidden_layers=len(layers), hidden_size=len(channels), vocab_size=len(vocabulary),
        pad_token_id=None, bos_token_id=None, eos_token_id=None)
    if "neurons" in keep:
        options["intermediate_size"] = len(keep["neurons"][0])
    if "heads" in keep:
        options["num_attention_heads"] = len(keep["heads"][0])
    if getattr(config, "layer_types", None):
        options["layer_types"] = [config.layer_types[layer] for layer in layers]
    return left, options


def make(name, keep):
    whole = transformers.AutoModelForCausalLM.from_pretrained(HERE.parent / "families" / keep["model"], dtype=torch.float32)
    state, options = cut(whole.state_dict(), whole.config, keep)
    config = type(whole.config)(**{**whole.config.to_dict(), **options})
    config._attn_implementation = "eager"
    model = type(whole)(config).to(torch.float64)
    # Rotary frequencies are buffers of float32, which a cast would change: a fresh model has them as they are.
    fresh = type(whole)(config)
    for (_, ours), (_, theirs) in zip(model.named_buffers(), fresh.named_buffers()):
        ours.data = theirs.data
    model.load_state_dict({key: value.double() for key, value in state.items()}, strict=True)
    model.eval()
    ids = torch.randint(0, config.vocab_size, (19,))
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:-1], ids[1:])
    safetensors.torch.save_file(
        {"ids": ids.to(torch.int32), "logits": logits.float().contiguous(), "loss": loss.float().reshape(1)},
        HERE / f"{name}.safetensors")


if __name__ == "__main__":
    old = json.loads((HERE / "manifest.json").read_text()) if sys.argv[1:] else {}
    if not sys.argv[1:]:
        torch.manual_seed(SEED)
        for name, keep in CUTS.items():
            make(name, keep)
    for name in sys.argv[1:] or ADDED:
        torch.manual_seed(SEED)
        make(name, ADDED[name])
    (HERE / "cuts.json").write_text(json.dumps(CUTS | ADDED, indent=1) + "\n")
    files = sorted(path for path in HERE.iterdir() if path.suffix in (".json", ".safetensors") and path.name != "manifest.json")
    versions = {m.__name__: m.__version__ for m in (torch, transformers, safetensors)}
    manifest = {
        "script": pathlib.Path(__file__).name,
        "seed": SEED,
        "versions": old.get("versions", versions),
        "added_versions": versions,
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
