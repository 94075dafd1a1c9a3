"""Gradient descent of one DeepFind network in torch: standardised features enter, parameters leave.

The start and the order of the rows are the same on every device. Nothing global is touched but the number of threads,
which is given back.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from varbind.gate import optional_import
from varbind.kernels.gpu.device import torch_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

else:
    torch = optional_import("torch", needed_for="training")

__all__ = ["ARRAYS", "DeepFindSetting", "Descent", "fixed_threads", "placed"]

ARRAYS = ("hidden", "hidden_bias", "output", "output_bias")
"""The parameters, in the order in which they are stepped."""

WEIGHTS = frozenset({"hidden", "output"})
"""Those that decay."""

THREADS = 1
"""Of the CPU. Their number shows in the last bits of a matrix product, so it is always the same; and of several, each
waits for the slowest after every product, which beside other work takes ten times as long."""

FIRST_MOMENTUM, SECOND_MOMENTUM, TINY = 0.9, 0.999, 1e-8
"""Of Adam (Kingma and Ba 2015)."""

CHANCES = 256
"""Probabilities of dropout are multiples of one in so many: a random byte decides."""


@contextmanager
def fixed_threads() -> Iterator[None]:
    """Torch with `THREADS` threads, and with as many as before behind it."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def placed(features: NDArray[np.float32], device: str) -> torch.Tensor:
    """Features on a device: `cpu`, `cuda` or `cuda:N`; on the CPU they are not copied if they can be written to.

    Raises:
        ResourceError: there is no such device.
    """
    # Torch warns of arrays that cannot be written to.
    return torch.from_numpy(np.require(features, np.float32, ["C", "W"])).to(torch_device(device))


@dataclass(frozen=True, slots=True)
class DeepFindSetting:
    """How DeepFind is trained.

    Attributes:
        hidden: H, ReLU units.
        dropout: probability that a hidden unit is left out of a step.
        input_dropout: the same of a feature.
        rule: how a step follows from the slopes; `sgd` has momentum.
        rate: learning rate.
        momentum: of `sgd`; Adam has its own.
        decay: weight decay (L2), added to the slopes of weights.
        batch: rows of a step.
        epochs: at most.
        patience: epochs without a better one after which training ends.
        networks: whose mean is the head.
        limit: standardised features are clipped to this on both sides.

    Raises:
        ValueError: a number that cannot be.
    """

    hidden: int = 200
    dropout: float = 0.5
    input_dropout: float = 0.2
    rule: Literal["adam", "sgd"] = "adam"
    rate: float = 3e-4
    momentum: float = 0.9
    decay: float = 3e-4
    batch: int = 512
    epochs: int = 25
    patience: int = 4
    networks: int = 4
    limit: float = 6.0

    def __post_init__(self) -> None:
        counts = (self.hidden, self.batch, self.epochs, self.patience, self.networks)
        chances = (self.dropout, self.input_dropout)
        if min(counts) < 1 or not all(0 <= chance < 1 for chance in chances) or self.rule not in {"adam", "sgd"}:
            raise ValueError(f"DeepFind cannot be trained by {self}")

    @classmethod
    def as_published(cls) -> DeepFindSetting:
        """DeepFind's own (Alipanahi et al. 2015, supplementary notes): one network, all epochs, the best one kept."""
        return cls(
            input_dropout=0.0, rule="sgd", rate=5e-4, decay=1e-6, batch=128, epochs=250, patience=250, networks=1
        )


class Descent:
    """A network in training; everything random is drawn from generators of its own.

    Args:
        inputs: standardised features, on their device, float32 (N, F).
        labels: bool (N,).
        rows: which are learnt from.
        setting: how.
        seed: of the start, the order of the rows and what is left out.
    """

    def __init__(
        self,
        inputs: torch.Tensor,
        labels: NDArray[np.bool_],
        rows: NDArray[np.intp],
        setting: DeepFindSetting,
        seed: int | Sequence[int],
    ) -> None:
        self._inputs = inputs
        self._setting = setting
        self._labels = torch.from_numpy(labels.astype(np.float32)).to(inputs.device)
        self._rows = torch.from_numpy(rows).to(inputs.device)
        # Dropout is most of what is random: it is drawn where it is used.
        order, dropout = (int(own) for own in np.random.SeedSequence(seed).generate_state(2, np.uint64))
        self._order = torch.Generator().manual_seed(order)
        self._dropout = torch.Generator(inputs.device).manual_seed(dropout)
        self._parameters = self._start(inputs.shape[1])
        self._first = [torch.zeros_like(values) for values in self._parameters]
        self._second = [torch.zeros_like(values) for values in self._parameters]
        self._steps = 0

    def advance(self) -> None:
        """Take an epoch of steps."""
        order = torch.randperm(len(self._rows), generator=self._order).to(self._rows.device)
        for rows in torch.split(self._rows[order], self._setting.batch):
            self._steps += 1
            self._follow(self._slopes(rows))

    def logits(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Of some rows, nothing left out, float32 (B,)."""
        inputs = self._inputs[torch.from_numpy(rows).to(self._inputs.device)]
        with torch.no_grad():
            logits: NDArray[np.float32] = self._forward(inputs, 1.0).cpu().numpy()
        return logits

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """A copy of the parameters as they are now."""
        return {
            name: values.detach().cpu().numpy().copy() for name, values in zip(ARRAYS, self._parameters, strict=True)
        }

    def _start(self, features: int) -> list[torch.Tensor]:
        """Uniform within one over the root of what enters a unit, as is the habit of torch."""
        units = self._setting.hidden
        sizes = {"hidden": (features, units), "hidden_bias": (units,), "output": (units,), "output_bias": ()}
        parameters = []
        for name, size in sizes.items():
            bound = (features if name.startswith("hidden") else units) ** -0.5
            values = torch.empty(size, dtype=torch.float32).uniform_(-bound, bound, generator=self._order)
            parameters.append(values.to(self._inputs.device).requires_grad_())
        return parameters

    def _forward(self, inputs: torch.Tensor, kept: torch.Tensor | float) -> torch.Tensor:
        hidden, hidden_bias, output, output_bias = self._parameters
        units = torch.relu(torch.addmm(hidden_bias, inputs, hidden)) * kept  # (B, H)
        return torch.mv(units, output) + output_bias

    def _slopes(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Of the mean cross-entropy of some rows."""
        setting, inputs = self._setting, self._inputs[rows]
        inputs *= self._kept(inputs.shape, setting.input_dropout)
        kept = self._kept((len(rows), setting.hidden), setting.dropout)
        with torch.enable_grad():
            logits = self._forward(inputs, kept)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, self._labels[rows])
            return torch.autograd.grad(loss, self._parameters)

    def _kept(self, size: Sequence[int], dropout: float) -> torch.Tensor | float:
        """Nought for what is left out, and for the rest a factor for a mean as without dropout."""
        left_out = round(CHANCES * dropout)
        if not left_out:
            return 1.0
        count = int(np.prod(size))
        words = torch.empty(-(-count // 8), dtype=torch.int64, device=self._inputs.device)
        words.random_(-(2**63), None, generator=self._dropout)  # eight bytes at a time: most of the time goes here
        kept = words.view(torch.uint8)[:count].view(*size) >= left_out
        return kept.to(torch.float32).mul_(CHANCES / (CHANCES - left_out))

    @torch.no_grad()
    def _follow(self, slopes: Sequence[torch.Tensor]) -> None:
        """Take one step."""
        setting = self._setting
        for name, values, slope, first, second in zip(
            ARRAYS, self._parameters, slopes, self._first, self._second, strict=True
        ):
            own = slope.add(values, alpha=setting.decay) if name in WEIGHTS else slope
            if setting.rule == "sgd":
                values.sub_(first.mul_(setting.momentum).add_(own), alpha=setting.rate)
                continue
            first.mul_(FIRST_MOMENTUM).add_(own, alpha=1 - FIRST_MOMENTUM)
            second.mul_(SECOND_MOMENTUM).addcmul_(own, own, value=1 - SECOND_MOMENTUM)
            size = second.div(1 - SECOND_MOMENTUM**self._steps).sqrt_().add_(TINY)
            values.addcdiv_(first, size, value=-setting.rate / (1 - FIRST_MOMENTUM**self._steps))
