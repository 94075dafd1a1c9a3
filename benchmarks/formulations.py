"""Three usual ways to write DeepBind in torch: a loop over networks, one convolution, and tables by `embedding_bag`.

All are complete (both strands, mean pools, heads, float32), on whole sequences, so that their scores can be compared.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from varbind.core.deepbind import DeepBindStack
from varbind.core.sequence import N_CODE
from varbind.nn.torch_networks import SequenceNetworks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindConfig
    from varbind.core.sequence import Codes

    Sequences = Mapping[int, Sequence[Codes]]
    """By window length."""

__all__ = ["BigConvolution", "Loop", "TableBags"]

ONE_HOT = np.vstack([np.eye(4), np.full((1, 4), 0.25)]).astype(np.float32)
SEQUENCES_A_CONVOLUTION = 8
"""More sequences do not fit into the cache, because the activations of one take megabytes."""

SEQUENCES_A_BAG = 128


class Loop:
    """Score with one network after the other."""

    def __init__(self, stacks: Sequence[DeepBindStack], *, double: bool = False) -> None:
        dtype = torch.float64 if double else torch.float32
        self._stacks = stacks
        self._networks = [(stack.config.window, SequenceNetworks(stack, dtype=dtype)) for stack in stacks]

    def score(self, sequences: Sequences, batch: int) -> NDArray[Any]:
        """Scores, (sequences, models)."""
        columns = []
        for window, networks in self._networks:
            codes = np.stack(sequences[window])
            columns.append([networks.score(codes[at : at + batch])[:, :, 0] for at in range(0, len(codes), batch)])
        return np.concatenate([np.concatenate(column) for column in columns], axis=1)


def _means(stacks: Sequence[DeepBindStack], scores: NDArray[Any]) -> NDArray[Any]:
    """Scores of the models, from those of all their networks."""
    sizes = [(len(stack.model_ids), stack.config.members) for stack in stacks]
    parts = np.split(scores, np.cumsum([models * members for models, members in sizes])[:-1], axis=1)
    return np.concatenate(
        [part.reshape(-1, *size).mean(axis=2) for part, size in zip(parts, sizes, strict=True)], axis=1
    )


class _Heads:
    """The small networks behind the pooled values of one stack."""

    def __init__(self, stack: DeepBindStack) -> None:
        self._hidden = stack.config.hidden > 0
        names = ("weights1", "biases1", "weights2", "biases2")
        self._weights1, self._biases1, self._weights2, self._biases2 = (
            torch.from_numpy(np.ascontiguousarray(getattr(stack, name))) for name in names
        )

    def score(self, pools: list[torch.Tensor]) -> torch.Tensor:
        """Scores (B, K) of pools, each (B, K, D)."""
        features = torch.stack(pools, dim=3).flatten(2)
        output = torch.einsum("bkp,kph->bkh", features, self._weights1) + self._biases1
        if not self._hidden:
            return output[:, :, 0]
        return torch.einsum("bkh,kh->bk", torch.relu(output), self._weights2) + self._biases2


def _strands(stack: DeepBindStack) -> list[NDArray[np.float32]]:
    """Detectors (K, m, 4, D) as they read the given strand, and those of the other strand."""
    turned = stack.detectors[:, ::-1, ::-1]
    return [stack.detectors, turned][: stack.config.strands]


class BigConvolution:
    """One conv1d for all detectors of one length that read as many strands."""

    def __init__(self, stacks: Sequence[DeepBindStack]) -> None:
        def kind(stack: DeepBindStack) -> tuple[int, int, bool]:
            return stack.config.window, stack.config.detector_len, stack.config.double_stranded

        self._stacks = stacks
        apart = [stack.unstack() for stack in stacks]
        order = sorted(range(len(apart)), key=lambda number: kind(apart[number]))
        self._groups = []
        for _, numbers in groupby(order, key=lambda number: kind(apart[number])):
            chosen = [(number, apart[number]) for number in numbers]
            strands = zip(*(_strands(stack) for _, stack in chosen), strict=True)
            weights = [torch.from_numpy(np.concatenate([_as_channels(one) for one in strand])) for strand in strands]
            thresholds = torch.from_numpy(np.concatenate([stack.thresholds.ravel() for _, stack in chosen]))
            parts = [(number, stack.config, len(stack.model_ids), _Heads(stack)) for number, stack in chosen]
            self._groups.append((chosen[0][1].config, weights, thresholds, parts))

    @torch.no_grad()
    def score(self, sequences: Sequences) -> NDArray[np.float32]:
        """Scores, (sequences, models)."""
        of_stack: dict[int, NDArray[np.float32]] = {}
        for shape, weights, thresholds, parts in self._groups:
            margin = shape.detector_len - 1
            codes = np.pad(np.stack(sequences[shape.window]), ((0, 0), (margin, margin)), constant_values=N_CODE)
            found: list[list[torch.Tensor]] = []
            for at in range(0, len(codes), SEQUENCES_A_CONVOLUTION):
                some = codes[at : at + SEQUENCES_A_CONVOLUTION]
                one_hot = torch.from_numpy(ONE_HOT[some].transpose(0, 2, 1).copy())
                strands = [_split(torch.nn.functional.conv1d(one_hot, strand, thresholds), parts) for strand in weights]
                found.append([torch.stack(of_part).amax(0) for of_part in zip(*strands, strict=True)])
            for (number, *_), of_part in zip(parts, zip(*found, strict=True), strict=True):
                of_stack[number] = torch.cat(of_part).numpy()
        return _means(self._stacks, np.concatenate([of_stack[number] for number in range(len(of_stack))], axis=1))


def _as_channels(detectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Detectors (K, m, 4, D) as conv1d wants them, (K x D, 4, m)."""
    return detectors.transpose(0, 3, 2, 1).reshape(-1, 4, detectors.shape[1])


def _split(sums: torch.Tensor, parts: Sequence[tuple[int, DeepBindConfig, int, _Heads]]) -> list[torch.Tensor]:
    """Scores (B, K) of each stack from the sums (B, detectors of all stacks, positions)."""
    scores, first = [], 0
    maxima = torch.relu(sums.amax(2))
    for _, shape, count, heads in parts:
        last = first + count * shape.detectors
        size = (len(sums), count, shape.detectors)
        pools = [maxima[:, first:last].reshape(size)]
        if shape.mean_pooling:
            pools.append(torch.relu(sums[:, first:last]).mean(2).reshape(size))
        scores.append(heads.score(pools))
        first = last
    return scores


class TableBags:
    """Sums of rows of 3-mer tables by `embedding_bag`, a network at a time and some sequences: quicker than all."""

    def __init__(self, stacks: Sequence[DeepBindStack]) -> None:
        self._stacks = stacks
        self._networks = [(stack.config, _tables(stack), _Heads(stack)) for stack in map(DeepBindStack.unstack, stacks)]

    @torch.no_grad()
    def score(self, sequences: Sequences) -> NDArray[np.float32]:
        """Scores, (sequences, models)."""
        bags: dict[tuple[int, int], torch.Tensor] = {}
        for shape, _, _ in self._networks:
            key = shape.window, shape.detector_len
            if key not in bags:
                bags[key] = _bags(np.stack(sequences[shape.window]), shape.detector_len)
        parts = []
        for shape, tables, heads in self._networks:
            pieces = bags[shape.window, shape.detector_len].split(SEQUENCES_A_BAG)
            parts.append(torch.cat([_score_tables(shape, tables, heads, piece) for piece in pieces]))
        return _means(self._stacks, torch.cat(parts, dim=1).numpy())


def _score_tables(shape: DeepBindConfig, tables: torch.Tensor, heads: _Heads, bags: torch.Tensor) -> torch.Tensor:
    """Scores (B, K) of one stack; `bags` is (B, positions, triplets)."""
    strands, (count, positions) = shape.strands, bags.shape[:2]
    maxima, means = [], []
    for table in tables:
        sums = torch.nn.functional.embedding_bag(bags.flatten(0, 1), table, mode="sum").view(count, positions, -1)
        maxima.append(torch.relu(sums.amax(1)))
        if shape.mean_pooling:
            means.append(torch.relu(sums).mean(1))
    pools = [torch.stack(pool, dim=1) for pool in (maxima, means) if pool]  # (B, K, S x D)
    of_strand = [
        heads.score([pool.unflatten(2, (strands, -1))[:, :, strand] for pool in pools]) for strand in range(strands)
    ]
    return torch.stack(of_strand).amax(0)


def _tables(stack: DeepBindStack) -> torch.Tensor:
    """For each network the rows of every 3-mer at every third of the detectors, (K, triplets x 125, S x D)."""
    bases = np.concatenate(_strands(stack), axis=3)
    bases = np.concatenate([bases, bases.mean(axis=2, keepdims=True)], axis=2)  # N
    bases = np.pad(bases, ((0, 0), (0, -bases.shape[1] % 3), (0, 0), (0, 0)))
    one, two, three = (bases[:, at::3] for at in range(3))
    rows = one[:, :, :, None, None] + two[:, :, None, :, None] + three[:, :, None, None, :]
    rows = rows.reshape(*rows.shape[:2], 125, -1)
    rows[:, 0] += np.tile(stack.thresholds, len(_strands(stack)))[:, None]
    return torch.from_numpy(np.ascontiguousarray(rows.reshape(len(rows), -1, rows.shape[-1]), dtype=np.float32))


def _bags(codes: Codes, detector_len: int) -> torch.Tensor:
    """Which rows each position adds, (B, positions, triplets)."""
    margin = detector_len - 1
    triplets = -(-detector_len // 3)
    padded = np.pad(codes, ((0, 0), (margin, margin + 2)), constant_values=N_CODE).astype(np.int32)
    words = 25 * padded[:, :-2] + 5 * padded[:, 1:-1] + padded[:, 2:]
    positions = np.arange(codes.shape[1] + margin)[:, None] + 3 * np.arange(triplets)
    return torch.from_numpy(words[:, positions] + 125 * np.arange(triplets, dtype=np.int32))
