"""`varbind models`: list, show, import, export, verify."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import click

from varbind.cli.main import put, talk
from varbind.cli.options import bank_option, load_banks, parse_words, talk_options
from varbind.errors import UsageError, printable

__all__ = ["command"]

logger = logging.getLogger("varbind")


@click.group("models")
def command() -> None:
    """List, show, import, export and verify model banks."""


@command.command("list")
@bank_option
def list_models(banks: tuple[str, ...]) -> None:
    """Shipped banks; with --bank, the models of the banks as a table.

    The ids are those that the same banks give together elsewhere: an id that several of them have is BANK:ID, by the
    name on the bank's card, or its folder's where two cards have the same name.
    """
    from varbind.io import banks as found
    from varbind.io.banks import read_card, shipped_banks

    if not banks:
        for name, folder in shipped_banks().items():
            mark = " (default)" if name == found.DEFAULT_BANK else ""
            put(f"{name}{mark}\t{read_card(folder).description}\n")
        return
    models = found.list_models(banks)
    put("model_id\tprotein\tfamily\tspecies\tassay\texperiment\tdefault\twindow\theld_out_auc\n")
    for model in models:
        words = [model.model_id, model.protein, model.family, model.species, model.assay, model.experiment]
        words += ["yes" if model.default else "no", str(model.config.window)]
        words.append(printable(str(model.training.get("held_out_auc", "."))))
        put("\t".join(words) + "\n")


@command.command("show")
@click.argument("name", default="default", metavar="[NAME|DIR]")
@click.option("--model", metavar="ID", help="Only this model's card.")
def show(name: str, model: str | None) -> None:
    """The card of a bank, or of one of its models, as JSON."""
    from varbind.io.banks import find_bank, read_card

    data = read_card(find_bank(name)).as_json()
    if model is None:
        data["models"] = [entry["model_id"] for entry in data["models"]]
    else:
        found = [entry for entry in data["models"] if entry["model_id"] == model]
        if not found:
            raise UsageError(f"no model {model} in the bank", remedy="`varbind models list --bank` names them")
        data = found[0]
    data.pop("golden", None)
    put(json.dumps(data, indent=1) + "\n")


@command.command("import")
@click.argument("kind", type=click.Choice(["deepbind"]))
@click.argument("folder", metavar="DIR")
@click.option("-o", "--output", required=True, metavar="BANK", help="Folder of the new bank.")
@click.option("--background", metavar="FASTA", help="Your promoters, in place of the generated background.")
@click.option(
    "--background-snvs", type=click.IntRange(300), metavar="N", help="Background SNVs. Default: as the shipped bank."
)
@click.option("--allow-missing", is_flag=True, help="Go on where db.tsv names models without a parameter file.")
@talk_options
def import_models(
    kind: str,
    folder: str,
    output: str,
    background: str | None,
    background_snvs: int | None,
    allow_missing: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Import published models: `deepbind DIR` with db.tsv and params/*.txt.

    Every model of db.tsv needs its params/ID.txt. Only those that db.tsv labels as deprecated, which were published
    without parameters, are left out.
    """
    from varbind.api.import_deepbind import import_deepbind
    from varbind.cli.progress import show_progress
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.background import BackgroundRecipe, PromoterSource

    del kind
    talk(quiet=quiet, verbose=verbose)
    source = PromoterSource([encode(text) for _, text in read_sequences(background)]) if background else None
    recipe = BackgroundRecipe.of_snvs(background_snvs)
    with show_progress(quiet=quiet) as progress:
        bank = import_deepbind(
            folder, output, recipe=recipe, source=source, progress=progress, allow_missing=allow_missing
        )
    default = sum(model.default for model in bank.models)
    logger.info("%s: %d models, %d of them used by default", output, len(bank.models), default)


@command.command("export")
@bank_option
@click.option("--models", metavar="LIST|@FILE", help="Model ids or proteins. Default: all.")
@click.option("-o", "--output", required=True, metavar="DIR", help="New folder for params/*.txt and db.tsv.")
def export(banks: tuple[str, ...], models: str | None, output: str) -> None:
    """Write models as DeepBind parameter files with an index.

    The format knows no model of several networks: each of them becomes one of its own, ID.1, ID.2, and so on.
    """
    from varbind.io.deepbind_text import write_deepbind_folder

    bank = load_banks(banks)
    chosen = parse_words(models)
    bank = bank.select_proteins(chosen) if chosen else bank
    write_deepbind_folder(Path(output), bank.models, bank.stacks)


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME|DIR]...")
def verify(names: tuple[str, ...]) -> None:
    """Check every file of a bank against its SHA-256 and every array against the card."""
    from varbind.io.banks import load_bank

    for name in names or ("default",):
        bank = load_bank(name)
        put(f"{bank.cards[0].name}: {len(bank.models)} models, {len(bank.cards[0].digests)} files: ok\n")
