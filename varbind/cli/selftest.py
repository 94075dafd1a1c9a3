"""`varbind selftest`."""

from __future__ import annotations

import click

from varbind.cli.main import put, talk
from varbind.cli.options import bank_option, device_option, talk_options
from varbind.errors import VarbindError

__all__ = ["command"]


@click.command("selftest")
@bank_option
@device_option()
@talk_options
def command(banks: tuple[str, ...], device: str, quiet: bool, verbose: bool) -> None:
    """Compare the scores of this machine with golden ones, and its ways of computing with each other.

    Every model of a bank scores a few sequences. The scores must agree with those of the reference network, which
    were computed in double precision when the bank was made. Then variants are scored by their changed positions and
    whole, with and without the compiled kernel or the GPU; all ways must give the same bytes. A mismatch, or a score
    that is not a number, ends with exit code 1. annotate, score and train repeat the comparison with the CPU before
    they use a GPU.
    """
    from varbind.io.banks import load_bank
    from varbind.scoring.devices import resolve_device
    from varbind.scoring.selftest import GOLDEN_TOLERANCE, run_selftest

    talk(quiet=quiet, verbose=verbose)
    where = resolve_device(device)
    for name in banks or ("default",):
        bank = load_bank(name)
        result = run_selftest(bank, device=where)
        label = bank.cards[0].name
        if not result.scores:
            raise VarbindError("the bank holds no golden scores", path=label)
        text = f"{result.scores} scores on {where}, largest error {result.largest_error:.2g}"
        if not result.passed:
            what = f"{text}, allowed {GOLDEN_TOLERANCE:g}; {result.different} differ between ways of computing"
            raise VarbindError(what, path=label, remedy="do not use this machine")
        put(f"{label}: {text}, every way of computing the same bytes: ok\n")
