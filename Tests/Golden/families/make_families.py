"""Makes a tiny random checkpoint of each family, and what transformers computes with it.

    python make_families.py            # writes beside itself, then manifest.json
    python make_families.py NAME…      # only these of ADDED

NAME/                      config.json and weights, as save_pretrained writes them
NAME.golden.safetensors    token ids and the logits of the model in float64 arithmetic, for sequences longer than
                           every sliding window; for longrope one within the original context and one beyond;
                           of the models in GRADIENTS, the gradients of the first sequence's cross-entropy at vectors, of those
                           in ALL_GRADIENTS at all weights
"""

import hashlib
import json
import pathlib
import shutil
import sys

import safetensors
import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20250311
VOCABULARY = 24

COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=8, intermediate_size=10, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, head_dim=4, max_position_embeddings=64, initializer_range=0.5,
    bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
LLAMA3 = dict(
    rope_type="llama3", rope_theta=300.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=3.0,
    original_max_position_embeddings=32,
)
LONGROPE = dict(
    rope_type="longrope", rope_theta=10000.0, short_factor=[1.1, 1.3], long_factor=[1.5, 4.0],
    original_max_position_embeddings=8,
)

YARN = dict(rope_type="yarn", rope_theta=300.0, factor=4.0, original_max_position_embeddings=16)

# name: type of model, its options, type of the stored weights, options of save_pretrained
MODELS = {
    "llama-linear": ("Llama", dict(rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=3.0)), "float32", {}),
    "llama-llama3": ("Llama", dict(rope_parameters=LLAMA3, tie_word_embeddings=True), "float16", {}),
    "mistral": ("Mistral", dict(sliding_window=5), "bfloat16", {}),
    "gemma": ("Gemma", dict(hidden_activation="gelu_pytorch_tanh"), "bfloat16", dict(max_shard_size="1KB")),
    "gemma2": (
        "Gemma2",
        # Caps low enough that scores and logits reach them.
        dict(sliding_window=4, query_pre_attn_scalar=6, attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
        "bfloat16", {},
    ),
    "gemma3": (
        "Gemma3",
        dict(
            num_hidden_layers=3, sliding_window=4, query_pre_attn_scalar=6,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            rope_parameters=dict(
                full_attention=dict(rope_type="linear", rope_theta=1e5, factor=2.0),
                sliding_attention=dict(rope_type="default", rope_theta=100.0),
            ),
        ),
        "bfloat16", {},
    ),
    "phi3": ("Phi3", dict(sliding_window=6), "float32", {}),
    "phi3-longrope": (
        "Phi3", dict(rope_parameters=LONGROPE, original_max_position_embeddings=8), "bfloat16", {},
    ),
}

# Made one at a time, each from the seed: the random numbers of those above depend on their order.
ADDED = {
    # Half of each head's components are turned; the factor stands at the top level, as in Phi-4-mini.
    "phi3-partial": (
        "Phi3", dict(head_dim=8, partial_rotary_factor=0.5, rope_parameters=dict(rope_type="default", rope_theta=100.0)),
        "bfloat16", {},
    ),
    "phi3-partial-longrope": (
        "Phi3",
        dict(head_dim=8, hidden_size=16, partial_rotary_factor=0.5, rope_parameters={**LONGROPE, "partial_rotary_factor": 0.5},
             original_max_position_embeddings=8),
        "bfloat16", {},
    ),
    "llama-bias": ("Llama", dict(attention_bias=True), "bfloat16", {}),
    # Biases of queries, keys and values alone.
    "qwen2": ("Qwen2", dict(), "bfloat16", {}),
    "qwen2-window": (
        "Qwen2",
        dict(
            hidden_size=12, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True,
            use_sliding_window=True, sliding_window=4, max_window_layers=1,
        ),
        "bfloat16", {},
    ),
    "qwen3": ("Qwen3", dict(head_dim=6), "bfloat16", {}),
    "qwen3-yarn": (
        "Qwen3",
        dict(
            hidden_size=12, num_attention_heads=4, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True,
            rope_parameters=YARN,
        ),
        "bfloat16", {},
    ),
    "qwen3-bias": ("Qwen3", dict(attention_bias=True), "bfloat16", {}),
    # Long before the first pair's frequency is interpolated, and an attention factor that is not the paper's.
    "llama-yarn": (
        "Llama",
        dict(
            head_dim=8,
            rope_parameters=dict(
                YARN, beta_fast=3.0, beta_slow=0.5, mscale=1.0, mscale_all_dim=0.5, truncate=False, rope_theta=50.0),
        ),
        "bfloat16", {},
    ),
    # Every fourth layer without rotary embedding, and listed layers.
    "smollm3": ("SmolLM3", dict(num_hidden_layers=5), "bfloat16", {}),
    "smollm3-listed": (
        "SmolLM3",
        dict(
            hidden_size=12, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False,
            no_rope_layers=[0, 1, 0],
        ),
        "bfloat16", {},
    ),
    # A head dimension of its own and no window, as Nemo.
    "mistral-nemo": ("Mistral", dict(head_dim=6, sliding_window=None), "bfloat16", {}),
    # As Phi-4: grouped heads, no window; as Phi-4-mini: a tied head, three quarters of each head turned, a window wider than any text.
    "phi4": (
        "Phi3",
        dict(
            hidden_size=24, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, sliding_window=None,
            rope_parameters=dict(rope_type="default", rope_theta=250.0),
        ),
        "bfloat16", {},
    ),
    "phi4-mini": (
        "Phi3",
        dict(
            hidden_size=24, num_attention_heads=3, num_key_value_heads=1, head_dim=8, tie_word_embeddings=True,
            sliding_window=262144, partial_rotary_factor=0.75, original_max_position_embeddings=8,
            rope_parameters={
                **LONGROPE, "short_factor": [1.0, 1.1, 1.3], "long_factor": [1.0, 1.5, 4.0],
                "partial_rotary_factor": 0.75,
            },
        ),
        "bfloat16", {},
    ),
    "olmo2": ("Olmo2", dict(), "bfloat16", {}),
    "olmo2-wide": (
        "Olmo2",
        dict(
            hidden_size=24, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=True,
            pad_token_id=None, attention_bias=True, rms_norm_eps=1e-3,
        ),
        "bfloat16", {},
    ),
    "granite": (
        "Granite",
        dict(embedding_multiplier=3.0, attention_multiplier=0.1, residual_multiplier=0.22, logits_scaling=6.0),
        "bfloat16", {},
    ),
    "granite-wide": (
        "Granite",
        dict(
            hidden_size=24, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=True,
            pad_token_id=None, attention_bias=True, embedding_multiplier=12, attention_multiplier=0.015625, residual_multiplier=0.5,
            logits_scaling=0.7,
        ),
        "bfloat16", {},
    ),
    "gpt2": ("GPT2", dict(), "float32", {}),
    "gpt2-wide": (
        "GPT2",
        dict(
            hidden_size=24, num_hidden_layers=3, num_attention_heads=4, n_inner=20, max_position_embeddings=32,
            tie_word_embeddings=False, layer_norm_epsilon=1e-2,
        ),
        "bfloat16", {},
    ),
    "neox": ("GPTNeoX", dict(hidden_size=16, rotary_pct=0.5), "float16", {}),
    "neox-sequential": (
        "GPTNeoX",
        dict(
            hidden_size=24, intermediate_size=20, num_hidden_layers=3, num_attention_heads=2, use_parallel_residual=False,
            rotary_pct=0.34, rotary_emb_base=50, layer_norm_eps=1e-2,
        ),
        "bfloat16", {},
    ),
    "mixtral": ("Mixtral", dict(num_local_experts=4, num_experts_per_tok=2), "bfloat16", {}),
    "mixtral-wide": (
        "Mixtral",
        dict(
            hidden_size=12, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
            sliding_window=4, tie_word_embeddings=True, num_local_experts=5, num_experts_per_tok=3,
        ),
        "bfloat16", {},
    ),
    "qwen3moe": (
        "Qwen3Moe",
        dict(num_experts=5, num_experts_per_tok=2, norm_topk_prob=True, moe_intermediate_size=6),
        "bfloat16", {},
    ),
    "qwen3moe-unnormalized": (
        "Qwen3Moe",
        dict(
            hidden_size=12, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=6,
            tie_word_embeddings=True, num_experts=4, num_experts_per_tok=3, norm_topk_prob=False, moe_intermediate_size=10,
        ),
        "bfloat16", {},
    ),
    "olmoe": ("Olmoe", dict(num_experts=4, num_experts_per_tok=2), "bfloat16", {}),
    "olmoe-normalized": (
        "Olmoe",
        dict(
            hidden_size=24, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, num_experts=5,
            num_experts_per_tok=3, norm_topk_prob=True,
        ),
        "bfloat16", {},
    ),
    "gemma3-bias": ("Gemma3", dict(attention_bias=True, sliding_window=4), "bfloat16", {}),
}

# Models with vectors that other families do not have.
GRADIENTS = ["qwen2", "qwen3-yarn"]
# Models whose gradients at all weights are written: what a layer computes differs from Llama's. Where the head is tied there
# is no padding id, at which PyTorch drops the gradient of the embedding.
ALL_GRADIENTS = ["olmo2-wide", "granite-wide", "gpt2-wide", "neox", "neox-sequential"]
# Only the eager experts compute in float64.
EXPERTS = {kind: dict(experts_implementation="eager") for kind in ("Mixtral", "Qwen3Moe", "Olmoe")}
# Keys of COMMON that the classes of a family do not have.
WITHOUT = {
    "GPT2": ["num_key_value_heads", "head_dim", "intermediate_size"], "GPTNeoX": ["num_key_value_heads", "head_dim"],
    "Olmo2": ["head_dim"], "Granite": ["head_dim"], "Olmoe": ["head_dim"],
}


def make(name, kind, changes, dtype, saving):
    options = {**{key: value for key, value in COMMON.items() if key not in WITHOUT.get(kind, [])}, **changes}
    config = getattr(transformers, kind + ("TextConfig" if kind == "Gemma3" else "Config"))(**options)
    model = getattr(transformers, kind + ("LMHeadModel" if kind == "GPT2" else "ForCausalLM"))(config)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if parameter_name.endswith("norm.weight") or ".ln_" in parameter_name:
                # Gemma's norms are stored as their distance from 1.
                center = 0 if kind.startswith("Gemma") else 1
                parameter.copy_(center + 0.3 * torch.randn_like(parameter))
            if parameter_name.endswith(".bias"):
                parameter.copy_(0.5 * torch.randn_like(parameter))
    model.to(getattr(torch, dtype)).save_pretrained(HERE / name, **saving)
    # Loaded afresh: casting a model would also cast its rotary frequencies. Only the eager attention caps scores.
    model = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / name, dtype=torch.float64, attn_implementation="eager", **EXPERTS.get(kind, {}))
    tensors = {}
    for index, length in enumerate((19, 7)):
        ids = torch.randint(0, VOCABULARY, (length,))
        with torch.no_grad():
            logits = model(ids[None]).logits[0]
        tensors[f"ids.{index}"] = ids.to(torch.int32)
        tensors[f"logits.{index}"] = logits.float().contiguous()
    if name in GRADIENTS + ALL_GRADIENTS:
        ids = tensors["ids.0"].long()
        torch.nn.functional.cross_entropy(model(ids[None]).logits[0, :-1], ids[1:]).backward()
        for parameter_name, parameter in model.named_parameters():
            if parameter.ndim == 1 or name in ALL_GRADIENTS:
                # As the file calls it; a module of GPT-NeoX has another name.
                saved = parameter_name.replace("lm_head.", "embed_out.") if kind == "GPTNeoX" else parameter_name
                tensors[f"gradient.{saved}"] = parameter.grad.float()
    safetensors.torch.save_file(tensors, HERE / f"{name}.golden.safetensors")


def write_manifest():
    files = sorted(path for path in HERE.rglob("*") if path.suffix in (".json", ".safetensors"))
    versions = {m.__name__: m.__version__ for m in (torch, transformers, safetensors)}
    old = json.loads((HERE / "manifest.json").read_text()) if sys.argv[1:] else {}
    manifest = {
        "script": pathlib.Path(__file__).name,
        "seed": SEED,
        "versions": old.get("versions", versions),
        "added_versions": versions,
        "sha256": {
            str(path.relative_to(HERE)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.name != "manifest.json"
        },
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    if not sys.argv[1:]:
        torch.manual_seed(SEED)
        for name, model in MODELS.items():
            shutil.rmtree(HERE / name, ignore_errors=True)
            make(name, *model)
    for name in sys.argv[1:] or ADDED:
        torch.manual_seed(SEED)
        shutil.rmtree(HERE / name, ignore_errors=True)
        make(name, *ADDED[name])
    for stray in HERE.glob("*/generation_config.json"):
        stray.unlink()
    write_manifest()
