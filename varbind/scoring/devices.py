"""The device that computes scores, and the test that it must pass before it is used.

A device other than the CPU has to give the scores of the CPU to the last bit for a few variants. All commands and
functions that take the name of a device call `checked_device`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.window import Window, central, flank_of
from varbind.errors import ResourceError, UsageError
from varbind.gate import optional_import
from varbind.kernels.cpu.kernel_loading import has_compiled_kernel
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.sequence import Codes

__all__ = ["checked_device", "count_different_scores", "require_scores_of_cpu", "resolve_device"]

logger = logging.getLogger(__name__)

TEST_SEQUENCES, TEST_LENGTH, TEST_SEED = 8, 101, 7


def resolve_device(name: str) -> str:
    """The device to use: `auto` is the first CUDA device if there is a usable one, else the CPU.

    Raises:
        UsageError: the name is not `auto`, `cpu`, `cuda` or `cuda:N`. That a CUDA device exists is checked later.
    """
    stem, _, number = name.partition(":")
    if name == "cpu" or (stem == "cuda" and (number.isdigit() or name == "cuda")):
        logger.debug("device: %s, as given", name)
        return name
    if name != "auto":
        raise UsageError(f"unknown device {name!r}", remedy="use auto, cpu, cuda or cuda:N")
    # Importing torch takes over a second, so it is only imported where a driver is loaded.
    if not Path("/proc/driver/nvidia/version").exists():
        logger.debug("device: cpu, because no driver of a GPU is loaded")
        return "cpu"
    try:
        torch = optional_import("torch", needed_for="the GPU")
    except UsageError as error:
        logger.info("computing on the CPU: %s", error)
        return "cpu"
    if torch.cuda.is_available():
        logger.debug("device: cuda, because there is a usable GPU")
        return "cuda"
    logger.info("computing on the CPU: torch finds no usable CUDA device")
    return "cpu"


def checked_device(name: str, bank: Bank) -> str:
    """The device of a name, after it has given the scores of the CPU.

    Args:
        name: `auto`, `cpu`, `cuda` or `cuda:N`.
        bank: the models that will be scored.

    Returns:
        `cpu`, `cuda` or `cuda:N`; see `resolve_device` for `auto`.

    Raises:
        UsageError: the name is none of these.
        ResourceError: the device does not exist, or gives other scores than the CPU.
    """
    device = resolve_device(name)
    if device != "cpu":
        require_scores_of_cpu(bank, device)
    return device


def require_scores_of_cpu(bank: Bank, device: str) -> None:
    """Score variants in a few sequences on a device and on the CPU.

    Raises:
        ResourceError: the device does not exist, or a score differs in a single bit or is not a number.
    """
    shape = TEST_SEQUENCES, max(TEST_LENGTH, *bank.windows)
    sequences = np.random.default_rng(TEST_SEED).integers(0, 4, shape, dtype=np.uint8)
    different = count_different_scores(bank, sequences, device)
    if different:
        what = f"device {device} fails the self-test: {different:,} scores differ from those of the CPU"
        raise ResourceError(what, remedy="use --device cpu, and report it")


def count_different_scores(bank: Bank, sequences: Iterable[Codes], device: str) -> int:
    """Score a variant in each sequence in several ways, and count the scores whose bits differ.

    The ways are those of the device and of the CPU without its compiled kernel, each for the changed positions alone
    and for whole alleles.

    Args:
        bank: the models.
        sequences: base codes with A, C, G or T in the middle. Those that are shorter than the widest window of the bank
            get N at both ends.
        device: `cpu`, or a torch device such as `cuda:0`.

    Raises:
        ResourceError: the device does not exist.
    """
    ensembles = [
        Ensemble(bank.stacks, bank.outputs, device=device, compiled=has_compiled_kernel()),
        Ensemble(bank.stacks, bank.outputs, compiled=False),
    ]
    codes = [central(sequence[None], max(bank.windows))[0] for sequence in sequences]
    windows = {width: [_variant(sequence, flank_of(width)) for sequence in codes] for width in bank.windows}
    alleles = {width: [allele for w in group for allele in (w.ref, w.alt)] for width, group in windows.items()}
    first, *others = [
        _bits(scores)
        for ensemble in ensembles
        for scores in (
            np.stack(ensemble.score_windows(windows), axis=1).reshape(-1, len(bank.models)),
            ensemble.score(alleles),
        )
    ]
    return sum(int(np.count_nonzero(first != other)) for other in others)


def _bits(scores: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(scores).view(np.uint32)


def _variant(codes: Codes, flank: int) -> Window:
    """A test variant of the middle base: A and C are replaced by another base, G and T are deleted."""
    middle = len(codes) // 2
    ref = codes[middle - flank : middle + flank + 1]
    alt = ref.copy()
    alt[flank] = 3 - alt[flank]
    return Window(ref, alt if codes[middle] < 2 else np.delete(ref, flank), padded=False)
