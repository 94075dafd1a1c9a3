"""All models of a bank at once, with the same bytes for any batch size, thread count and way of computing.

Whole-number detectors (`varbind.kernels.fixed_point`) make every sum exact, and of an alternate allele only the
positions that see the change are computed (`varbind.kernels.work_plan`). On a CPU a compiled kernel looks sums up, or
numpy gathers tables (`varbind.kernels.cpu.cpu`); on a GPU a fused kernel or matrix products multiply
(`varbind.kernels.gpu.device`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from varbind.core.deepbind import DeepBindStack, deepbind_stacks
from varbind.core.window import flank_of
from varbind.gate import optional_import
from varbind.kernels.cpu.cpu import CpuStacks, thread_count
from varbind.kernels.work_plan import Plan
from varbind.scoring.members import Members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkStack
    from varbind.core.sequence import Codes
    from varbind.core.window import Window

__all__ = ["Ensemble"]


class Ensemble:
    """Scores with every model of several stacks.

    Args:
        stacks: the models.
        model_ids: the order of the columns; every id is in exactly one stack.
        device: `cpu`, or a torch device such as `cuda:0`.
        threads: CPU threads; None = one for each processor this process may use.
        compiled: whether the CPU uses the compiled kernel; None = if there is one, and enough to score.
    """

    def __init__(
        self,
        stacks: Sequence[NetworkStack[Any]],
        model_ids: Sequence[str],
        *,
        device: str = "cpu",
        threads: int | None = None,
        compiled: bool | None = None,
    ) -> None:
        self.model_ids = tuple(model_ids)
        column_of = {model_id: column for column, model_id in enumerate(model_ids)}
        lay_out = _layout(device, threads, compiled=compiled)
        self._parts: list[tuple[int, list[int], Members, _Networks]] = []
        networks = deepbind_stacks(stacks, needed_for="the ensemble")
        for window in sorted({stack.config.window for stack in networks}):
            chosen = [stack for stack in networks if stack.config.window == window]
            columns = [column_of[model_id] for stack in chosen for model_id in stack.model_ids]
            members = Members(chosen)
            self._parts.append((window, columns, members, lay_out(members.networks)))

    @property
    def windows(self) -> tuple[int, ...]:
        """The window lengths of the models, ascending."""
        return tuple(window for window, *_ in self._parts)

    def score(self, sequences: Mapping[int, Sequence[Codes]]) -> NDArray[np.float32]:
        """Score B whole sequences; each model reads the sequence cut for its own window length.

        Args:
            sequences: per window length of `windows`, B sequences of base codes of any length.

        Returns:
            Scores, float32 (B, M), in the units of each model.
        """
        by_model = np.empty((len(self.model_ids), len(next(iter(sequences.values()), ()))), dtype=np.float32)
        if by_model.size:
            for window, columns, members, networks in self._parts:
                plan, rows = Plan.of_sequences(sequences[window])
                by_model[columns] = members.means(networks.score(plan).T)[:, rows]
        return by_model.T

    def score_windows(self, windows: Mapping[int, Sequence[Window]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score both alleles of B windows; each model reads the window cut for its own length.

        Args:
            windows: per window length of `windows`, B windows with that length's flank.

        Returns:
            Scores of the reference and of the alternate allele, each float32 (B, M).
        """
        by_model = np.empty((2, len(self.model_ids), len(next(iter(windows.values()), ()))), dtype=np.float32)
        if by_model.size:
            for window, columns, members, networks in self._parts:
                plan, *rows = Plan.of_windows(windows[window], flank_of(window))
                scores = members.means(networks.score(plan).T)
                for alleles, own in zip(by_model, rows, strict=True):
                    alleles[columns] = scores[:, own]
        return by_model[0].T, by_model[1].T


class _Networks(Protocol):
    """Networks of one window length, laid out for one way of computing."""

    def score(self, plan: Plan) -> NDArray[np.float32]:
        """Scores of every allele of a plan, float32 (alleles, K)."""


def _layout(
    device: str, threads: int | None, *, compiled: bool | None
) -> Callable[[Sequence[DeepBindStack]], _Networks]:
    """How networks are laid out on a device."""
    if device != "cpu":
        networks = optional_import("varbind.kernels.gpu.device", needed_for=f"--device {device}")
        place = networks.torch_device(device)
        return lambda stacks: networks.DeviceStacks(stacks, place)
    count = thread_count(threads)
    pool = ThreadPoolExecutor(count) if count > 1 else None
    return lambda stacks: CpuStacks(stacks, pool, compiled=compiled)
