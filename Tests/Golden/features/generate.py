"""Writes the goldens of feature losses: every kind with its gradients.

    python Tests/Golden/features/generate.py        (needs torch, safetensors)

Everything runs in Float64 through autograd, from the formulas of the papers, and is rounded to Float32 when stored.
"""

import hashlib
import json
import pathlib

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F

SEED = 20_261_126
FOLDER = pathlib.Path(__file__).parent

# Three sequences of a packed batch, the positions whose hidden states count, and both models' shapes.
SEGMENTS = [0, 6, 8, 15]
ROWS = [1, 2, 4, 6, 9, 12, 13, 14]
WIDTH, TEACHER_WIDTH = 8, 12
HEADS, KEY_VALUE_HEADS, DIMENSION = 4, 2, 4
TEACHER_HEADS, TEACHER_DIMENSION = 3, 8
RELATION_HEADS = 2


def sequences(x):
    return [x[a:b] for a, b in zip(SEGMENTS, SEGMENTS[1:])]


def causal(scores):
    future = torch.ones(scores.shape[-2:]).triu(1).bool()
    return scores.masked_fill(future, float("-inf")).log_softmax(-1)


def split(qkv, heads, key_value_heads, dimension):
    return qkv.split([heads * dimension, key_value_heads * dimension, key_value_heads * dimension], -1)


def minilm(student, teacher):
    """Wang et al. 2020 (arXiv 2012.15828), equation 3: KL of relations, over heads and tokens the mean, Q, K, V the sum."""
    losses = []
    for own, other in zip(sequences(student), sequences(teacher)):
        total = 0
        for x, y in zip(
            split(own, HEADS, KEY_VALUE_HEADS, DIMENSION), split(other, TEACHER_HEADS, TEACHER_HEADS, TEACHER_DIMENSION)
        ):
            relation = [
                causal(h @ h.transpose(-1, -2) / h.shape[-1] ** 0.5)
                for h in (z.unflatten(-1, (RELATION_HEADS, -1)).transpose(0, 1) for z in (x, y))
            ]
            kl = F.kl_div(relation[0], relation[1], log_target=True, reduction="none").nan_to_num(0)
            total = total + kl.sum(-1).mean()
        losses.append(total)
    return torch.stack(losses).mean()


def attention_transfer(student, teacher):
    """Zagoruyko and Komodakis 2017 (arXiv 1612.03928), p = 2: attention averaged over heads, each map of length 1."""
    def mean_map(qkv, heads, key_value_heads, dimension):
        q, k, _ = split(qkv, heads, key_value_heads, dimension)
        q = q.unflatten(-1, (heads, dimension)).transpose(0, 1)
        k = k.unflatten(-1, (key_value_heads, dimension)).transpose(0, 1).repeat_interleave(heads // key_value_heads, 0)
        return F.normalize(causal(q @ k.transpose(-1, -2) / dimension**0.5).exp().mean(0).flatten(), dim=0)

    return torch.stack(
        [
            (mean_map(own, HEADS, KEY_VALUE_HEADS, DIMENSION) - mean_map(other, TEACHER_HEADS, TEACHER_HEADS, TEACHER_DIMENSION))
            .square()
            .sum()
            for own, other in zip(sequences(student), sequences(teacher))
        ]
    ).mean()


def points(hidden):
    return torch.stack(
        [hidden[[row for row in ROWS if a <= row < b]].mean(0) for a, b in zip(SEGMENTS, SEGMENTS[1:])]
    )


def rkd_distance(student, teacher):
    """Park et al. 2019 (arXiv 1904.05068), equations 5 to 7."""
    student, teacher = (F.pdist(points(x)) for x in (student, teacher))
    return F.smooth_l1_loss(student / student.mean(), teacher / teacher.mean())


def rkd_angle(student, teacher):
    """The same, equations 8 and 9: each vertex between each pair of others."""
    def cosines(x):
        x = points(x)
        return torch.stack(
            [
                F.cosine_similarity(x[i] - x[j], x[k] - x[j], dim=0)
                for j in range(3)
                for i in range(3)
                for k in range(i)
                if i != j and k != j
            ]
        )

    return F.smooth_l1_loss(cosines(student), cosines(teacher))


def features():
    generator = torch.Generator().manual_seed(SEED)
    tokens = SEGMENTS[-1]
    draw = lambda *shape, scale=1: (torch.randn(*shape, generator=generator) * scale)
    stored = {
        "student/hidden": draw(tokens, WIDTH),
        "student/qkv": draw(tokens, (HEADS + 2 * KEY_VALUE_HEADS) * DIMENSION),
        "teacher/hidden": draw(tokens, TEACHER_WIDTH),
        "teacher/qkv": draw(tokens, 3 * TEACHER_HEADS * TEACHER_DIMENSION),
        "projector": draw(TEACHER_WIDTH, WIDTH, scale=WIDTH**-0.5),
    }
    inputs = {name: value.double() for name, value in stored.items()}

    def record(kind, loss_of, *names):
        variables = [inputs[name].clone().requires_grad_() for name in names]
        loss = loss_of(*variables)
        loss.backward()
        stored[kind + "/loss"] = loss.detach().reshape(1)
        for name, variable in zip(names, variables):
            stored[kind + "/" + name] = variable.grad

    hidden, qkv = inputs["teacher/hidden"], inputs["teacher/qkv"]
    project = lambda x, w: x[ROWS] @ w.T
    record("hidden_mse", lambda x, w: F.mse_loss(project(x, w), hidden[ROWS]), "student/hidden", "projector")
    record(
        "hidden_cosine",
        lambda x, w: (1 - F.cosine_similarity(project(x, w), hidden[ROWS])).mean(),
        "student/hidden",
        "projector",
    )
    record("attention_transfer", lambda x: attention_transfer(x, qkv), "student/qkv")
    record("minilm", lambda x: minilm(x, qkv), "student/qkv")
    record("rkd_distance", lambda x: rkd_distance(x, hidden), "student/hidden")
    record("rkd_angle", lambda x: rkd_angle(x, hidden), "student/hidden")
    return stored


def main():
    torch.set_num_threads(1)
    path = FOLDER / "features.safetensors"
    safetensors.torch.save_file({k: v.float().contiguous() for k, v in features().items()}, path)
    manifest = {
        "seed": SEED,
        "versions": {"torch": torch.__version__, "safetensors": safetensors.__version__},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
    }
    (FOLDER / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
