"""Writes the goldens of DistillationTests: every loss with its gradient, and twenty steps of a whole trainer.

    python Tests/Golden/distillation/generate.py        (needs torch, safetensors; transformers to be importable)

Everything runs in Float64 through autograd and is rounded to Float32 when stored. The trainer's student and teacher begin
with the weights of `../transformer/tied.safetensors` and `untied.safetensors`.
"""

import hashlib
import importlib.util
import json
import math
import pathlib

import safetensors
import safetensors.torch
import torch

SCRIPT_VERSION = 2
SEED = 20_240_918
FOLDER = pathlib.Path(__file__).parent
TRANSFORMER = FOLDER.parent / "transformer"

# Losses: rows of logits of growing size, over a vocabulary that fills no vector register.
V, K, SCALES = 37, 5, [0.1, 1.0, 1.0, 3.0, 3.0, 6.0, 12.0]
TEMPERATURES = [1.0, 2.0]
# Divergences over outcomes, with their numbers; then those that need whole distributions or logits.
DIVERGENCES = (
    [("forward_kl",), ("reverse_kl",), ("total_variation",), ("skew_forward_kl", 0.1), ("skew_reverse_kl", 0.3), ("akl",)]
    + [("jsd", beta) for beta in (0.0, 0.1, 0.5, 0.9, 1.0)]
    + [("alpha_beta", *pair) for pair in [(0.2, 0.7), (1.0, 0.0), (0.0, 1.0), (0.5, 0.0), (0.0, 0.5), (1.0, 1.0)]]
)
WHOLE = [("uld",), ("standardized forward_kl",), ("standardized skew_reverse_kl", 0.1)]

# The trainer.
STEPS, RATE, DECAY, ADAM_BETAS, ADAM_EPSILON = 20, 3e-3, 0.1, (0.9, 0.95), 1e-8
EMBEDDING_SCALE, CLIP, WARMUP, FINAL, AVERAGE = 0.5, 1.0, 0.2, 0.1, 0.9
OBJECTIVE = [("cross_entropy", 0.5, 1.0), ("forward_kl", 1.0, 2.0), ("jsd", 0.25, 1.0)]
BETA = 0.3


def kl(log_p, log_q):
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def mixed(share, log_a, log_b):
    """ln(share a + (1 - share) b)."""
    if share == 0:
        return log_b
    return torch.logaddexp(log_a + math.log(share), log_b + math.log(1 - share))


def divergence(name, log_p, log_q, *numbers):
    p, q = log_p.exp(), log_q.exp()
    if name == "jsd" and numbers[0] in (0.0, 1.0):
        name = "forward_kl" if numbers[0] == 0 else "reverse_kl"
    if name == "forward_kl":
        return kl(log_p, log_q)
    if name == "reverse_kl":
        return kl(log_q, log_p)
    if name == "jsd":
        (beta,) = numbers
        log_m = mixed(beta, log_p, log_q)
        return beta * kl(log_p, log_m) + (1 - beta) * kl(log_q, log_m)
    if name == "total_variation":
        return 0.5 * (p - q).abs().sum(-1)
    if name == "skew_forward_kl":
        return kl(log_p, mixed(*numbers, log_p, log_q))
    if name == "skew_reverse_kl":
        return kl(log_q, mixed(*numbers, log_q, log_p))
    if name == "akl":
        order = p.argsort(-1, descending=True)
        mass_before = p.gather(-1, order).cumsum(-1) - p.gather(-1, order)
        gaps = (p - q).abs().gather(-1, order).detach()
        share = gaps.where(mass_before < 0.5, torch.zeros(())).sum(-1) / gaps.sum(-1)
        return share * kl(log_p, log_q) + (1 - share) * kl(log_q, log_p)
    if name == "uld":
        return (p.sort(-1).values - q.sort(-1).values).abs().sum(-1)
    assert name == "alpha_beta", name
    a, b = numbers
    if b == 0:
        terms = (a * log_p).exp() * (log_p - log_q) / a - ((a * log_p).exp() - (a * log_q).exp()) / a**2
    elif a == 0:
        terms = (b * log_q).exp() * (log_q - log_p) / b - ((b * log_q).exp() - (b * log_p).exp()) / b**2
    else:
        s = a + b
        terms = (s * log_p).exp() * a / s + (s * log_q).exp() * b / s - (a * log_p + b * log_q).exp()
        terms = terms / (a * b)
    return terms.sum(-1)


def standardized(z):
    return (z - z.mean(-1, keepdim=True)) / z.std(-1, keepdim=True, correction=0)


def coarse(log_p, ids):
    """The kept tokens and one bucket for all others."""
    others = log_p.scatter(-1, ids, -math.inf)
    return torch.cat([log_p.gather(-1, ids), others.logsumexp(-1, keepdim=True)], -1)


def losses():
    generator = torch.Generator().manual_seed(SEED)
    scales = torch.tensor(SCALES)[:, None]
    student = torch.randn(len(SCALES), V, generator=generator) * scales
    teacher = torch.randn(len(SCALES), V, generator=generator) * scales
    targets = torch.randint(V, (len(SCALES),), generator=generator)
    stored = {"student": student, "teacher": teacher, "targets": targets.int()}

    def record(name, loss_of):
        z = student.double().requires_grad_()
        values = loss_of(z)
        values.sum().backward()
        stored[name + "/values"], stored[name + "/gradients"] = values.detach(), z.grad

    record("cross_entropy", lambda z: -z.log_softmax(-1).gather(-1, targets[:, None])[:, 0])
    for t in TEMPERATURES:
        log_p = (teacher.double() / t).log_softmax(-1)
        ids = log_p.topk(K, -1).indices
        kept = coarse(log_p, ids).exp()
        counts = torch.multinomial(log_p.exp(), 12, replacement=True, generator=generator)
        weights = torch.zeros_like(log_p).scatter_add(-1, counts, torch.full(counts.shape, 1 / 12).double())
        entropies = -(log_p.exp() * log_p).sum(-1)
        prefix = f"temperature {t:g}/"
        stored[prefix + "top_k/ids"] = ids.int()
        stored[prefix + "top_k/probabilities"] = kept[:, :K]
        stored[prefix + "top_k/tails"] = kept[:, K]
        stored[prefix + "sampled/weights"] = weights
        stored[prefix + "sampled/entropies"] = entropies
        for name, *numbers in DIVERGENCES + WHOLE:
            full = name + ("(" + ",".join(f"{n:g}" for n in numbers) + ")" if numbers else "")
            standard = standardized if name.startswith("standardized ") else lambda z: z
            base = name.removeprefix("standardized ")
            whole_p = (standard(teacher.double()) / t).log_softmax(-1)
            record(
                prefix + "dense/" + full,
                lambda z: t * t * divergence(base, whole_p, (standard(z) / t).log_softmax(-1), *numbers),
            )
            if (name, *numbers) in DIVERGENCES:
                record(
                    prefix + "top_k/" + full,
                    lambda z: t * t
                    * divergence(base, coarse(log_p, ids), coarse((z / t).log_softmax(-1), ids), *numbers),
                )
        if t == 1:
            for name, standard in [("logit_mse", lambda z: z), ("standardized logit_mse", standardized)]:
                record(
                    prefix + "dense/" + name,
                    lambda z: (standard(z) - standard(teacher.double())).square().mean(-1),
                )
        record(
            prefix + "sampled/forward_kl",
            lambda z: t * t * (-(weights * (z / t).log_softmax(-1)).sum(-1) - entropies),
        )
    return stored


def plain_decoder():
    spec = importlib.util.spec_from_file_location("transformer_golden", TRANSFORMER / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.logits


def initial(name):
    stored = safetensors.torch.load_file(TRANSFORMER / name)
    prefix = "initial/"
    return {k.removeprefix(prefix): v.double() for k, v in stored.items() if k.startswith(prefix)}, stored


def trainer():
    logits = plain_decoder()
    weights, stored = initial("tied.safetensors")
    teacher, _ = initial("untied.safetensors")
    sequences = stored["ids"].long().split(stored["segments"].diff().tolist())
    weights = {name: value.requires_grad_() for name, value in weights.items()}
    average = {name: value.detach().clone() for name, value in weights.items()}
    norms = [w for w in weights.values() if w.ndim == 1]
    table = [weights["embedding.weight"]]
    others = [w for n, w in weights.items() if w.ndim > 1 and n != "embedding.weight"]
    optimizer = torch.optim.AdamW(
        [
            {"params": others, "weight_decay": DECAY, "scale": 1.0},
            {"params": table, "weight_decay": DECAY, "scale": EMBEDDING_SCALE},
            {"params": norms, "weight_decay": 0.0, "scale": 1.0},
        ],
        betas=ADAM_BETAS, eps=ADAM_EPSILON,
    )
    warmup = round(WARMUP * STEPS)
    objectives, terms, norms_seen = [], [], []
    for step in range(STEPS):
        # The loss counts other tokens in each step.
        z, z_teacher, targets = [], [], []
        for ids in sequences:
            rows = [t for t in range(len(ids) - 1) if (t + 1 + step) % 3 != 0]
            z.append(logits(weights, ids)[rows])
            z_teacher.append(logits(teacher, ids)[rows])
            targets.append(ids[1:][rows])
        z, z_teacher, targets = torch.cat(z), torch.cat(z_teacher), torch.cat(targets)
        means = []
        for name, _, t in OBJECTIVE:
            log_q = (z / t).log_softmax(-1)
            if name == "cross_entropy":
                means.append(-log_q.gather(-1, targets[:, None]).mean())
            else:
                means.append(divergence(name, (z_teacher / t).log_softmax(-1), log_q, *([BETA] if name == "jsd" else [])).mean())
        objective = sum(w * t * t * mean for (_, w, t), mean in zip(OBJECTIVE, means, strict=True))
        optimizer.zero_grad()
        objective.backward()
        norm = torch.stack([(w.grad**2).sum() for w in weights.values()]).sum().sqrt()
        for w in weights.values():
            w.grad *= min(1.0, CLIP / norm.item())
        if step < warmup:
            factor = (step + 1) / warmup
        else:
            progress = (step - warmup) / (STEPS - warmup)
            factor = FINAL + (1 - FINAL) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = RATE * factor * group["scale"]
        optimizer.step()
        decay = min(AVERAGE, (2 + step) / (11 + step))
        for name, value in average.items():
            value += (1 - decay) * (weights[name].detach() - value)
        objectives.append(objective.detach())
        terms.append(torch.stack(means).detach())
        norms_seen.append(norm)
    return {
        "objectives": torch.stack(objectives),
        "terms": torch.stack(terms),
        "gradient_norms": torch.stack(norms_seen),
        **{"final/" + name: value.detach() for name, value in weights.items()},
        **{"average/" + name: value for name, value in average.items()},
    }


def main():
    torch.set_num_threads(1)
    files = {}
    for name, tensors in [("losses.safetensors", losses()), ("trainer.safetensors", trainer())]:
        path = FOLDER / name
        kept = {k: (v.float() if v.is_floating_point() else v).contiguous() for k, v in tensors.items()}
        safetensors.torch.save_file(kept, path)
        files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = {
        "scriptVersion": SCRIPT_VERSION,
        "seed": SEED,
        "versions": {"torch": torch.__version__, "safetensors": safetensors.__version__},
        "sha256": files,
    }
    (FOLDER / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
