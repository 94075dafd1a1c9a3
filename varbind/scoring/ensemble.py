"""All models of a bank at once, with the same bytes for any batch size, thread count and way of computing.

Networks of an architecture that has a kernel are scored by it. For DeepBind, whole-number detectors
(`varbind.kernels.fixed_point`) make every sum exact, and of an alternate allele only the positions that see the change
are computed (`varbind.kernels.work_plan`). On a CPU a compiled kernel looks sums up, or numpy gathers tables
(`varbind.kernels.cpu.cpu`); on a GPU a fused kernel or matrix products multiply (`varbind.kernels.gpu.device`). All
other networks are scored by their torch modules (`varbind.scoring.torch_networks`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from varbind.core.deepbind import DeepBindStack, deepbind_stacks
from varbind.core.window import flank_of
from varbind.gate import optional_import
from varbind.kernels.cpu.cpu import CpuStacks, thread_count
from varbind.kernels.work_plan import Plan
from varbind.scoring.members import Members
from varbind.scoring.torch_networks import TorchNetworks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkOutput, NetworkStack
    from varbind.core.sequence import Codes
    from varbind.core.window import Window

__all__ = ["Ensemble"]


class Ensemble:
    """Scores with every model of several stacks.

    Args:
        stacks: the networks.
        models: the order of the columns: the network of each model, and which of its outputs; of a network of one
            output its id is enough.
        device: `cpu`, or a torch device such as `cuda:0`.
        threads: CPU threads; None = one for each processor this process may use.
        compiled: whether the CPU uses the compiled kernel; None = if there is one, and enough to score.
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
        lay_out = _layout(device, threads, compiled=compiled)
        self._parts: list[tuple[int, list[int], slice | list[int], _Networks]] = []
        for window, kernel in sorted({(stack.config.window, _has_kernel(stack)) for stack in stacks}):
            chosen = [s for s in stacks if (s.config.window, _has_kernel(s)) == (window, kernel)]
            outputs = [output for stack in chosen for output in stack.outputs]
            rows = [row for row, output in enumerate(outputs) if output in column_of]
            columns = [column_of[outputs[row]] for row in rows]
            kept = slice(None) if len(rows) == len(outputs) else rows
            networks = _networks(chosen, device, lay_out if kernel else None)
            self._parts.append((window, columns, kept, networks))

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


class _Networks(Protocol):
    """Networks of one window length, laid out for one way of computing."""

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        """Scores of B sequences, float32 (outputs, B)."""

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores of both alleles of B windows, each float32 (outputs, B)."""


class _KernelNetworks:
    """DeepBind networks of one window length, whose kernels score a plan of alleles."""

    def __init__(self, stacks: Sequence[DeepBindStack], lay_out: _LayOut) -> None:
        self._flank = flank_of(stacks[0].config.window)
        self._members = Members(stacks)
        self._kernel = lay_out(self._members.networks)

    def score(self, sequences: Sequence[Codes]) -> NDArray[np.float32]:
        plan, rows = Plan.of_sequences(sequences)
        return self._members.means(self._kernel.score(plan).T)[:, rows]

    def score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        plan, ref, alt = Plan.of_windows(windows, self._flank)
        scores = self._members.means(self._kernel.score(plan).T)
        return scores[:, ref], scores[:, alt]


def _networks(stacks: Sequence[NetworkStack[Any]], device: str, lay_out: _LayOut | None) -> _Networks:
    """Networks of one window length with their kernel; None = they have none."""
    if lay_out is None:
        return TorchNetworks(stacks, device)
    return _KernelNetworks(deepbind_stacks(stacks, needed_for="the kernel"), lay_out)


class _Kernel(Protocol):
    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K)."""


_LayOut: TypeAlias = "Callable[[Sequence[DeepBindStack]], _Kernel]"


def _has_kernel(stack: NetworkStack[Any]) -> bool:
    return isinstance(stack, DeepBindStack)


def _layout(device: str, threads: int | None, *, compiled: bool | None) -> _LayOut:
    """How DeepBind networks are laid out on a device."""
    if device != "cpu":
        networks = optional_import("varbind.kernels.gpu.device", needed_for=f"--device {device}")
        place = networks.torch_device(device)
        return lambda stacks: networks.DeviceStacks(stacks, place)
    count = thread_count(threads)
    pool = ThreadPoolExecutor(count) if count > 1 else None
    return lambda stacks: CpuStacks(stacks, pool, compiled=compiled)
