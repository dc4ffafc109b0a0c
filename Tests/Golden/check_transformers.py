"""Opens a directory that `Checkpoint.save` wrote with transformers and compares what comes out.

    python check_transformers.py DIRECTORY EXPECTED

EXPECTED is a safetensors file: `ids.N` (I32) and `logits.N` (F32) for each sequence; if the directory has a
tokenizer, `chat` (I32) too: the ids of CHAT below, with a generation prompt. Exit code 0 means all agree.

Needs torch, transformers, safetensors; for the tokenizer jinja2, sentencepiece and protobuf too. Last run with
transformers 5.23.0, torch 2.13.0, safetensors 0.8.0, sentencepiece 0.2.3.
"""

import sys

import safetensors.torch
import torch
import transformers

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where is the red lamp?"},
    {"role": "assistant", "content": "In the hall."},
    {"role": "user", "content": "And the key?"},
]


def check_logits(directory, expected):
    # The comparison is of files and conventions: float64 keeps rounding out of it.
    # Only the eager attention caps scores, and only eager experts compute in float64.
    config = transformers.AutoConfig.from_pretrained(directory)
    experts = {"experts_implementation": "eager"} if hasattr(config, "num_experts_per_tok") else {}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float64, attn_implementation="eager", **experts)
    names = [name for name in expected if name.startswith("ids.")]
    assert names, "no sequences to compare"
    for name in names:
        wanted = expected[name.replace("ids", "logits")].double()
        with torch.no_grad():
            found = model(expected[name].long()[None]).logits[0]
        assert found.shape == wanted.shape, f"{name}: {found.shape} is not {wanted.shape}"
        worst = (found - wanted).abs().max().item()
        # Float32 arithmetic against float64 on logits of order 1 to 10.
        assert torch.allclose(found, wanted, rtol=1e-5, atol=2e-5), f"{name}: logits differ by {worst}"
        print(f"{name}: logits agree within {worst:.1e}")
    return model


def check_tokens(directory, expected, model):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    rendered = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    found = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    wanted = expected["chat"].tolist()
    assert found == wanted, f"the chat is {found}, not {wanted}"
    stops = model.generation_config.eos_token_id
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    assert end in stops and tokenizer.eos_token_id in stops, f"generation stops at {stops}, not {end}"
    print(f"chat: {len(found)} ids agree")


if __name__ == "__main__":
    directory, path = sys.argv[1:]
    expected = safetensors.torch.load_file(path)
    model = check_logits(directory, expected)
    if "chat" in expected:
        check_tokens(directory, expected, model)
