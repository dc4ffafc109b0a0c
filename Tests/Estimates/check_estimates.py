#!/usr/bin/env python3
"""Compares `distill run --dry-run` with what each stage of every recipe takes: peak resident memory, and disk.

Each recipe runs at a reduced budget and on a part of its corpora, under the same overrides as its dry run. Then every stage is
done again alone, in a process of its own, whose peak resident memory the kernel tells (wait4). Of stages that differ in a variant
or seed alone one is done. Linux; needs PyYAML.

    swift build -c release --product distill
    Tests/Estimates/check_estimates.py .build/release/distill [recipes/quickstart.yaml ...]

Ends with status 1 where an estimate is off by more than a fifth, or by more than SLACK where figures are small, or a recipe
cannot be planned. Recipes whose data is not there (gemma-chat.yaml and pretrain-teacher.yaml say how to get theirs) are named.
"""

import argparse, itertools, json, os, pathlib, re, shutil, subprocess, sys, tempfile
import yaml

TOLERANCE = 0.2
# Below it allocator and page-cache noise decide, and no plan fails for it.
SLACK = {"memory": 24 << 20, "disk": 1 << 20}
# Of a training: enough for batches of several sizes.
STEPS = 6
# Status of a command whose input does not exist.
NO_INPUT = 66
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class Loader(yaml.SafeLoader):
    """Reads 4e-3 as a number, as YAML 1.2 does."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


class Reduction:
    """Budgets of a recipe's stages that are less than its own, and corpora cut to their first records; nothing that memory
    depends on otherwise, such as models, batches and contexts."""

    def __init__(self, recipe, records, directory):
        self.records, self.directory = records, directory
        self.stages = [(kind, stage or {}) for entry in recipe["stages"] for kind, stage in entry.items()]
        # How much room distributions take depends on how long their model was trained.
        self.speakers = {stage["model"] for kind, stage in self.stages if kind == "label" and "model" in stage}
        self.arguments = ["seeds=[1]"] if recipe.get("seeds") else []
        for index, (kind, stage) in enumerate(self.stages):
            for key, value in self.changes(kind, stage).items():
                self.arguments.append(f"stages.{index}.{key}={json.dumps(value)}")
        # What variants set likewise: what is labelled must hold what is trained on.
        for index, variant in enumerate(recipe.get("variants", [])):
            own = variant.get("set") or {}
            less = {path: value for key in own for path, value in self.in_variant(key, own[key])}
            if less:
                self.arguments.append(f"variants.{index}.set={json.dumps({**own, **less})}")

    def in_variant(self, path, value):
        keys = path.split(".")
        for kind, stage in self.stages:
            if len(keys) == 3 and keys[0] == "stages" and keys[1] in (stage.get("to"), kind):
                changes = self.changes(kind, {**stage, keys[2]: value})
                if keys[2] in changes:
                    yield path, changes[keys[2]]

    def changes(self, kind, stage):
        """The settings of a stage that differ from the recipe's."""
        result = {}
        if kind in ("label", "train", "select", "distill_dataset", "prune") and stage.get("corpus"):
            result["corpus"] = self.first(stage["corpus"])
        if kind == "train" and "tokens" in stage and stage.get("to") not in self.speakers:
            batch = stage.get("batch", {})
            result["tokens"] = min(stage["tokens"], STEPS * batch.get("sequences", 16) * batch.get("context", 256))
        elif kind == "generate":
            result |= {"limit": min(stage.get("limit", 48), 48), "samples": 1}
        elif kind == "distill_dataset":
            result["steps"] = 2
        elif kind == "evaluate":
            result["limit"] = 20
        return {key: value for key, value in result.items() if value != stage.get(key)}

    def first(self, corpus):
        """A corpus, its files replaced by their first records."""
        if isinstance(corpus, list):
            return [self.first(part) for part in corpus]
        if isinstance(corpus, dict):
            return {**corpus, "source": self.first(corpus["source"])}
        file = pathlib.Path(corpus)
        if self.records is None or not file.is_file():
            return corpus
        copy = self.directory / str(file).replace("/", "-")
        with file.open() as lines:
            copy.write_text("".join(itertools.islice(lines, self.records)))
        return str(copy)


def size(text):
    number, unit = re.fullmatch(r"≈ ([\d.]+) (\w+)", text).groups()
    return float(number) * UNITS[unit]


def estimates(table):
    """{address: (label, memory, disk)} of the plan's stages."""
    result = {}
    for line in table.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) == 5 and re.fullmatch(r"[0-9a-f]{12}", cells[1]):
            result[cells[1]] = (cells[0], size(cells[3]), size(cells[4]))
    return result


def peak(command):
    """Peak resident bytes of a process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: status {status}: {message}")
    return usage.ru_maxrss << 10


def disk(directory):
    return sum(p.stat().st_size for p in directory.rglob("*") if p.is_file() and p.name != "stage.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("distill")
    parser.add_argument("recipes", nargs="*")
    parser.add_argument("--records", type=int, default=600, help="of a corpus's file; 0 for all (default: 600)")
    arguments = parser.parse_args()
    recipes = arguments.recipes or sorted(map(str, pathlib.Path("recipes").rglob("*.yaml")))
    wrong = 0
    invalid, missing = [], []
    for path in recipes:
        recipe = yaml.load(open(path), Loader)
        with tempfile.TemporaryDirectory() as runs:
            command = [arguments.distill, "run", path, "--runs", f"{runs}/runs"]
            corpora = pathlib.Path(runs) / "corpora"
            corpora.mkdir()
            for change in Reduction(recipe, arguments.records or None, corpora).arguments:
                command += ["--set", change]
            dry = subprocess.run(command + ["--dry-run"], capture_output=True, text=True)
            if dry.returncode:
                (missing if dry.returncode == NO_INPUT else invalid).append(path)
                print(f"{path}: left out: {dry.stderr.strip()}", flush=True)
                continue
            plan = estimates(dry.stdout)
            run = pathlib.Path(runs) / "runs" / recipe["name"]
            peak(command)
            folders = {folder.name[-12:]: folder for folder in (run / "stages").iterdir()}
            seen = set()
            for address, (label, memory, space) in plan.items():
                rows = [("disk", space, disk(folders[address]))]
                alike = (label.split(" (")[0], memory)
                if alike not in seen:
                    shutil.rmtree(folders[address])
                    rows.insert(0, ("memory", memory, peak(command)))
                seen.add(alike)
                for what, estimate, actual in rows:
                    off = abs(estimate - actual)
                    bad = off > TOLERANCE * actual and off > SLACK[what]
                    wrong += bad
                    print(
                        f"{'WRONG' if bad else 'ok':5} {pathlib.Path(path).stem:22} {label:32} {what:6} "
                        f"estimate {estimate / 2**20:9.2f} MiB  measured {actual / 2**20:9.2f} MiB  "
                        f"{estimate / max(actual, 1):6.2f}", flush=True)
    print(f"{wrong} estimates are off by more than {TOLERANCE:.0%}")
    if missing:
        print(f"not there is the data of {', '.join(missing)}")
    if invalid:
        print(f"not planned: {', '.join(invalid)}")
    sys.exit(wrong > 0 or bool(invalid))


main()
