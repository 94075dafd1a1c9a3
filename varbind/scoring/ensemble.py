"""All models of a bank at once, with the same bytes for any batch size, number of threads and way of computing.

Networks of an architecture that has a kernel (`KERNELS`) are scored by it; all others are scored in batches by their
torch modules (`varbind.nn.torch_networks`). For DeepBind, whole numbers make every sum exact
(`varbind.kernels.exact_arithmetic`), and of an alternate allele only the positions that read the change are computed
(`varbind.kernels.work_plan`), on a CPU (`varbind.kernels.cpu.cpu`) or a GPU (`varbind.kernels.gpu.device`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from varbind.core.deepbind import DeepBindConfig, deepbind_stacks
from varbind.core.window import flank_of
from varbind.gate import optional_import
from varbind.kernels.cpu.cpu import CpuStacks, thread_count
from varbind.kernels.work_plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack
    from varbind.core.network_stack import NetworkOutput, NetworkStack
    from varbind.core.sequence import Codes
    from varbind.core.sequence_change import SequenceChange
    from varbind.core.window import Window

__all__ = ["KERNELS", "Ensemble", "EnsembleMeans"]


class Ensemble:
    """Scores with every model of several stacks.

    Args:
        stacks: the networks.
        models: the models in the order of the columns: each is the id of a network and the number of its output. For
            a network with one output, the id is sufficient.
        device: `cpu`, or a torch device such as `cuda:0`.
        threads: CPU threads; None = one for each processor this process may use.
        compiled: whether the CPU uses the compiled kernel; None = it does if the kernel is available and there is
            enough to score.
    """

    def __init__(
        self,
        stacks: Sequence[NetworkStack[Any]],
        models: Sequence[str | NetworkOutput],
        *,
        device: str = "cpu",
        threads: int | None = None,
        compiled: bool | None = None,
    ) -> None:
        self._models = len(models)
        column_of = {(model, 0) if isinstance(model, str) else model: column for column, model in enumerate(models)}
        place = _Place.of(device, threads, compiled=compiled)
        self._parts: list[tuple[int, list[int], slice | list[int], _Networks]] = []
        for window, kernel in sorted({(stack.config.window, _kernel_name(stack)) for stack in stacks}):
            chosen = [stack for stack in stacks if (stack.config.window, _kernel_name(stack)) == (window, kernel)]
            outputs = [output for stack in chosen for output in stack.outputs]
            rows = [row for row, output in enumerate(outputs) if output in column_of]
            columns = [column_of[outputs[row]] for row in rows]
            kept = slice(None) if len(rows) == len(outputs) else rows
            self._parts.append((window, columns, kept, KERNELS.get(kernel, _torch_networks)(chosen, place)))

    @property
    def windows(self) -> tuple[int, ...]:
        """The window lengths of the models, ascending."""
        return tuple(sorted({window for window, *_ in self._parts}))

    def score(self, sequences: Mapping[int, Sequence[Codes]]) -> NDArray[np.float32]:
        """Score B whole sequences; each model reads the sequence cut for its own window length.

        Args:
            sequences: per window length of `windows`, B sequences of base codes of any length.

        Returns:
            Scores, float32 (B, M), in the units of each model.
        """
        by_model = np.empty((self._models, len(next(iter(sequences.values()), ()))), dtype=np.float32)
        if by_model.size:
            for window, columns, rows, networks in self._parts:
                by_model[columns] = networks.score(sequences[window])[rows]
        return by_model.T

    def score_windows(self, windows: Mapping[int, Sequence[Window]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score both alleles of B windows; each model reads the window cut for its own length.

        Args:
            windows: per window length of `windows`, B windows with that length's flank.

        Returns:
            Scores of the reference and of the alternate allele, each float32 (B, M).
        """
        by_model = np.empty((2, self._models, len(next(iter(windows.values()), ()))), dtype=np.float32)
        if by_model.size:
            for window, columns, rows, networks in self._parts:
                for alleles, scores in zip(by_model, networks.score_windows(windows[window]), strict=True):
                    alleles[columns] = scores[rows]
        return by_model[0].T, by_model[1].T

    def score_changes(
        self, codes: Codes, changes: Sequence[SequenceChange]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score one sequence, which every model reads whole, and B changes of it.

        Args:
            codes: base codes (L,).
            changes: the changes, each of which leaves at least one base.

        Returns:
            Scores of the sequence, float32 (M,), and of the changed sequences, float32 (B, M).
        """
        by_model = np.empty((self._models, 1 + len(changes)), dtype=np.float32)
        for _, columns, rows, networks in self._parts:
            by_model[columns] = networks.score_changes(codes, changes)[rows]
        return by_model[:, 0], by_model[:, 1:].T


class EnsembleMeans:
    """The scores of models that are ensembles, as means of the scores of their networks.

    Args:
        stacks: the models.

    Attributes:
        networks: stacks of all networks, each of which is a model of its own.
    """

    def __init__(self, stacks: Sequence[DeepBindStack]) -> None:
        self.networks = [stack.unstack() for stack in stacks]
        self._sizes = [(len(stack.model_ids), stack.config.members) for stack in stacks]

    def means(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of the M models (M, A) from those of their K networks (K, A)."""
        if all(members == 1 for _, members in self._sizes):
            return scores
        bounds = np.cumsum([models * members for models, members in self._sizes])[:-1]
        parts = zip(np.split(scores, bounds), self._sizes, strict=True)
        return np.concatenate([_means(part.reshape(*size, -1)) for part, size in parts])


def _means(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means (M, A) of scores (M, N, A), always summed in the same order."""
    total = scores[:, 0].astype(np.float64)
    for member in range(1, scores.shape[1]):
        total += scores[:, member]
    means: NDArray[np.float32] = (total / scores.shape[1]).astype(np.float32)
    return means


@dataclass(frozen=True, slots=True)
class _Place:
    """Where networks are computed.

    Attributes:
        device: `cpu`, or a torch device such as `cuda:0`.
        threads: the threads of the CPU; None = the caller's thread computes.
        compiled: as in `Ensemble`.
    """

    device: str
    threads: Executor | None
    compiled: bool | None

    @classmethod
    def of(cls, device: str, threads: int | None, *, compiled: bool | None) -> _Place:
        """The place with a number of threads; None = one for each processor that this process may use.

        Raises:
            ResourceError: the device does not exist.
        """
        if device != "cpu":
            _gpu_kernels(device).torch_device(device)
            return cls(device, None, compiled)
        count = thread_count(threads)
        return cls(device, ThreadPoolExecutor(count) if count > 1 else None, compiled)


class _Networks(Protocol):
    """Networks of one window length, prepared for one way of computing."""

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        """Scores of B sequences, float32 (outputs, B)."""

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of both alleles of B windows, each float32 (outputs, B)."""

    def score_changes(self, codes: Codes, changes: Sequence[SequenceChange]) -> NDArray[np.float32]:
        """Scores of a sequence and of B changes of it, float32 (outputs, 1 + B)."""


class _PlanKernel(Protocol):
    """A kernel of DeepBind networks."""

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K)."""


class _DeepBindNetworks:
    """DeepBind networks of one window length, whose kernels score a plan of alleles."""

    def __init__(self, stacks: Sequence[NetworkStack[Any]], place: _Place) -> None:
        self._flank = flank_of(stacks[0].config.window)
        self._ensembles = EnsembleMeans(deepbind_stacks(stacks, needed_for="the kernel"))
        self._kernel = _deepbind_kernel(self._ensembles.networks, place)

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        plan, rows = Plan.of_sequences(sequences)
        return self._ensembles.means(self._kernel.score(plan).T)[:, rows]

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        plan, ref, alt = Plan.of_windows(windows, self._flank)
        scores = self._ensembles.means(self._kernel.score(plan).T)
        return scores[:, ref], scores[:, alt]

    def score_changes(self, codes: Codes, changes: Sequence[SequenceChange]) -> NDArray[np.float32]:
        plan, unchanged, changed = Plan.of_changes(codes, changes)
        return self._ensembles.means(self._kernel.score(plan).T)[:, [unchanged, *changed]]


def _deepbind_kernel(stacks: Sequence[DeepBindStack], place: _Place) -> _PlanKernel:
    if place.device == "cpu":
        return CpuStacks(stacks, place.threads, compiled=place.compiled)
    gpu = _gpu_kernels(place.device)
    kernel: _PlanKernel = gpu.DeviceStacks(stacks, gpu.torch_device(place.device))
    return kernel


def _gpu_kernels(device: str) -> Any:
    """The module with the kernels of torch devices, which is only imported when a device is used."""
    return optional_import("varbind.kernels.gpu.device", needed_for=f"--device {device}")


def _torch_networks(stacks: Sequence[NetworkStack[Any]], place: _Place) -> _Networks:
    torch_networks = optional_import("varbind.nn.torch_networks", needed_for="a network without a kernel")
    networks: _Networks = torch_networks.TorchNetworks(stacks, place.device)
    return networks


_Kernel: TypeAlias = "Callable[[Sequence[NetworkStack[Any]], _Place], _Networks]"

KERNELS: dict[str, _Kernel] = {DeepBindConfig.architecture: _DeepBindNetworks}
"""The kernels by the name of the architecture; the networks of all other architectures are computed in torch."""


def _kernel_name(stack: NetworkStack[Any]) -> str:
    """The key of `KERNELS` for a stack; empty = it has no kernel."""
    return stack.config.architecture if stack.config.architecture in KERNELS else ""
