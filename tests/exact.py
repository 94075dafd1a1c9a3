"""The bytes that every way of computing gives, written out slowly: whole numbers, then one order of sums."""

import numpy as np
from oracles import reverse_strand

from varbind.kernels.exact_arithmetic import fixed_point


def detector_outputs(stack, row, codes):
    """Every output of every detector on one strand, in quarters of the fixed point: whole numbers (positions, D)."""
    fixed, m = fixed_point(stack), stack.config.detector_len
    bases = fixed.detectors[row].astype(np.int64)  # (m, 4, D)
    quarters = np.concatenate([4 * bases, bases.sum(axis=1, keepdims=True)], axis=1)  # N is a quarter of each
    padded = [4] * (m - 1) + codes.tolist() + [4] * (m - 1)
    windows = [padded[start : start + m] for start in range(len(codes) + m - 1)]
    sums = [sum(quarters[offset, base] for offset, base in enumerate(window)) for window in windows]
    return np.array(sums) + 4 * fixed.thresholds[row].astype(np.int64)


def by_halves(lanes):
    """The upper half onto the lower half, until one is left."""
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [low + high for low, high in zip(lanes[:half], lanes[half:], strict=True)]
    return lanes[0]


def strand_bytes(stack, row, codes):
    """One strand of one network before rounding, summed as `varbind.kernels.exact_arithmetic` says."""
    shape, scale = stack.config, fixed_point(stack).scale[row] / 4
    outputs = np.maximum(detector_outputs(stack, row, codes), 0)
    pools = [outputs.max(axis=0) * scale, outputs.sum(axis=0) * scale / len(outputs)][: 1 + shape.mean_pooling]
    features = [float(pool[d]) for d in range(shape.detectors) for pool in pools]
    weights1, biases1 = stack.weights1[row].astype(float), stack.biases1[row].astype(float)
    lanes = [0.0] * (32 if shape.hidden else 16)
    if not shape.hidden:
        for i, feature in enumerate(features):
            lanes[i // len(pools) % 16] += feature * float(weights1[i, 0])
        return by_halves(lanes) + float(biases1[0])
    for unit in range(shape.hidden):
        value = float(biases1[unit])
        for i, feature in enumerate(features):
            value += feature * float(weights1[i, unit])
        lanes[unit % 32] += max(value, 0.0) * float(stack.weights2[row, unit])
    return by_halves(lanes) + float(stack.biases2[row])


def exact_scores(stacks, sequences):
    """Scores of whole sequences, float32 (B, K), columns stack by stack."""
    return np.array(
        [
            [
                np.float32(max(strand_bytes(stack, row, strand) for strand in strands(stack, codes)))
                for stack in stacks
                for row in range(len(stack.model_ids))
            ]
            for codes in sequences
        ]
    )


def strands(stack, codes):
    """What a network reads."""
    return [codes, reverse_strand(codes)] if stack.config.double_stranded else [codes]
