"""Accuracies of planted labelling functions as distill and snorkel learn them.

    python check_label_model.py DISTILL [--seed 1]        (needs numpy, snorkel)

DISTILL is the command's path. Functions of known accuracy vote on made records (see Tests/Golden/weak_supervision/planted.py); `distill weak-labels` and
snorkel's LabelModel get the votes and the class balance. Prints for each function the accuracy that is true of these records and those that
were learned, and for each model the mean error and the fraction of records that it labels rightly. Exits with 1 if the
mean error of distill is above 0.02, or above snorkel's by more than 0.01 (sampling errors of the fewest votes, 400, are 0.02).
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Golden" / "weak_supervision"))
from planted import CASES, empirical_accuracies, plant, snorkel_model  # noqa: E402


def distill_model(distill, votes, balance):
    """Learned accuracies, and the label of each record, -1 where there is none."""
    names = [f"label{i}" for i in range(len(balance))]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(folder / "corpus.jsonl", "w") as file:
            for row in votes:
                meta = {f"f{i}": names[vote] for i, vote in enumerate(row) if vote >= 0}
                file.write(json.dumps({"text": "x", "meta": meta}) + "\n")
        functions = [f"  - {{name: f{i}, vote: meta.f{i}}}\n" for i in range(votes.shape[1])]
        (folder / "functions.yaml").write_text(
            f"labels: [{', '.join(names)}]\nclass_balance: {balance}\nfunctions:\n" + "".join(functions))
        subprocess.run(
            [distill, "weak-labels", folder / "corpus.jsonl", "--functions", folder / "functions.yaml", "--output",
             folder / "labelled.jsonl", "--report", folder / "report.json", "--quiet", "--json"],
            check=True, stdout=subprocess.DEVNULL)
        report = json.loads((folder / "report.json").read_text())
        labels = []
        with open(folder / "labelled.jsonl") as file:
            for line in file:
                label = json.loads(line)["meta"].get("weak_label")
                labels.append(names.index(label["label"]) if label else -1)
    return [function["accuracy"] for function in report["functions"]], np.array(labels)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("distill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for name, case in CASES.items():
        votes, truth = plant(case, options.seed)
        true = empirical_accuracies(votes, truth)
        own, labels = distill_model(options.distill, votes, case["balance"])
        model = snorkel_model(votes, case["balance"])
        other, other_labels = model.get_weights(), model.predict(votes, tie_break_policy="abstain")
        print(f"\n{name}: {len(votes)} records, balance {case['balance']}")
        print(f"{'':10} {'truth':>8} {'distill':>8} {'snorkel':>8}")
        for column in range(votes.shape[1]):
            print(f"{'f' + str(column):10} {true[column]:8.3f} {own[column]:8.3f} {other[column]:8.3f}")
        errors = [float(np.abs(np.array(learned) - true).mean()) for learned in (own, other)]
        voted = (votes >= 0).any(1)
        right = [float((predicted == truth)[voted].mean()) for predicted in (labels, other_labels)]
        print(f"{'mean error':10} {'':8} {errors[0]:8.3f} {errors[1]:8.3f}")
        print(f"{'right':10} {'':8} {right[0]:8.3f} {right[1]:8.3f}")
        failed |= errors[0] > 0.02 or errors[0] > errors[1] + 0.01
    if failed:
        sys.exit("accuracies are worse than they should be")


if __name__ == "__main__":
    main()
