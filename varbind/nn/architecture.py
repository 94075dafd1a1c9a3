"""Architectures of networks: what varbind needs to know of each to score it, in one explicit dictionary.

An architecture is a configuration and a typed stack, which a bank can store (`varbind.bank.model_card.STACK_TYPES`:
reading a bank needs no network), and here the torch module of one network. Where `varbind.kernels` has a kernel of the
architecture, `varbind.scoring.ensemble` uses that in place of the module. Torch is imported by the first `build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from varbind.gate import optional_import

if TYPE_CHECKING:
    import torch

    from varbind.core.deepbind import DeepBindStack

__all__ = ["ARCHITECTURES", "Architecture"]


class Architecture(Protocol):
    """How the networks of one architecture are built."""

    def build(self, stack: Any, row: int) -> torch.nn.Module:
        """One network in double precision, in which every faster way of computing is checked.

        Args:
            stack: of the architecture's own class.
            row: which of its K networks.

        Returns:
            A module from bases as one-hot columns (B, 4, L), a quarter each for N, to outputs (B, T) of one strand.
        """


class DeepBindArchitecture:
    """DeepBind (2015)."""

    def build(self, stack: DeepBindStack, row: int) -> torch.nn.Module:
        """See `Architecture`."""
        deepbind = optional_import("varbind.nn.deepbind", needed_for="the reference network")
        network: torch.nn.Module = deepbind.DeepBind(stack, row)
        return network


ARCHITECTURES: dict[str, Architecture] = {"deepbind": DeepBindArchitecture()}
