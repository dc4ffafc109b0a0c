"""Makes the golden files of this directory with the `tokenizers` library; unigram models are trained by `sentencepiece`.

    python generate.py        # writes beside itself

FORM.json       small vocabularies, trained on sentences made here, in the forms that published models have:
    gpt2        byte-level, GPT-2's pattern
    llama3      byte-level, groups of three digits, ignore_merges, a begin token
    qwen        byte-level, form C, single digits
    smollm      byte-level, Digits and GPT-2's pattern
    tekken      byte-level, words divided at capital letters
    gemma       U+2581 for spaces, byte fallback
    llama2      the same with a space before every section, and a begin token
    metaspace   Metaspace as pre-tokenizer and decoder, unknown pieces
    added       gpt2 with added tokens of all kinds
    t5          unigram: a table of characters (Precompiled), Metaspace, an end token
    albert      unigram: Replace, NFKD, StripAccents, Lowercase; white space, then Metaspace; tokens around a text
    unibytes    unigram with byte fallback, in which pieces reach over spaces
texts.json      the texts
FORM.ids.json   for each text its ids, with encode_special_tokens and without special tokens around it (in unigram models, where the
                library finds them even so, after they were given other spellings); and id sequences with the texts that
                decode gives for them
spanning.json   a byte-level vocabulary trained without a pattern, whose merges reach over words, blanks, signs and digits: with it
                ids show every place where a pattern divides text
patterns.json   for names of GGUF's tokenizer.ggml.pre: the ids of each text, with those merges and the name's patterns
manifest.json   versions and SHA-256 of all files
"""

import hashlib
import io
import json
import pathlib
import random
import re
import sys
import tempfile

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from check_tokenizers import library  # noqa: E402

# What a table of characters rewrites: one by several, several by one, some by nothing.
TABLE = {
    "ﬁ": "fi", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "e\u0301": "é", "e\u0301\u0301": "E", "\u212b": "Å", "①": "1", "½": "1⁄2",
    "\u00ad": "", "\u200b": "", "が": "か\u3099", "Д": "д", "\u1100\u1161": "가",
}
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|begin|>", "<|end|>", "<|user|>"]


def corpus():
    rng = random.Random(31)
    people = ["Ada", "Bo", "Élise", "Goran", "Hana", "Jürgen", "Łucja", "мама", "日本語"]
    things = ["lamp", "key", "map", "boat", "kettle", "naïve plan", "café table", "HTTPServer", "camelCase"]
    places = ["hall", "garden", "harbour", "tower", "mill"]
    for _ in range(500):
        a, b = rng.randint(1, 4000), rng.randint(1, 40)
        yield rng.choice([
            f"{rng.choice(people)} doesn't take the {rng.choice(things)} to the {rng.choice(places)}.",
            f"Where is the {rng.choice(things)}? It's in the {rng.choice(places)}, said {rng.choice(people)}.",
            f"{a} + {b} = {a + b}; {a} - {b} = {a - b}",
            f"    if {rng.choice(things)[0]} > {a}:\n        return {b}\n\n",
        ])


def byte_level(pre, normalizer=None, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    return tokenizer


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def begins(tokenizer):
    id = tokenizer.token_to_id("<|begin|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B", special_tokens=[("<|begin|>", id)])
    return tokenizer


def fallback(normalizer, pre, decoder, byte_fallback=True):
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=150, limit_alphabet=60, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    names = ["<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)] * byte_fallback
    names += sorted(model["vocab"], key=model["vocab"].get)
    tokenizer = Tokenizer(models.BPE(
        {name: id for id, name in enumerate(names)}, [tuple(pair) for pair in model["merges"]], unk_token="<unk>",
        fuse_unk=True, byte_fallback=byte_fallback))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    return tokenizer


def unigram(pre, normalizer, decoder, byte_fallback=False, post=None):
    """`normalizer` is called with the model's table of characters."""
    output = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
        for source, target in TABLE.items():
            print(*[" ".join(f"{ord(c):X}" for c in text) for text in (source, target)], sep="\t", file=table)
        table.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(list(corpus())), model_writer=output, vocab_size=500 if byte_fallback else 300,
            normalization_rule_tsv=table.name, byte_fallback=byte_fallback, hard_vocab_limit=False, minloglevel=2)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(output.getvalue())
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    tokenizer = Tokenizer(models.Unigram(pieces, model.trainer_spec.unk_id, byte_fallback))
    if normalizer:
        tokenizer.normalizer = normalizer(normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre, decoder
    tokenizer.add_special_tokens([
        AddedToken(text, normalized=False, special=True) for text in ["<unk>", "<s>", "</s>"] + SPECIAL])
    if post:
        tokenizer.post_processor = post(tokenizer)
    return tokenizer


def forms():
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    replace = normalizers.Replace(" ", "▁")
    spaced = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    yield "gpt2", byte_level(gpt2)
    yield "llama3", begins(byte_level(split(WORDS % "{1,3}"), ignore_merges=True))
    yield "qwen", byte_level(split(WORDS % ""), normalizer=normalizers.NFC())
    yield "smollm", byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2]))
    yield "tekken", byte_level(split(CASED))
    yield "gemma", fallback(replace, pre_tokenizers.Split(" ", "merged_with_previous"), decoders.Sequence(spaced))
    yield "llama2", begins(fallback(
        normalizers.Sequence([normalizers.Prepend("▁"), replace]), None,
        decoders.Sequence(spaced + [decoders.Strip(" ", 1, 0)])))
    yield "metaspace", fallback(None, pre_tokenizers.Metaspace(), decoders.Metaspace(), byte_fallback=False)
    end = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)])
    yield "t5", unigram(
        pre_tokenizers.Metaspace(), lambda table: normalizers.Sequence([
            table, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]),
        decoders.Metaspace(), post=lambda _: end)
    yield "albert", unigram(
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
        lambda table: normalizers.Sequence([
            normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), table,
            normalizers.Nmt()]),
        decoders.Metaspace(), post=lambda _: processors.BertProcessing(("</s>", 2), ("<s>", 1)))
    yield "unibytes", unigram(
        pre_tokenizers.Metaspace(prepend_scheme="never", split=False), None, decoders.Sequence(spaced), byte_fallback=True)
    added = byte_level(gpt2)
    added.add_tokens([
        AddedToken("harbour", single_word=True), AddedToken("<mask>", lstrip=True), AddedToken("[sep]", rstrip=True),
        AddedToken("  "), AddedToken("<|us", normalized=False), AddedToken("er|>"), AddedToken("    ", normalized=False)])
    yield "added", added


def patterns():
    """What llama.cpp divides text by (llama-vocab.cpp, 2026), with (?i:…) where its comments have it."""
    contractions = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    tail = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    bloom = r" ?[^(\s|.,!?…。，、।۔،)]+"
    qwen = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + tail
    signs = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
    digits = pre_tokenizers.Digits(individual_digits=True)
    runs = "".join(rf"|\s{{{count}}}(?!\S)" for count in ["512", "256", "128", "64", "32", "16", "8", "4", "1,2"])
    return {
        "bloom": [bloom], "viking": [bloom, digits], "ufakzeka": [qwen],
        "minicpm5": [r"\p{N}{1,3}", WORDS % "+"],
        "jais-2": [(WORDS % "{1,3}").removesuffix(r"|\s+(?!\S)|\s+") + runs + r"|\s{1}"],
        "bailingmoe": [r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
        "laguna": [r"[^\n]+|[\n]+", contractions + "|" + qwen],
        "glm4": [WORDS % "{1,3}"],
        "qwen35": [contractions + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + tail],
        "gpt-4o": [
            rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{contractions}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{contractions}?"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + tail],
        "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", digits],
        "deepseek-v3": [
            r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
            signs + r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + tail],
        "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", gpt2, "[0-9][0-9][0-9]"],
        "seed-coder": [contractions + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + tail],
    }


def spanning(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    rng = random.Random(34)
    parts = [part for text in texts if len(text) < 100 for part in re.findall(r"\w+|\s+|[^\w\s]+", text)]
    # Every two parts stand beside each other somewhere.
    lines = ["".join(rng.choice(parts) for _ in range(12)) for _ in range(4000)]
    tokenizer.train_from_iterator(texts * 20 + lines, trainers.BpeTrainer(
        vocab_size=1600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), max_token_length=12, show_progress=False))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return tokenizer


def pattern_cases(model, texts):
    """`model`: a byte-level tokenizer, whose merges are used with each name's patterns."""
    cases = {}
    for name, stages in patterns().items():
        parts = json.loads(model.to_str())
        parts["model"]["ignore_merges"] = name in ["minicpm5", "glm4"]
        tokenizer = Tokenizer.from_str(json.dumps(parts))
        tokenizer.normalizer = normalizers.NFC() if name == "qwen35" else None
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(stage), "isolated") if isinstance(stage, str) else stage for stage in stages]
            + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.encode_special_tokens = True
        cases[name] = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return cases


def texts():
    yield from [
        "", " ", "  ", "   a", "\t", "\n", "\n\n", "\r\n", "a\0b", "Ada takes the lamp to the hall.", " leading", "trailing ",
        "two  spaces", "many" + " " * 40 + "spaces", "tab\tand\nline\n", "  \n  x\n \n", "naïve café Łucja", "e\u0301 and é",
        "\u1100\u1161\u11a8 각", "a\u0323\u0308\u0301 Å \u212b \u0344", "ﬁne\u00a0and\u3000wide", "soft\u00adhyphen",
        "中文字 と かな 한국", "مرحبا بالعالم", "नमस्ते दुनिया", "😀👍🏽👨‍👩‍👧 🇫🇷", "\ufeffmark", "\ufffd\uffff", "\u2028line\u2029", "▁", "▁▁a▁b",
        "<|begin|>", "<|user|>Where?<|end|>", "<|us", "er|>", "<|user|><|end|>", "<unk>", "<0x41>", "<0x0A><0x0a>", "1234567890",
        "12 + 30 = 42", "3.14 ½ ²³ ٣٤٥ Ⅷ", "x" * 60, "Ada " * 20, "don't IT'S we'LL they'Re 'ſ 's 'x ''", "I'm'd've",
        "HTTPServer camelCase ABCdef ǅungla ʰa \u0301\u0301A", "if k > 3:\n        return 7\n\n\n", "harbour harbours _harbour",
        "a <mask> b<mask>", "x[sep]   y", "hello!!!\n\n//\n/ ?!", "Ω≈ç√∫˜µ≤≥÷", "\U0010ffff\U00010000\U00010400\U00010428",
        "\x1b[31m\x7f\x80\x9f", "\u200b\u200c\u200d\u2060", "C:\\x\\y.txt \"q\" {\"a\": [1, null]}", "harbour" * 9,
        "wait… what? (yes)|no、no،no۔", "x\r\ne\u0301\u0301 ①\u0301 ﬁ\u0308e\u0301\u0300\u0301", " " * 700 + "x",
    ]
    rng = random.Random(32)
    parts = ["Ada", " ", " ", "  ", "lamp", "é", "e\u0301", "中", "😀", "7", "42", "\n", "\t", ".", "'s", "'LL", "<|end|>",
             "<|us", "er|>", "▁", "\u3000", "hall", "Д", "ABC", "\0", "\r\n", "harbour", "<mask>", "[sep]", "    ", "/", "!?"]
    for _ in range(40):
        yield "".join(rng.choice(parts) for _ in range(rng.randint(1, 25)))
    for _ in range(20):
        points = [rng.choice([rng.randrange(32, 0x250), rng.randrange(0x250, 0xd800), rng.randrange(0xe000, 0x20000)])
                  for _ in range(rng.randint(1, 20))]
        yield "".join(map(chr, points))


def cases(tokenizer, texts):
    encoder = library(tokenizer.to_str())
    encoded = [encoder.encode(text, add_special_tokens=False).ids for text in texts]
    rng = random.Random(33)
    size = tokenizer.get_vocab_size()
    sequences = [[rng.randrange(size) for _ in range(rng.randint(0, 12))] for _ in range(60)]
    # Where a run of byte pieces has a fault, tokenizers gives up the whole run; the toolkit keeps its characters.
    sequences = [ids for ids in sequences if not any((tokenizer.id_to_token(id) or "").startswith("<0x") for id in ids)]
    # Encoded texts decode to themselves where nothing is rewritten, which a test of its own says.
    sequences += encoded[:60]
    return {"encoded": encoded, "decoded": [{"ids": ids, "text": tokenizer.decode(ids)} for ids in sequences]}


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    all_texts = list(texts())
    write("texts.json", all_texts)
    for name, tokenizer in forms():
        # On one line: these files are not read by people.
        write(f"{name}.json", json.loads(tokenizer.to_str()))
        write(f"{name}.ids.json", cases(tokenizer, all_texts))
    model = spanning(all_texts)
    write("spanning.json", json.loads(model.to_str()))
    write("patterns.json", pattern_cases(model, all_texts))
    files = sorted(path for path in HERE.iterdir() if path.name not in ["manifest.json", "__pycache__"])
    (HERE / "manifest.json").write_text(json.dumps({
        "versions": {"tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}}, indent=2) + "\n")
