"""Writes the goldens of TransformerTests: a tiny Llama decoder, its gradients and twenty AdamW steps.

    python Tests/Golden/transformer/generate.py        (needs torch, transformers, safetensors)

The decoder is written out below in plain PyTorch and runs in Float64, so that what our Float32 code is compared with
carries no rounding of its own; results are rounded to Float32 when stored. The two sequences of a batch
run one by one: the packed batch in Swift must give the same. Before anything is written, the plain decoder is held
against transformers' LlamaForCausalLM.
"""

import hashlib
import json
import math
import pathlib

import safetensors
import safetensors.torch
import torch
import transformers

SCRIPT_VERSION = 1
SEED = 20_240_917
FOLDER = pathlib.Path(__file__).parent

V, C, LAYERS, H, K, D, F = 97, 32, 2, 4, 2, 8, 48
EPSILON, THETA, CONTEXT = 1e-5, 10_000.0, 64
LENGTHS = [9, 14]
STEPS, RATE, DECAY, BETAS, ADAM_EPSILON = 20, 1e-3, 0.1, (0.9, 0.95), 1e-8


def draw_weights(tied, generator):
    """Float32 values, large enough that attention and gates are far from linear."""
    shapes = {"embedding.weight": (V, C)}
    for layer in range(LAYERS):
        prefix = f"blocks.{layer}."
        shapes[prefix + "attentionNorm.weight"] = (C,)
        shapes[prefix + "attention.queryKeyValue.weight"] = ((H + 2 * K) * D, C)
        shapes[prefix + "attention.output.weight"] = (C, H * D)
        shapes[prefix + "feedForwardNorm.weight"] = (C,)
        shapes[prefix + "feedForward.gateUp.weight"] = (2 * F, C)
        shapes[prefix + "feedForward.down.weight"] = (C, F)
    shapes["norm.weight"] = (C,)
    if not tied:
        shapes["head.weight"] = (V, C)
    weights = {}
    for name, shape in shapes.items():
        value = torch.randn(shape, generator=generator) * 0.2
        weights[name] = value + 1 if len(shape) == 1 else value
    return weights


def norm(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * weight


def rotate(x):
    """x: [positions, heads, D]; component j pairs with j + D/2."""
    positions = torch.arange(x.shape[0], dtype=torch.float64)
    frequencies = THETA ** (-2 * torch.arange(D // 2, dtype=torch.float64) / D)
    angles = (positions[:, None] * frequencies)[:, None, :]
    low, high = x[..., : D // 2], x[..., D // 2 :]
    return torch.cat(
        [low * angles.cos() - high * angles.sin(), high * angles.cos() + low * angles.sin()], -1
    )


def attention(qkv):
    n = qkv.shape[0]
    query, key, value = qkv.split([H * D, K * D, K * D], -1)
    query, key = rotate(query.view(n, H, D)), rotate(key.view(n, K, D))
    key = key.repeat_interleave(H // K, 1)
    value = value.view(n, K, D).repeat_interleave(H // K, 1)
    scores = torch.einsum("qhd,khd->hqk", query, key) / math.sqrt(D)
    later = torch.ones(n, n, dtype=torch.bool).triu(1)
    p = scores.masked_fill(later, -math.inf).softmax(-1)
    return torch.einsum("hqk,khd->qhd", p, value).reshape(n, H * D)


def logits(w, ids):
    x = w["embedding.weight"][ids]
    for layer in range(LAYERS):
        b = f"blocks.{layer}."
        qkv = norm(x, w[b + "attentionNorm.weight"]) @ w[b + "attention.queryKeyValue.weight"].T
        x = x + attention(qkv) @ w[b + "attention.output.weight"].T
        gate, up = (
            norm(x, w[b + "feedForwardNorm.weight"]) @ w[b + "feedForward.gateUp.weight"].T
        ).chunk(2, -1)
        x = x + (torch.nn.functional.silu(gate) * up) @ w[b + "feedForward.down.weight"].T
    return norm(x, w["norm.weight"]) @ w.get("head.weight", w["embedding.weight"]).T


def transformers_logits(weights, tied, ids):
    """The same through LlamaForCausalLM, in Float32."""
    config = transformers.LlamaConfig(
        vocab_size=V, hidden_size=C, num_hidden_layers=LAYERS, num_attention_heads=H,
        num_key_value_heads=K, head_dim=D, intermediate_size=F, rms_norm_eps=EPSILON,
        rope_theta=THETA, max_position_embeddings=CONTEXT, tie_word_embeddings=tied,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    state = {"model.embed_tokens.weight": weights["embedding.weight"]}
    for layer in range(LAYERS):
        ours, theirs = f"blocks.{layer}.", f"model.layers.{layer}."
        state[theirs + "input_layernorm.weight"] = weights[ours + "attentionNorm.weight"]
        state[theirs + "post_attention_layernorm.weight"] = weights[ours + "feedForwardNorm.weight"]
        parts = weights[ours + "attention.queryKeyValue.weight"].split([H * D, K * D, K * D])
        for part, name in zip(parts, "qkv", strict=True):
            state[theirs + f"self_attn.{name}_proj.weight"] = part
        state[theirs + "self_attn.o_proj.weight"] = weights[ours + "attention.output.weight"]
        gate, up = weights[ours + "feedForward.gateUp.weight"].chunk(2)
        state[theirs + "mlp.gate_proj.weight"], state[theirs + "mlp.up_proj.weight"] = gate, up
        state[theirs + "mlp.down_proj.weight"] = weights[ours + "feedForward.down.weight"]
    state["model.norm.weight"] = weights["norm.weight"]
    state["lm_head.weight"] = weights["embedding.weight" if tied else "head.weight"]
    model.load_state_dict(state)
    with torch.no_grad():
        return model(ids[None]).logits[0]


def golden(tied):
    generator = torch.Generator().manual_seed(SEED + tied)
    initial = draw_weights(tied, generator)
    ids = [torch.randint(V, (n,), generator=generator) for n in LENGTHS]
    targets = [torch.randint(V, (n,), generator=generator) for n in LENGTHS]
    weights = {name: value.double().requires_grad_() for name, value in initial.items()}

    def forward():
        every = torch.cat([logits(weights, sequence) for sequence in ids])
        return every, torch.nn.functional.cross_entropy(every, torch.cat(targets))

    optimizer = torch.optim.AdamW(
        weights.values(), lr=RATE, betas=BETAS, eps=ADAM_EPSILON, weight_decay=DECAY
    )
    tensors = {"initial/" + name: value for name, value in initial.items()}
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        every, loss = forward()
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            theirs = torch.cat([transformers_logits(initial, tied, sequence) for sequence in ids])
            torch.testing.assert_close(theirs, every.detach().float(), rtol=2e-5, atol=2e-5)
            tensors["logits"] = every.detach()
            tensors |= {"gradient/" + name: value.grad.clone() for name, value in weights.items()}
        optimizer.step()
    tensors["losses"] = torch.stack(losses)
    tensors |= {"final/" + name: value.detach() for name, value in weights.items()}
    stored = {name: value.float().contiguous() for name, value in tensors.items()}
    stored["ids"] = torch.cat(ids).int()
    stored["targets"] = torch.cat(targets).int()
    stored["segments"] = torch.tensor([0, LENGTHS[0], sum(LENGTHS)], dtype=torch.int32)
    return stored


def main():
    torch.set_num_threads(1)
    files = {}
    for name, tied in [("tied.safetensors", True), ("untied.safetensors", False)]:
        path = FOLDER / name
        safetensors.torch.save_file(golden(tied), path)
        files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = {
        "scriptVersion": SCRIPT_VERSION,
        "seed": SEED,
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "safetensors": safetensors.__version__,
        },
        "configuration": {
            "vocabularySize": V, "width": C, "layers": LAYERS, "heads": H, "keyValueHeads": K,
            "headDimension": D, "feedForward": F, "ropeTheta": THETA, "normEpsilon": EPSILON,
            "contextLength": CONTEXT,
        },
        "adamW": {
            "steps": STEPS, "rate": RATE, "decay": DECAY, "beta1": BETAS[0], "beta2": BETAS[1],
            "epsilon": ADAM_EPSILON,
        },
        "sha256": files,
    }
    (FOLDER / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
