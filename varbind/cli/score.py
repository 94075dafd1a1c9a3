"""`varbind score`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from varbind.cli.main import put, talk
from varbind.cli.options import bank_option, device_option, load_banks, parse_words, talk_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.bank import Bank

__all__ = ["command"]


@click.command("score")
@click.argument("sequences", metavar="SEQS")
@bank_option
@click.option("--models", metavar="LIST|@FILE", help="Model ids or proteins. Default: every model of the bank.")
@click.option("--mode", type=click.Choice(["whole", "scan"]), default="whole", show_default=True, help="See below.")
@click.option(
    "--scan-rule", type=click.Choice(["0.1", "later", "later-all"]), default="0.1", show_default=True, help="See below."
)
@click.option("--long", "long_table", is_flag=True, help="One row a score: id, model_id, protein, score.")
@device_option
@talk_options
def command(
    sequences: str,
    banks: tuple[str, ...],
    models: str | None,
    mode: str,
    scan_rule: str,
    long_table: bool,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Score sequences with every model of a bank.

    SEQS is FASTA, or one sequence a line; - is standard input. The result is a table on standard output.

    `whole` is the network once over the sequence. `scan` slides a window of the detector's length (rule 0.1)
    or 1.5 times that (later) and takes the maximum, as the published DeepBind executable does.
    """
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer, batches, resolve_device, scan_of

    talk(quiet=quiet, verbose=verbose)
    bank = load_banks(banks)
    chosen = parse_words(models)
    if chosen:
        bank = bank.select_proteins(chosen)
    scorer = Scorer(bank, scan=scan_of(mode, scan_rule), device=resolve_device(device))
    _write("id\tmodel_id\tprotein\tscore" if long_table else "\t".join(["id", *bank.model_ids]))
    for batch in batches(read_sequences(sequences), SEQUENCES_A_BATCH):
        scores = scorer.score_codes([encode(sequence) for _, sequence in batch])
        for (name, _), row in zip(batch, scores, strict=True):
            _write_row(name, row.tolist(), bank, long_table=long_table)


def _write_row(name: str, row: Sequence[float], bank: Bank, *, long_table: bool) -> None:
    if not long_table:
        _write("\t".join([name, *(f"{score:.6f}" for score in row)]))
        return
    for model, score in zip(bank.models, row, strict=True):
        _write(f"{name}\t{model.model_id}\t{model.protein}\t{score:.6f}")


def _write(line: str) -> None:
    put(line + "\n")
