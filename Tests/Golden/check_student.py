"""Opens a student that `distill run` made with transformers, and compares perplexities.

    python check_student.py --distill PATH/TO/distill STUDENT DATA.jsonl

The chats of DATA go through transformers' own tokenizer and chat template and its own Llama; the mean negative
log-likelihood of all tokens but the first must be what `distill evaluate perplexity` finds. Needs torch,
transformers, sentencepiece, protobuf and jinja2.
"""

import argparse
import json
import subprocess
import tempfile

import torch
import transformers

parser = argparse.ArgumentParser()
parser.add_argument("--distill", required=True)
parser.add_argument("student")
parser.add_argument("data")
arguments = parser.parse_args()

with open(arguments.data, encoding="utf-8") as file:
    chats = [record["messages"] for record in map(json.loads, file) if "messages" in record][:50]
with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
    for chat in chats:
        file.write(json.dumps({"messages": chat}, ensure_ascii=False) + "\n")
    file.flush()
    output = subprocess.run(
        [arguments.distill, "evaluate", "perplexity", arguments.student, "--data", file.name,
         "--context", "512", "--stride", "512", "--loss-on", "all", "--json"],
        check=True, capture_output=True, text=True)
ours = json.loads(output.stdout)["models"][0]

tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.student)
model = transformers.AutoModelForCausalLM.from_pretrained(arguments.student, dtype=torch.float32)
total, count = 0.0, 0
for chat in chats:
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        logits = model(ids).logits[0, :-1].double()
    total += torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum").item()
    count += ids.shape[1] - 1

print(f"transformers: {count} tokens, nll {total / count:.6f}; distill: {ours['tokens']} tokens, nll {ours['nll']:.6f}")
assert count == ours["tokens"], "the two see different tokens"
# Float32 in two orders of summation.
assert abs(total / count - ours["nll"]) < 1e-4, "the two find different likelihoods"
