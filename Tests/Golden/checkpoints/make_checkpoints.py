"""Makes the golden checkpoints of this directory with PyTorch and transformers.

    python make_checkpoints.py        # writes beside itself, then manifest.json

llama-untied    float32, one file, own head, heads wider than width / heads
llama-tied      bfloat16, several shards with an index, tied head, one key-value head
*.golden.safetensors    token ids and the logits of the model in float64 arithmetic
mixed.safetensors       one tensor of many types, for the writer's bytes
"""

import hashlib
import json
import pathlib
import shutil

import safetensors
import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20240607


def make_model(**changes):
    options = dict(
        vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, initializer_range=0.4,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**{**options, **changes}))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
    return model.eval()


def save(name, model, **options):
    """Saves the model, and its logits for two sequences, computed in float64 from the stored weights."""
    model.save_pretrained(HERE / name, **options)
    # Loaded afresh: casting a model would also cast its rotary frequencies.
    model = transformers.AutoModelForCausalLM.from_pretrained(HERE / name, dtype=torch.float64)
    tensors = {}
    for index, length in enumerate((11, 7)):
        ids = torch.randint(0, 64, (length,))
        with torch.no_grad():
            logits = model(ids[None]).logits[0]
        tensors[f"ids.{index}"] = ids.to(torch.int32)
        tensors[f"logits.{index}"] = logits.float().contiguous()
    safetensors.torch.save_file(tensors, HERE / f"{name}.golden.safetensors")


def make_untied():
    model = make_model(tie_word_embeddings=False, head_dim=6, rope_theta=5000.0)
    model.generation_config.eos_token_id = [2, 5]
    save("llama-untied", model)


def make_tied():
    model = make_model(tie_word_embeddings=True, num_key_value_heads=1).to(torch.bfloat16)
    save("llama-tied", model, max_shard_size="3KB")


def make_mixed():
    tensors = {
        "scalar": torch.tensor(1.5, dtype=torch.bfloat16),
        "empty": torch.zeros(0, 4),
        "bytes": torch.arange(3, dtype=torch.uint8),
        "signed bytes": torch.tensor([-1, 2], dtype=torch.int8),
        "words": torch.arange(4).to(torch.uint16),
        "a \"quoted\"\nname \\ é": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
        "halves": torch.tensor([[1.5, -2.0]], dtype=torch.float16),
        "doubles": torch.tensor([0.1], dtype=torch.float64),
        "integers": torch.tensor([[1], [-2]], dtype=torch.int32),
        "long integers": torch.tensor([1 << 40], dtype=torch.int64),
    }
    safetensors.torch.save_file(tensors, HERE / "mixed.safetensors", metadata={"format": "pt"})


def write_manifest():
    files = sorted(path for path in HERE.rglob("*") if path.suffix in (".json", ".safetensors"))
    manifest = {
        "script": pathlib.Path(__file__).name,
        "seed": SEED,
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, safetensors)},
        "sha256": {
            str(path.relative_to(HERE)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.name != "manifest.json"
        },
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    torch.manual_seed(SEED)
    for old in ("llama-untied", "llama-tied"):
        shutil.rmtree(HERE / old, ignore_errors=True)
    make_untied()
    make_tied()
    make_mixed()
    write_manifest()
