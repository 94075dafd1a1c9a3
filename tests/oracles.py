"""Slow, plain versions of what the package computes, and the small real objects that tests build."""

import math
from collections import Counter

import numpy as np

from varbind.bank.model_card import BankCard, ModelCard
from varbind.core.deepbind import DeepBindConfig, DeepBindStack

COMPLEMENT = {0: 3, 1: 2, 2: 1, 3: 0, 4: 4}


class TextReference:
    """A reference genome in a dictionary."""

    def __init__(self, **contigs):
        self.contigs = contigs

    def length(self, contig):
        return len(self.contigs[contig])

    def fetch(self, contig, start, end):
        text = self.contigs[contig]
        return "".join(text[i] if 0 <= i < len(text) else "N" for i in range(start, end))


def apply_change(reference, pos, ref, alt):
    """The haplotype that carries one change."""
    assert reference[pos - 1 : pos - 1 + len(ref)] == ref
    return reference[: pos - 1] + alt + reference[pos - 1 + len(ref) :]


def spellings(reference, haplotype):
    """Every (pos, ref, alt) that turns the reference into the haplotype."""
    found = []
    for start in range(len(reference) + 1):
        for end in range(start, len(reference) + 1):
            after = len(reference) - end
            stop = len(haplotype) - after
            same = reference[:start] == haplotype[:start] and reference[end:] == haplotype[stop:]
            if stop >= start and same:
                found.append((start + 1, reference[start:end], haplotype[start:stop]))
    return found


def shortest_leftmost(reference, haplotype):
    """Of all spellings the shortest, and of these the leftmost."""
    return min(spellings(reference, haplotype), key=lambda change: (len(change[1]) + len(change[2]), change[0]))


def dinucleotides(codes):
    return Counter(zip(codes[:-1].tolist(), codes[1:].tolist(), strict=True))


def reverse_strand(codes):
    return np.array([COMPLEMENT[int(code)] for code in codes[::-1]], dtype=np.uint8)


def strand_score(stack, row, codes):
    """One strand of one network, double precision, position by position."""
    shape, m = stack.config, stack.config.detector_len
    one_hot = [[0.25] * 4 if code == 4 else [float(code == base) for base in range(4)] for code in codes]
    padded = np.array([[0.25] * 4] * (m - 1) + one_hot + [[0.25] * 4] * (m - 1))
    detectors, thresholds = stack.detectors[row].astype(float), stack.thresholds[row].astype(float)
    pooled = []
    for d in range(shape.detectors):
        rectified = [
            max(0.0, float((padded[p : p + m] * detectors[:, :, d]).sum()) + thresholds[d])
            for p in range(len(codes) + m - 1)
        ]
        pooled.append(max(rectified))
        if shape.mean_pooling:
            pooled.append(sum(rectified) / len(rectified))
    weights1, biases1 = stack.weights1[row].astype(float), stack.biases1[row].astype(float)
    units = [sum(v * w for v, w in zip(pooled, weights1[:, h], strict=True)) + b for h, b in enumerate(biases1)]
    if not shape.hidden:
        return units[0]
    return sum(max(0.0, u) * float(w) for u, w in zip(units, stack.weights2[row], strict=True)) + stack.biases2[row]


def whole_score(stack, row, codes):
    """One network on a whole sequence."""
    strands = [codes, reverse_strand(codes)] if stack.config.double_stranded else [codes]
    return max(strand_score(stack, row, strand) for strand in strands)


def scan_score(stack, row, codes, rule):
    """The published executable: each strand in its own orientation, last window skipped but for later-all."""
    width = stack.config.detector_len if rule == "0.1" else int(1.5 * stack.config.detector_len)
    strands = [codes, reverse_strand(codes)] if stack.config.double_stranded else [codes]
    best = -np.inf
    for strand in strands:
        count = len(strand) - width + (rule == "later-all")
        windows = [strand[i : i + width] for i in range(count)] if len(strand) > width else [strand]
        best = max(best, *(strand_score(stack, row, window) for window in windows))
    return best


def random_stack(rng, shape, count, *, prefix="M"):
    """Networks with random parameters whose scores are a few units large."""
    scale = {"detectors": 0.3, "thresholds": 0.5, "weights1": shape.pooled**-0.5, "biases1": 0.5}
    arrays = {
        name: (rng.normal(size=size) * scale.get(name, 0.3)).astype(np.float32)
        for name, size in shape.array_shapes(count).items()
    }
    if not shape.hidden:
        arrays["biases2"][:] = 0
    return DeepBindStack(shape, tuple(f"{prefix}{row}" for row in range(count)), arrays)


def deepbind_config(**changes):
    """A small shape, with some of its numbers changed."""
    sizes = {"window": 9, "detector_len": 5, "detectors": 3, "mean_pooling": False, "hidden": 0}
    return DeepBindConfig(**{**sizes, "double_stranded": True, **changes})


ARRAY_NAMES = tuple(deepbind_config().array_shapes(1))


def model_card(model_id, *, config=None, **changes):
    """A card with plain words in every field."""
    words = {"protein": f"P{model_id}", "family": "F", "species": "Homo sapiens", "assay": "SELEX", "experiment": "x"}
    return ModelCard(model_id=model_id, config=config or deepbind_config(), **{**words, "default": True, **changes})


def bank_card(models, **changes):
    """The card of a bank of these models."""
    words = {"name": "test", "version": "1", "description": "d", "source": "s", "licence": "l"}
    return BankCard(**{**words, "models": tuple(models), **changes})


def share_at_least(sample, value):
    """Share of a sample and the value itself that is at least as large, counted one by one."""
    return (1 + sum(1 for other in sample if other >= value)) / (1 + len(sample))


def slow_share_of_own(sample, threshold, variant, site):
    """Share of one value of a sample among those of other sites; beyond the threshold fitted to these alone."""
    first = variant // site * site
    others = [value for place, value in enumerate(sample) if not first <= place < first + site]
    if sample[variant] <= threshold:
        return share_at_least(others, sample[variant])
    excess = sorted(value - threshold for value in others if value > threshold)
    number = len(excess)
    mean = sum(excess) / number
    moment = sum((number - rank + 0.35) / number * value for rank, value in enumerate(excess, 1)) / number
    shape = 0.0 if mean <= 2 * moment else min(max(2 - mean / (mean - 2 * moment), 0.0), 0.9)
    scale = max(mean * (1 - shape), 1e-12)
    own = sample[variant] - threshold
    fall = own / scale if shape == 0 else math.log1p(shape * own / scale) / shape
    return (1 + number) / (1 + len(others)) * math.exp(-min(fall, 700))
