"""Labelling functions with known accuracies: votes on made records, for the goldens and for check_label_model.py."""

import numpy as np

# For each case: records, class balance, and for each function the fraction of records that it votes on, its accuracy, and its only label (None: it
# votes for all). `halves` makes even functions vote mostly on one half of the records and odd ones on the other.
CASES = {
    "binary": dict(records=4000, balance=[0.5, 0.5], functions=[(0.5, 0.9, None), (0.6, 0.8, None), (0.7, 0.7, None),
                   (0.4, 0.65, None), (0.9, 0.6, None), (0.3, 0.75, None)]),
    "unbalanced": dict(records=4000, balance=[0.8, 0.2], functions=[(0.5, 0.9, None), (0.6, 0.8, None), (0.7, 0.85, None),
                       (0.4, 0.75, None), (0.9, 0.8, None)]),
    "four-labels": dict(records=4000, balance=[0.4, 0.3, 0.2, 0.1], functions=[(0.5, 0.9, None), (0.6, 0.8, None),
                        (0.7, 0.7, None), (0.4, 0.6, None), (0.9, 0.5, None), (0.3, 0.75, None)]),
    "one-label": dict(records=4000, balance=[0.7, 0.3], functions=[(0.1, 0.9, 1), (0.15, 0.8, 1), (0.2, 0.6, 1),
                      (0.3, 0.95, 0), (0.4, 0.85, 0), (0.2, 0.9, 0)]),
    "halves": dict(records=4000, balance=[0.5, 0.5], halves=True, functions=[(0.5, 0.9, None), (0.5, 0.8, None),
                   (0.5, 0.7, None), (0.4, 0.65, None), (0.5, 0.6, None), (0.3, 0.75, None)]),
}


def plant(case, seed):
    """Votes (records × functions, -1 is an abstention) and true labels."""
    rng = np.random.default_rng(seed)
    balance, count = np.array(case["balance"]), case["records"]
    labels = len(balance)
    truth = rng.choice(labels, count, p=balance)
    first_half = rng.random(count) < 0.5
    votes = np.full((count, len(case["functions"])), -1)
    for column, (coverage, accuracy, only) in enumerate(case["functions"]):
        if only is None:
            chance = np.full(count, coverage)
        else:
            right, wrong = coverage * accuracy / balance[only], coverage * (1 - accuracy) / (1 - balance[only])
            chance = np.where(truth == only, right, wrong)
        if case.get("halves"):
            chance = chance * np.where(first_half == (column % 2 == 0), 1.8, 0.2)
        voted = rng.random(count) < chance
        other = (truth + 1 + rng.integers(0, labels - 1, count)) % labels
        vote = np.where(rng.random(count) < accuracy, truth, other) if only is None else np.full(count, only)
        votes[voted, column] = vote[voted]
    return votes, truth


def empirical_accuracies(votes, truth):
    return [float((column == truth)[column >= 0].mean()) for column in votes.T]


def snorkel_model(votes, balance, seed=17):
    """Snorkel's label model at the settings of its tutorials, with the true class balance."""
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=len(balance), verbose=False)
    model.fit(votes, class_balance=balance, n_epochs=500, lr=0.01, seed=seed, progress_bar=False)
    return model
