#!/usr/bin/env python3
"""Compares `distill run --dry-run` with what each stage of every recipe takes: peak resident memory, and disk.

Each recipe runs at a reduced budget, under the same overrides as its dry run. Then every stage is done again alone, in a process
of its own, whose peak resident memory the kernel tells (wait4). Of stages that differ in a variant or seed alone one is done.
Linux; needs PyYAML.

    swift build -c release --product distill
    Tests/Estimates/check_estimates.py .build/release/distill [recipes/quickstart.yaml ...]

Ends with status 1 where an estimate is off by more than a fifth, or by more than SLACK where figures are small.
"""

import argparse, json, os, pathlib, re, shutil, subprocess, sys, tempfile
import yaml

TOLERANCE = 0.2
# Below it allocator and page-cache noise decide, and no plan fails for it.
SLACK = {"memory": 24 << 20, "disk": 1 << 20}
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


SMALL = "data/world/heldout-text.jsonl"


def small(corpus):
    """A corpus whose files of the world are replaced by a small one; None where nothing is."""
    if isinstance(corpus, list):
        parts = [small(part) or part for part in corpus]
        return parts if parts != corpus else None
    if isinstance(corpus, dict):
        source = "limit" not in corpus and small(corpus.get("source"))
        return {**corpus, "source": source} if source else None
    return SMALL if isinstance(corpus, str) and corpus.startswith("data/world/") and corpus != SMALL else None


def overrides(recipe):
    """Reduced budgets and corpora that keep what memory depends on: models, batches and contexts."""
    result = ["seeds=[1]"] if recipe.get("seeds") else []
    for entry in recipe["stages"]:
        (kind, stage), = entry.items()
        name = stage.get("to", kind) if stage else kind
        corpus = small(stage.get("corpus")) if kind in ("label", "train", "select", "learn", "cut") else None
        if corpus:
            result.append(f"stages.{name}.corpus={json.dumps(corpus)}")
        if kind == "train":
            batch = stage.get("batch", {})
            tokens = 2 * batch.get("sequences", 16) * batch.get("context", 256)
            if "tokens" in stage:
                result.append(f"stages.{name}.tokens={min(stage['tokens'], tokens)}")
        elif kind == "generate":
            result += [f"stages.{name}.limit={min(stage.get('limit', 48), 48)}", f"stages.{name}.samples=1"]
        elif kind == "evaluate":
            result.append(f"stages.{name}.limit=20")
    return result


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
    arguments = parser.parse_args()
    recipes = arguments.recipes or sorted(map(str, pathlib.Path("recipes").rglob("*.yaml")))
    wrong = 0
    for path in recipes:
        recipe = yaml.safe_load(open(path))
        with tempfile.TemporaryDirectory() as runs:
            command = [arguments.distill, "run", path, "--runs", runs]
            for override in overrides(recipe):
                command += ["--set", override]
            dry = subprocess.run(command + ["--dry-run"], capture_output=True, text=True)
            if dry.returncode:
                print(f"{path}: left out: {dry.stderr.strip()}")
                continue
            plan = estimates(dry.stdout)
            run = pathlib.Path(runs) / recipe["name"]
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
    sys.exit(wrong > 0)


main()
