"""Writes the goldens of the label model.

    python Tests/Golden/weak_supervision/generate.py        (needs numpy, snorkel)

For each planted case: the distinct rows of votes with their numbers, the accuracies that are true of these records, those of
expectation maximization as `LabelModel` documents it (written here once more, over whole arrays), and those of Snorkel.
"""

import hashlib
import json
import pathlib
from importlib.metadata import version

import numpy as np

from planted import CASES, empirical_accuracies, plant, snorkel_model

SEED = 20_261_201
FOLDER = pathlib.Path(__file__).parent
ACCURACY, TOLERANCE, HIGHEST = 0.7, 1e-6, 0.99


def fit(rows, counts, labels, given):
    """Probabilities of the labels for each row, and the class balance. Outcome 0 is an abstention."""
    functions, total = rows.shape[1], counts.sum()
    outcomes = rows + 1
    balance = np.array(given) if given else np.full(labels, 1 / labels)
    table = np.ones((functions, labels + 1, labels))
    used = []
    for i in range(functions):
        voted = sorted(set(rows[:, i]) - {-1})
        if len(voted) > 1:
            table[i, 1:] = (1 - ACCURACY) / (labels - 1)
            table[i, np.arange(labels) + 1, np.arange(labels)] = ACCURACY
            used.append(list(range(1, labels + 1)))
        else:
            own, ratio = balance[voted[0]], ACCURACY * (labels - 1) / (1 - ACCURACY)
            coverage = counts[rows[:, i] >= 0].sum() / total
            right = min(HIGHEST, ratio * coverage / (own * ratio + 1 - own))
            wrong = min(HIGHEST, max(0, (coverage - own * right) / (1 - own)))
            table[i, voted[0] + 1] = wrong
            table[i, voted[0] + 1, voted[0]] = right
            table[i, 0] = 1 - table[i, voted[0] + 1]
            used.append([0, voted[0] + 1])
    prior, prior_balance = table.copy(), balance.copy()

    def posterior():
        scores = np.log(balance) + sum(np.log(table[i][outcomes[:, i]]) for i in range(functions))
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return scores / scores.sum(1, keepdims=True)

    while True:
        weights = posterior() * counts[:, None]
        before, balance_before = table.copy(), balance
        for i in range(functions):
            expected = {o: prior[i, o] + weights[outcomes[:, i] == o].sum(0) for o in used[i]}
            if len(used[i]) > 2 or used[i][0] != 0:
                for o in used[i]:
                    table[i, o] = expected[o] / sum(expected.values())
                continue
            # No label has a higher rate of votes than the function's own.
            label, rate = used[i][1] - 1, expected[used[i][1]] / sum(expected.values())
            pool = [label]
            while True:
                pooled = expected[label + 1][pool].sum() / sum(expected.values())[pool].sum()
                higher = [y for y in range(labels) if y not in pool and rate[y] > pooled]
                if not higher:
                    break
                pool.append(max(higher, key=lambda y: rate[y]))
            rate[pool] = pooled
            table[i, label + 1], table[i, 0] = rate, 1 - rate
        if not given:
            balance = (prior_balance + weights.sum(0)) / (1 + total)
        if max(np.abs(table - before).max(), np.abs(balance - balance_before).max()) < TOLERANCE:
            return posterior(), balance


def main():
    cases = []
    for name, case in CASES.items():
        votes, truth = plant(case, SEED)
        rows, counts = np.unique(votes, axis=0, return_counts=True)
        labels = len(case["balance"])
        entry = dict(name=name, balance=case["balance"], rows=rows.tolist(), counts=counts.tolist(),
                     accuracies=empirical_accuracies(votes, truth))
        for key, given in (("given", case["balance"]), ("estimated", None)):
            probabilities, balance = fit(rows, counts, labels, given)
            learned = []
            for i in range(rows.shape[1]):
                voted = rows[:, i] >= 0
                right = probabilities[np.arange(len(rows)), np.maximum(rows[:, i], 0)]
                learned.append(float((right * counts)[voted].sum() / counts[voted].sum()))
            entry[key] = dict(accuracies=learned, balance=balance.tolist(), probabilities=probabilities.round(9).tolist())
        entry["snorkel"] = snorkel_model(votes, case["balance"]).get_weights().tolist()
        cases.append(entry)
    path = FOLDER / "label_model.json"
    path.write_text(json.dumps(cases) + "\n")
    manifest = dict(seed=SEED, versions={name: version(name) for name in ("numpy", "snorkel", "torch")},
                    sha256={path.name: hashlib.sha256(path.read_bytes()).hexdigest()})
    (FOLDER / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
