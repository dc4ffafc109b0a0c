"""Makes the golden files of this directory with sentencepiece and transformers.

    python generate.py        # writes beside itself

*.model                 four small vocabularies:
    unigram, bpe        as TokenizerTraining trains them: nothing rewritten, no space before a text
    prefixed            bpe with a space before every text, as Llama's first vocabulary
    rewriting           unigram with a normalization table, white space removed, no byte pieces, padding
MODEL.json              texts and their ids, ids and their texts, and every piece
MODEL.tokenizer_config.json     what transformers was given to open the model with (unigram, bpe, prefixed)
chats.json              chats, the ids transformers gives for them, and which of them are the assistant's
manifest.json           versions and SHA-256 of all files

Needs sentencepiece, transformers, jinja2 and protobuf.
"""

import contextlib
import hashlib
import io
import json
import pathlib
import random
import shutil
import tempfile

import sentencepiece
import transformers

HERE = pathlib.Path(__file__).resolve().parent
MARKERS = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('a role is system, user or assistant, not ' + message['role']) }}{% endif %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
# The same with the assistant's tokens marked, to get the mask from transformers.
MARKED_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
)


def corpus():
    """A few hundred sentences with some letters beyond ASCII, indentation and numbers."""
    rng = random.Random(11)
    people = ["Ada", "Bo", "Élise", "Goran", "Hana", "Jürgen", "Łucja"]
    things = ["lamp", "key", "map", "boat", "kettle", "apple", "naïve plan", "café table"]
    places = ["hall", "garden", "harbour", "tower", "mill"]
    for _ in range(600):
        a, b = rng.randint(1, 40), rng.randint(1, 40)
        yield rng.choice([
            f"{rng.choice(people)} takes the {rng.choice(things)} to the {rng.choice(places)}.",
            f"Where is the {rng.choice(things)}? It's in the {rng.choice(places)}, said {rng.choice(people)}.",
            f"{a} + {b} = {a + b}; {a} - {b} = {a - b}",
            f"    if {rng.choice(things)[0]} > {a}:  return {b}",
        ])


def train(name, **options):
    model = io.BytesIO()
    options = dict(
        hard_vocab_limit=False, num_threads=16, allow_whitespace_only_pieces=True, split_digits=True,
        minloglevel=2, **options)
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=corpus(), model_writer=model, **options)
    (HERE / f"{name}.model").write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def models():
    exact = dict(
        normalization_rule_name="identity", remove_extra_whitespaces=False, byte_fallback=True,
        user_defined_symbols=MARKERS)
    yield "unigram", train("unigram", model_type="unigram", vocab_size=420, add_dummy_prefix=False, **exact)
    yield "bpe", train("bpe", model_type="bpe", vocab_size=420, add_dummy_prefix=False, **exact)
    yield "prefixed", train("prefixed", model_type="bpe", vocab_size=400, add_dummy_prefix=True, **exact)
    # The file's name becomes part of the model, so it must not be random.
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory), open("rules.tsv", "w") as rules:
        # Code points in hexadecimal: from, to. A word, a ligature, two kinds of space, a dropped character,
        # an accent put together, and a sign that turns into a marker.
        rules.write(
            "FB01\t66 69\n3000\t20\nA0\t20\nAD\t\n65 301\tE9\n68 61 6C 6C\t67 61 72 64 65 6E\n"
            "2620\t3C 7C 65 6E 64 7C 3E\n")
        rules.flush()
        yield "rewriting", train(
            "rewriting", model_type="unigram", vocab_size=150, normalization_rule_tsv="rules.tsv",
            remove_extra_whitespaces=True, add_dummy_prefix=True, user_defined_symbols=MARKERS, pad_id=3)


def texts():
    yield from [
        "", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\0", "a\0b", "Ada takes the lamp to the hall.",
        " leading", "trailing ", "two  spaces", "many" + " " * 40 + "spaces", "tab\tand\nline\n",
        "naïve café Łucja", "e\u0301 and é", "ﬁne\u00a0and\u3000wide", "soft\u00adhyphen", "中文字 と かな 한국",
        "😀👍🏽👨‍👩‍👧 🇫🇷", "\ufeffmark", "\ufffd", "\u2028line", "▁", "▁▁a▁b", "<s>", "</s>", "<unk>", "<pad>",
        "<s>hello</s>", "<0x41>", "<0x0A><0x0a>", "<|user|>", "<|user|>Where?<|end|>", "<|us", "er|>", "<|end|",
        "a<|end|>b", "<|end|><|end|>", "<<|end|>>", "<|user|<|user|>", "☠", "a☠b", "1234567890", "12 + 30 = 42",
        "x" * 300, "Ada " * 100, "    " * 20, "ÄÖÜäöüß", "Ω≈ç√∫˜µ≤≥÷", "\U0010ffff\U00010000", "\u0300\u0301\u0302",
        "don't it's 's", "if k > 3:  return 7", "harbour" * 9, "hall hallo shall",
    ]
    rng = random.Random(12)
    parts = ["Ada", " ", "  ", "lamp", "é", "e\u0301", "中", "😀", "7", "\n", "\t", ".", "<|end|>", "<|", "|>",
             "<s>", "</s>", "▁", "ﬁ", "\u3000", "hall", "☠", "<0x20>", "\0"]
    for _ in range(120):
        yield "".join(rng.choice(parts) for _ in range(rng.randint(1, 25)))
    for _ in range(60):
        points = [rng.choice([rng.randrange(32, 0x250), rng.randrange(0x250, 0xd800), rng.randrange(0xe000, 0x20000)])
                  for _ in range(rng.randint(1, 30))]
        yield "".join(map(chr, points))


def kind(model, id):
    for name in ["unknown", "control", "unused", "byte"]:
        if getattr(model, f"is_{name}")(id):
            return name
    return "userDefined" if model.id_to_piece(id) in MARKERS else "normal"


def cases(model):
    rng = random.Random(13)
    size = model.vocab_size()
    low = [id for id in range(size) if model.is_byte(id) or id < 8] or list(range(8))
    sequences = [[rng.randrange(size) for _ in range(rng.randint(0, 20))] for _ in range(150)]
    # Mostly bytes, so that characters are whole, broken off and malformed.
    sequences += [[rng.choice(low) for _ in range(rng.randint(1, 12))] for _ in range(150)]
    space = model.piece_to_id("▁")
    sequences += [[space], [space, space], [model.bos_id(), space, space], [0], [0, 0], [space, 0]]
    return {
        "encoded": [{"text": text, "ids": model.encode(text)} for text in texts()],
        "decoded": [{"ids": ids, "text": model.decode(ids)} for ids in sequences],
        "pieces": [
            {"piece": model.id_to_piece(id), "score": model.get_score(id), "kind": kind(model, id)}
            for id in range(size)],
        "special": {
            "unknown": model.unk_id(), "begin": model.bos_id(), "end": model.eos_id(), "padding": model.pad_id()},
    }


def configuration(name):
    """What ChatTemplate.tokenizerConfiguration(for:) writes."""
    return {
        "add_bos_token": True, "add_eos_token": False, "add_prefix_space": name == "prefixed",
        "additional_special_tokens": MARKERS, "bos_token": "<s>", "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False, "eos_token": "</s>", "legacy": False,
        "tokenizer_class": "TokenizersBackend" if name == "unigram" else "LlamaTokenizer", "unk_token": "<unk>",
    }


def chats(name):
    rng = random.Random(14)
    contents = [text for text in texts() if not any(mark in text for mark in MARKERS + ["<s>", "</s>", "<unk>", "<0x"])]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(HERE / f"{name}.model", directory + "/tokenizer.model")
        with open(directory + "/tokenizer_config.json", "w") as file:
            json.dump(configuration(name), file)
        tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    for turns in [["user"], ["system", "user"], ["user", "assistant"], ["system", "user", "assistant"],
                  ["user", "assistant", "user", "assistant"], ["system"] + ["user", "assistant"] * 3] * 2:
        messages = [{"role": role, "content": rng.choice(contents)} for role in turns]
        for prompt in [False, True]:
            ids = tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, return_dict=False)
            marked = tokenizer.apply_chat_template(
                messages, chat_template=MARKED_TEMPLATE, return_dict=True, return_assistant_tokens_mask=True)
            mask = marked["assistant_masks"] + [0] * (len(ids) - len(marked["input_ids"]))
            yield {"messages": messages, "prompt": prompt, "ids": ids, "assistant": [bit == 1 for bit in mask]}


def write(name, value):
    with open(HERE / name, "w") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    for name, model in models():
        write(f"{name}.json", cases(model))
    named = ["unigram", "bpe", "prefixed"]
    for name in named:
        write(f"{name}.tokenizer_config.json", configuration(name))
    write("chats.json", {name: list(chats(name)) for name in named})
    files = sorted(path for path in HERE.iterdir() if path.name not in ["manifest.json", "__pycache__"])
    manifest = {
        "versions": {module.__name__: module.__version__ for module in [sentencepiece, transformers]},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    with open(HERE / "manifest.json", "w") as file:
        json.dump(manifest, file, indent=2)
        file.write("\n")
