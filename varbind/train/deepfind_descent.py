"""Gradient descent of one DeepFind network in torch.

The initial parameters and the order of the rows are the same on every device. The only global state that is changed is
the number of threads, which is restored.
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
"""The parameters, in the order in which they are updated."""

WEIGHTS = frozenset({"hidden", "output"})
"""The parameters with weight decay."""

THREADS = 1
"""The number of CPU threads. It affects the last bits of a matrix product and is therefore fixed. With several threads,
each product waits for the slowest thread, which takes ten times as long on a busy machine."""

FIRST_MOMENTUM, SECOND_MOMENTUM, TINY = 0.9, 0.999, 1e-8
"""The constants of Adam (Kingma and Ba 2015)."""

CHANCES = 256
"""Dropout probabilities are multiples of 1 / 256, because they are decided by a random byte."""


@contextmanager
def fixed_threads() -> Iterator[None]:
    """Set the number of threads of torch to `THREADS`, and restore the previous number at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def placed(features: NDArray[np.float32], device: str) -> torch.Tensor:
    """The features on a device: `cpu`, `cuda` or `cuda:N`; on the CPU they are copied only if they are not writable.

    Raises:
        ResourceError: The device does not exist.
    """
    # Torch warns about arrays that are not writable.
    return torch.from_numpy(np.require(features, np.float32, ["C", "W"])).to(torch_device(device))


@dataclass(frozen=True, slots=True)
class DeepFindSetting:
    """The hyper-parameters of DeepFind.

    Attributes:
        hidden: The number H of hidden units (ReLU).
        dropout: The probability that a hidden unit is dropped in a step.
        input_dropout: The probability that a feature is dropped in a step.
        rule: The optimizer; `sgd` has momentum.
        rate: The learning rate.
        momentum: The momentum of `sgd`, which Adam does not use.
        decay: The weight decay (L2), which is added to the gradients of the weights.
        batch: The number of rows per step.
        epochs: The largest number of epochs.
        patience: The number of epochs without improvement after which the training ends.
        networks: The number of networks, whose mean is the output of the head.
        limit: The largest absolute standardised feature; values beyond it are clipped.

    Raises:
        ValueError: A value is impossible.
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
            raise ValueError(f"DeepFind cannot be trained with {self}")

    @classmethod
    def as_published(cls) -> DeepFindSetting:
        """The published hyper-parameters (Alipanahi et al. 2015, supplementary notes): one network, the best epoch."""
        return cls(
            input_dropout=0.0, rule="sgd", rate=5e-4, decay=1e-6, batch=128, epochs=250, patience=250, networks=1
        )


class Descent:
    """A network in training; all random numbers come from two private generators.

    Args:
        inputs: The standardised features on their device, float32 (N, F).
        labels: Whether each variant is simulated, bool (N,).
        rows: The training rows.
        setting: The hyper-parameters.
        seed: The seed of the initial parameters, the order of the rows and the dropout.
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
        # Most random numbers are for dropout, and are drawn on the device where they are used.
        order, dropout = (int(word) for word in np.random.SeedSequence(seed).generate_state(2, np.uint64))
        self._order = torch.Generator().manual_seed(order)
        self._dropout = torch.Generator(inputs.device).manual_seed(dropout)
        self._parameters = self._start(inputs.shape[1])
        self._first = [torch.zeros_like(values) for values in self._parameters]
        self._second = [torch.zeros_like(values) for values in self._parameters]
        self._steps = 0

    def advance(self) -> None:
        """Train for one epoch."""
        order = torch.randperm(len(self._rows), generator=self._order).to(self._rows.device)
        for rows in torch.split(self._rows[order], self._setting.batch):
            self._steps += 1
            self._update(self._gradients(rows))

    def logits(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """The logits of some rows, without dropout, float32 (B,)."""
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
        """The initial parameters, uniform within 1 / sqrt(number of inputs of the unit), as in torch."""
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

    def _gradients(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The gradients of the mean cross-entropy of some rows."""
        setting, inputs = self._setting, self._inputs[rows]
        inputs *= self._kept(inputs.shape, setting.input_dropout)
        kept = self._kept((len(rows), setting.hidden), setting.dropout)
        with torch.enable_grad():
            logits = self._forward(inputs, kept)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, self._labels[rows])
            return torch.autograd.grad(loss, self._parameters)

    def _kept(self, size: Sequence[int], dropout: float) -> torch.Tensor | float:
        """The factors of dropout: 0 for a dropped value, otherwise the factor that keeps the mean."""
        left_out = round(CHANCES * dropout)
        if not left_out:
            return 1.0
        count = int(np.prod(size))
        words = torch.empty(-(-count // 8), dtype=torch.int64, device=self._inputs.device)
        # Eight bytes are drawn at a time, because this takes most of the time.
        words.random_(-(2**63), None, generator=self._dropout)
        kept = words.view(torch.uint8)[:count].view(*size) >= left_out
        return kept.to(torch.float32).mul_(CHANCES / (CHANCES - left_out))

    @torch.no_grad()
    def _update(self, gradients: Sequence[torch.Tensor]) -> None:
        """Update the parameters by one step."""
        setting = self._setting
        for name, values, of_loss, first, second in zip(
            ARRAYS, self._parameters, gradients, self._first, self._second, strict=True
        ):
            gradient = of_loss.add(values, alpha=setting.decay) if name in WEIGHTS else of_loss
            if setting.rule == "sgd":
                values.sub_(first.mul_(setting.momentum).add_(gradient), alpha=setting.rate)
                continue
            first.mul_(FIRST_MOMENTUM).add_(gradient, alpha=1 - FIRST_MOMENTUM)
            second.mul_(SECOND_MOMENTUM).addcmul_(gradient, gradient, value=1 - SECOND_MOMENTUM)
            scale = second.div(1 - SECOND_MOMENTUM**self._steps).sqrt_().add_(TINY)
            values.addcdiv_(first, scale, value=-setting.rate / (1 - FIRST_MOMENTUM**self._steps))
