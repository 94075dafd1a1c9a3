"""The plain trainer of one protein: positives and negatives enter, a DeepBind network leaves.

One fixed setting, no search. It is the ChIP-seq network of DeepBind (2015): 16 detectors of length 24,
maximum pooling, a score linear in the pooled values, the larger score of both strands. Where the paper
samples a setting, the middle of its range stands here (`TrainingSetting`). All randomness comes from
numpy generators made of the seed, so equal input and seed give equal bytes on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.network import DeepBindStack, NetworkShape
from varbind.core.sequence import N_CODE, Codes
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import
from varbind.train.datasets import split_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.float32]]

__all__ = ["TrainedBinding", "TrainingSetting", "binding_auc", "network_scores", "train_binding"]

SCORING_BATCH = 1024


@dataclass(frozen=True, slots=True)
class TrainingSetting:
    """All numbers of a training.

    DeepBind (2015) samples the learning rate log-uniformly from 5e-4..5e-2 and dropout from 0, 0.25 and
    0.5: the middle of each is taken. Its initial scales (1e-7..1e-3) suit Nesterov momentum; Adam keeps
    detectors of so small a start alike, hence 1e-2. Its weight decays are negligible at mid-range, so
    there is none. It picks the training length from five checkpoints, as here.

    Attributes:
        window: bases around an SNV that the network is annotated on; does not touch the training.
        detector_len: m, positions of a detector.
        detectors: D, number of detectors.
        batch_size: sequences of a mini-batch.
        learning_rate: of Adam.
        checkpoints: numbers of steps after which a trial is rated; the last one ends it.
        dropout: probability that a pooled value is set to 0 in training.
        detector_scale: standard deviation of the initial detectors.
        network_scale: standard deviation of the initial weights of the pooled values.
        trials: random starts, of which the best rated is kept.
        validation_fraction: share of the rows that rates trials and checkpoints and trains nothing.
    """

    window: int = 31
    detector_len: int = 24
    detectors: int = 16
    batch_size: int = 64
    learning_rate: float = 5e-3
    checkpoints: tuple[int, ...] = (800, 1600, 2400, 3200, 4000)
    dropout: float = 0.25
    detector_scale: float = 1e-2
    network_scale: float = 1e-2
    trials: int = 3
    validation_fraction: float = 0.2

    def __post_init__(self) -> None:
        ascending = tuple(sorted(set(self.checkpoints)))
        if not ascending or ascending != self.checkpoints or ascending[0] < 1 or self.trials < 1:
            raise UsageError("a training needs at least one trial and ascending checkpoints of at least one step")

    @property
    def shape(self) -> NetworkShape:
        """The shape of the network."""
        return NetworkShape(
            window=self.window,
            detector_len=self.detector_len,
            detectors=self.detectors,
            mean_pooling=False,
            hidden=0,
            double_stranded=True,
        )


@dataclass(frozen=True, slots=True)
class TrainedBinding:
    """The kept network of a training.

    Attributes:
        shape: of the network.
        arrays: float32, named and shaped as in a `DeepBindStack` of one network.
        validation_auc: area under the ROC curve on the rows that trained nothing but chose the network,
            hence a little too good.
        trial: which random start it is, from 0.
        steps: training steps it took.
    """

    shape: NetworkShape
    arrays: Arrays
    validation_auc: float
    trial: int
    steps: int

    def stack(self, model_id: str) -> DeepBindStack:
        """The network under its name."""
        return DeepBindStack(self.shape, (model_id,), **self.arrays)


def train_binding(positives: Codes, negatives: Codes, *, setting: TrainingSetting, seed: int) -> TrainedBinding:
    """Train a network to tell bound sequences from their shuffles.

    Logistic loss, Adam (Kingma and Ba 2014, standard momenta). The best rated of `setting.trials` random
    starts and `setting.checkpoints` is kept, the earlier one at a tie.

    Args:
        positives: base codes of bound sequences, shape (N, L).
        negatives: row by row the shuffle of the positive, shape (N, L).
        setting: all numbers.
        seed: of the split, the starts, the order of the rows and dropout.

    Raises:
        InputError: the two do not have one shape.
        UsageError: torch or scikit-learn is not installed, or there are too few rows to set some aside.
    """
    if positives.shape != negatives.shape:
        raise InputError(f"positives have shape {positives.shape}, negatives {negatives.shape}; they pair by row")
    kept, held = split_rows(len(positives), np.random.default_rng(seed), fraction=setting.validation_fraction)
    best: TrainedBinding | None = None
    for trial in range(setting.trials):
        rng = np.random.default_rng([seed, trial])
        for steps, arrays in _trial(positives[kept], negatives[kept], setting=setting, rng=rng):
            auc = binding_auc(arrays, positives[held], negatives=negatives[held])
            if best is None or auc > best.validation_auc:
                best = TrainedBinding(setting.shape, arrays, auc, trial, steps)
    assert best is not None  # a setting has a trial and a checkpoint
    return best


def network_scores(arrays: Arrays, codes: Codes) -> NDArray[np.float32]:
    """Scores of whole sequences by the arithmetic that is trained.

    Args:
        arrays: of one network, see `TrainedBinding.arrays`.
        codes: base codes, shape (N, L).

    Returns:
        Shape (N,); the logit of being bound.
    """
    torch = optional_import("torch", needed_for="scoring with the trainer")
    parameters = {name: torch.tensor(arrays[name][0]) for name in arrays}
    scores = np.empty(len(codes), dtype=np.float32)
    with torch.no_grad():
        for start in range(0, len(codes), SCORING_BATCH):
            batch = slice(start, start + SCORING_BATCH)
            scores[batch] = _forward(torch, parameters, codes[batch]).numpy()
    return scores


def binding_auc(arrays: Arrays, positives: Codes, *, negatives: Codes) -> float:
    """Area under the ROC curve of a network's scores.

    Args:
        arrays: of one network, see `TrainedBinding.arrays`.
        positives: base codes, shape (P, L).
        negatives: base codes, shape (N, L).
    """
    metrics = optional_import("sklearn.metrics", needed_for="rating a network")
    scores = network_scores(arrays, np.concatenate([positives, negatives]))
    return float(metrics.roc_auc_score(np.arange(len(scores)) < len(positives), scores))


def _trial(
    positives: Codes, negatives: Codes, *, setting: TrainingSetting, rng: np.random.Generator
) -> Iterator[tuple[int, Arrays]]:
    """Train from one random start; the arrays at every checkpoint."""
    torch = optional_import("torch", needed_for="training")
    parameters = _initial(torch, setting, rng)
    optimiser = torch.optim.Adam(parameters.values(), lr=setting.learning_rate)
    codes = np.concatenate([positives, negatives])
    bound = torch.arange(len(codes)) < len(positives)
    batches = _mini_batches(len(codes), setting.batch_size, rng)
    for step in range(1, setting.checkpoints[-1] + 1):
        rows = next(batches)
        keep = _dropout_factors(len(rows), setting, rng)
        scores = _forward(torch, parameters, codes[rows], keep=torch.from_numpy(keep))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, bound[rows].float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step in setting.checkpoints:
            yield step, _exported(parameters)


def _mini_batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Row numbers: all rows in random order, again and again."""
    while True:
        order = rng.permutation(count)
        yield from (order[start : start + size] for start in range(0, count, size))


def _dropout_factors(rows: int, setting: TrainingSetting, rng: np.random.Generator) -> NDArray[np.float32]:
    """What the pooled values are multiplied by, equal on both strands: (B, 1, D), mean 1."""
    kept = rng.random((rows, 1, setting.detectors), dtype=np.float32) >= setting.dropout
    return kept.astype(np.float32) / np.float32(1 - setting.dropout)


def _initial(torch: Any, setting: TrainingSetting, rng: np.random.Generator) -> dict[str, Any]:
    def normal(scale: float, *shape: int) -> Any:
        return torch.tensor(rng.normal(0, scale, shape).astype(np.float32), requires_grad=True)

    return {
        "detectors": normal(setting.detector_scale, setting.detector_len, 4, setting.detectors),
        "thresholds": normal(0, setting.detectors),
        "weights1": normal(setting.network_scale, setting.detectors, 1),
        "biases1": normal(0, 1),
    }


def _exported(parameters: dict[str, Any]) -> Arrays:
    trained = {name: tensor.detach().numpy()[None].copy() for name, tensor in parameters.items()}
    return {**trained, "weights2": np.zeros((1, 0), np.float32), "biases2": np.zeros(1, np.float32)}


def _forward(torch: Any, parameters: dict[str, Any], codes: Codes, *, keep: Any = 1) -> Any:
    """Scores of whole sequences (DeepBind 2015, supplementary section 1.1): (B, L) to (B,)."""
    detectors = parameters["detectors"]  # (m, 4, D)
    pad = detectors.shape[0] - 1
    padded = np.pad(codes, ((0, 0), (pad, pad)), constant_values=N_CODE)
    # A detector turned in position and base order (A C G T) reads the other strand.
    strands = torch.stack([detectors, detectors.flip(0, 1)], dim=2)  # (m, 4, 2, D)
    kernel = strands.flatten(0, 1).flatten(1)  # (4m, 2D)
    letters = torch.cat([torch.eye(4), torch.full((1, 4), 0.25)])
    bases = letters[torch.from_numpy(padded).long()].flatten(1)  # (B, 4(L + 2 pad))
    windows = bases.unfold(1, kernel.shape[0], 4)  # (B, L + pad, 4m)
    highest = (windows @ kernel).max(dim=1).values.unflatten(1, (2, -1))  # (B, 2, D)
    pooled = torch.relu(highest + parameters["thresholds"]) * keep
    scores = pooled @ parameters["weights1"] + parameters["biases1"]  # (B, 2, 1)
    return scores.squeeze(-1).amax(dim=1)
