"""Makes the GGUF goldens with the gguf package.

    python make_gguf.py            # writes beside itself, then manifest.json
    python make_gguf.py NAME…      # only these of ADDED

quantized.safetensors    for each type random blocks (NAME.blocks) and what the package widens them to (NAME.values)
rounded.safetensors      random values (values) and the blocks the package rounds them to (NAME.blocks)
NAME.gguf                the models of ../families of that name, as the converter of llama.cpp would write them
"""

import hashlib
import json
import pathlib
import sys

import gguf
import numpy
import safetensors
import safetensors.numpy
import safetensors.torch

HERE = pathlib.Path(__file__).resolve().parent
FAMILIES = HERE.parent / "families"
SEED = 20250312
TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "F16", "BF16"]
# Where the Float16 scales lie in a block; other bytes may be anything.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
}
ARCHITECTURES = {"llama-linear": "llama", "gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3", "phi3-longrope": "phi3"}
# Made after those above, and without changing them.
ADDED = {
    "qwen2": "qwen2", "qwen3": "qwen3", "qwen3-yarn": "qwen3", "mistral-nemo": "llama", "llama-llama3": "llama", "smollm3": "smollm3",
    "phi4-mini": "phi3", "olmo2": "olmo2", "granite-wide": "granite", "gpt2": "gpt2", "gpt2-wide": "gpt2", "neox": "gptneox",
    "neox-sequential": "gptneox", "mixtral": "llama", "qwen3moe": "qwen3moe", "olmoe": "olmoe",
}
# What GPT-2 and Qwen 3's experts call the keys of others.
SPELLINGS = {
    "hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head", "max_position_embeddings": "n_positions",
    "intermediate_size": "n_inner", "num_experts": "num_local_experts",
}


def make_blocks(random):
    tensors = {}
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        values, size = gguf.GGML_QUANT_SIZES[kind]
        if name in SCALES:
            blocks = random.integers(0, 256, (max(2, 64 // values), size), dtype=numpy.uint8)
            for offset in SCALES[name]:
                halves = random.normal(0, 0.1, len(blocks)).astype(numpy.float16)
                blocks[:, offset:offset + 2] = halves.view(numpy.uint8).reshape(-1, 2)
        elif name == "F16":
            blocks = random.normal(0, 1, (1, 64)).astype(numpy.float16).view(numpy.uint8)
        else:
            blocks = (random.normal(0, 1, (1, 64)).astype(numpy.float32).view(numpy.uint32) >> 16).astype(numpy.uint16)
            blocks = blocks.view(numpy.uint8)
        tensors[f"{name}.blocks"] = blocks.reshape(-1)
        tensors[f"{name}.values"] = numpy.ascontiguousarray(gguf.dequantize(blocks, kind).reshape(-1))
    safetensors.numpy.save_file(tensors, HERE / "quantized.safetensors")


def make_rounded(random):
    # Large and small values, a block of zeros, and ties.
    values = random.normal(0, 1, 96).astype(numpy.float32) * numpy.repeat([1, 1e-3, 40], 32).astype(numpy.float32)
    values = numpy.concatenate([values, numpy.zeros(32, numpy.float32), numpy.arange(-16, 16, dtype=numpy.float32) / 4])
    tensors = {"values": values}
    for name in ("Q8_0", "Q4_0", "Q5_0"):
        tensors[f"{name}.blocks"] = gguf.quantize(values, gguf.GGMLQuantizationType[name]).reshape(-1)
    safetensors.numpy.save_file(tensors, HERE / "rounded.safetensors")


def interleave(rows, heads):
    """The order in which llama.cpp keeps the rows of a head's halves."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def llama3_factors(dimension, rope):
    """What each frequency is divided by, which is all that files hold of Llama 3.1's scaling."""
    waves = rope["original_max_position_embeddings"] / (2 * numpy.pi * rope["rope_theta"] ** (numpy.arange(0, dimension, 2) / dimension))
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    kept = numpy.clip((waves - low) / (high - low), 0, 1)
    return (1 / (kept + (1 - kept) / rope["factor"])).astype(numpy.float32)


def by_kind(rows, heads):
    """All queries, then all keys, then all values, of a matrix or vector that holds those of each head together."""
    return rows.reshape(heads, 3, -1, *rows.shape[1:]).swapaxes(0, 1).reshape(rows.shape)


def stacked(tensors):
    """The experts of a layer in one tensor, by the name that the package knows them by."""
    result, parts = {}, {}
    for name, value in tensors.items():
        fields = name.split(".")
        if "experts" in fields:
            place = fields.index("experts") + 1
            key = ".".join(fields[:place] + fields[place + 1:])
            parts.setdefault(key, {})[int(fields[place])] = value
        else:
            result[name] = value
    return result | {key: numpy.stack([value[index] for index in sorted(value)]) for key, value in parts.items()}


def add_choices(writer, architecture, config):
    """The keys of multipliers, parallel residuals and experts."""
    if architecture == "granite":
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if architecture == "gptneox":
        writer.add_parallel_residual(config["use_parallel_residual"])
    if "num_experts_per_tok" in config:
        writer.add_expert_count(config["num_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
    if "moe_intermediate_size" in config:
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])


def load(directory):
    tensors = {}
    for path in sorted(directory.glob("*.safetensors")):
        tensors |= {name: value.float().numpy() for name, value in safetensors.torch.load_file(path).items()}
    return tensors


def make_model(name, architecture):
    config = json.loads((FAMILIES / name / "config.json").read_text())
    config |= {usual: config[own] for usual, own in SPELLINGS.items() if own in config}
    heads = config["num_attention_heads"]
    config["intermediate_size"] = config["intermediate_size"] or 4 * config["hidden_size"]
    config.setdefault("num_key_value_heads", heads)
    config.setdefault("head_dim", config["hidden_size"] // heads)
    writer = gguf.GGUFWriter(HERE / f"{name}.gguf", architecture)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    if "rms_norm_eps" in config:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    else:
        writer.add_layer_norm_eps(config.get("layer_norm_epsilon") or config["layer_norm_eps"])
    add_choices(writer, architecture, config)
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    rope = config.get("rope_parameters", {"rope_type": "none"})
    rope = rope.get("full_attention", rope)
    if "rope_theta" in rope:
        writer.add_rope_freq_base(rope["rope_theta"])
    if rope.get("partial_rotary_factor", 1) != 1:
        writer.add_rope_dimension_count(int(config["head_dim"] * rope["partial_rotary_factor"]))
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config["head_dim"], rope))
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])
    if "query_pre_attn_scalar" in config:
        writer.add_attention_scale(config["query_pre_attn_scalar"] ** -0.5)
    if architecture == "gemma3":
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
        writer.add_rope_freq_base_swa(config["rope_parameters"]["sliding_attention"]["rope_theta"])
    if config.get("attn_logit_softcapping"):
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if rope["rope_type"] == "longrope":
        original = config["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)
        factor = config["max_position_embeddings"] / original
        writer.add_rope_scaling_attn_factors(float(numpy.sqrt(1 + numpy.log(factor) / numpy.log(original))))
        for kind in ("long", "short"):
            factors = numpy.array(rope[f"{kind}_factor"], dtype=numpy.float32)
            writer.add_tensor(f"rope_factors_{kind}.weight", factors)
    names = gguf.get_tensor_name_map(writer_architecture(architecture), config["num_hidden_layers"])
    for source, value in stacked(load(FAMILIES / name)).items():
        if architecture == "gpt2" and source.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            value = value.T
        if architecture == "gptneox" and ".query_key_value." in source:
            value = by_kind(value, heads)
        if architecture in ("llama", "smollm3", "granite") and ".self_attn." in source and ("q_proj" in source or "k_proj" in source):
            rotated = config["num_attention_heads" if "q_proj" in source else "num_key_value_heads"]
            value = interleave(value, rotated)
        if architecture.startswith("gemma") and source.endswith("norm.weight"):
            value = value + 1
        target = names.get_name(source, try_suffixes=(".weight", ".bias"))
        value = numpy.ascontiguousarray(value.astype(numpy.float32))
        # The families' weights were rounded to BF16 (but Llama's), so nothing is lost; vectors stay F32.
        is_exact = architecture == "llama" or name in ("gpt2", "neox") or target.startswith("position_embd") or "gate_inp" in target
        if value.ndim >= 2 and not is_exact:
            halves = gguf.quantize(value, gguf.GGMLQuantizationType.BF16)
            assert (gguf.dequantize(halves, gguf.GGMLQuantizationType.BF16) == value).all()
            writer.add_tensor(target, halves, raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            writer.add_tensor(target, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def writer_architecture(name):
    return next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == name)


def write_manifest():
    versions = {"gguf": "0.19.0", "safetensors": safetensors.__version__, "numpy": numpy.__version__}
    old = json.loads((HERE / "manifest.json").read_text()) if sys.argv[1:] else {}
    manifest = {
        "script": pathlib.Path(__file__).name,
        "seed": SEED,
        "versions": old.get("versions", versions),
        "added_versions": versions,
        "sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(HERE.iterdir())
            if path.suffix in (".gguf", ".safetensors")
        },
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    if not sys.argv[1:]:
        make_blocks(numpy.random.default_rng(SEED))
        make_rounded(numpy.random.default_rng(SEED + 1))
        for name, architecture in ARCHITECTURES.items():
            make_model(name, architecture)
    for name in sys.argv[1:] or ADDED:
        make_model(name, ADDED[name])
    write_manifest()
