"""The data that one network is trained on, and its description for the model card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.datasets.dataset_table import DataKind

__all__ = ["BindingData", "DataFacts"]


@dataclass(frozen=True, slots=True)
class BindingData:
    """The training data of one network.

    Attributes:
        codes: base codes, (N, L).
        targets: labels (1 bound, 0 unbound) or measured values, (N,).
        groups: number of the group of each sequence, such as its chromosome, (N,); folds never split a group.
        is_classification: whether the targets are labels.
    """

    codes: Codes
    targets: NDArray[np.float32]
    groups: NDArray[np.int64]
    is_classification: bool


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What the model card states about the data.

    Attributes:
        file: name of the file, without its folder.
        sha256: SHA-256 of the file.
        kind: kind of the data.
        sequences: number of sequences in the training, negatives included.
        length: number of bases of each sequence.
        bound: number of bound sequences; None for measured values.
        negatives: sources of the negatives; None for measured values.
        folds: what is never split between folds.
        unused: number of peaks that were left out, by reason.
        examples_sha256: SHA-256 of all that the network is trained on, in order.
    """

    file: str
    sha256: str
    kind: DataKind
    sequences: int
    length: int
    bound: int | None
    negatives: str | None
    folds: str
    unused: Mapping[str, int] = field(default_factory=dict)
    examples_sha256: str = ""

    @property
    def measure(self) -> str:
        """The metric by which networks are rated."""
        return "minus mean squared error" if self.bound is None else "AUC"

    def as_dict(self) -> dict[str, Any]:
        """Return the entries of the model card."""
        return {**asdict(self), "kind": str(self.kind), "unused": dict(self.unused)}
