"""Sequences and what a network is to learn of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["BindingData"]


@dataclass(frozen=True, slots=True)
class BindingData:
    """What one network learns from.

    Attributes:
        codes: base codes, (N, L).
        targets: (N,): 1 bound, 0 not; or measured values.
        groups: what must not be split between folds, such as chromosomes, small whole numbers (N,).
        is_classification: whether targets are labels.
    """

    codes: Codes
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    is_classification: bool
