"""`varbind models` lists, shows, imports, exports and verifies banks; `varbind selftest` scores with them."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.motifs import logo, motifs
from varbind.cli.option_values import parse_words
from varbind.cli.options import background_options, bank_option, device_option, load_banks, logging_options
from varbind.errors import UsageError, VarbindError, printable

__all__ = ["models", "selftest"]

logger = logging.getLogger("varbind")


@click.group("models")
def models() -> None:
    """List, show, import, export and verify model banks."""


models.add_command(logo)
models.add_command(motifs)


@models.command("list")
@bank_option
def list_models(banks: tuple[str, ...]) -> None:
    """List the shipped banks; with --bank, list the models of the banks as a table.

    If several banks have a model of the same id, its id is BANK:ID, as in all other commands. BANK is the name on the
    card of the bank, or the name of its folder if two cards have the same name.
    """
    from varbind.io import banks as found
    from varbind.io.banks import read_card, shipped_banks

    if not banks:
        for name, folder in shipped_banks().items():
            mark = " (default)" if name == found.DEFAULT_BANK else ""
            print_text(f"{name}{mark}\t{read_card(folder).description}\n")
        return
    models = found.list_models(banks)
    print_text("model_id\tprotein\tfamily\tspecies\tassay\texperiment\tdefault\twindow\theld_out_auc\n")
    for model in models:
        words = [model.model_id, model.protein, model.family, model.species, model.assay, model.experiment]
        words += ["yes" if model.default else "no", str(model.config.window)]
        words.append(printable(str(model.training.get("held_out_auc", "."))))
        print_text("\t".join(words) + "\n")


@models.command("show")
@click.argument("name", default="default", metavar="[NAME|DIR]")
@click.option("--model", metavar="ID", help="Show only the card of this model.")
def show(name: str, model: str | None) -> None:
    """Show the card of a bank, or of one of its models, as JSON."""
    from varbind.io.banks import find_bank, read_card

    data = read_card(find_bank(name)).as_json()
    if model is None:
        data["models"] = [entry["model_id"] for entry in data["models"]]
    else:
        found = [entry for entry in data["models"] if entry["model_id"] == model]
        if not found:
            raise UsageError(f"no model {model} in the bank", remedy=f"`varbind models list --bank {name}` lists them")
        data = found[0]
    data.pop("golden", None)
    print_text(json.dumps(data, indent=1) + "\n")


@models.command("import")
@click.argument("kind", type=click.Choice(["deepbind"]))
@click.argument("folder", metavar="DIR")
@click.option("-o", "--output", required=True, metavar="BANK", help="Folder of the new bank.")
@background_options
@click.option("--allow-missing", is_flag=True, help="Continue if db.tsv names models without a parameter file.")
@logging_options
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
    configure_logging(quiet=quiet, verbose=verbose)
    source = PromoterSource([encode(text) for _, text in read_sequences(background)]) if background else None
    recipe = BackgroundRecipe.of_snvs(background_snvs)
    with show_progress(quiet=quiet) as progress:
        bank = import_deepbind(
            folder, output, recipe=recipe, source=source, progress=progress, allow_missing=allow_missing
        )
    default = sum(model.default for model in bank.models)
    logger.info("%s: %d models, %d of them used by default", output, len(bank.models), default)


@models.command("export")
@bank_option
@click.option("--models", metavar="LIST|@FILE", help="Model ids or proteins. Default: all.")
@click.option("-o", "--output", required=True, metavar="DIR", help="New folder for params/*.txt and db.tsv.")
def export(banks: tuple[str, ...], models: str | None, output: str) -> None:
    """Write models as DeepBind parameter files with an index.

    A model of the format is a single network. Each network of an ensemble therefore becomes a model: ID.1, ID.2, etc.
    """
    from varbind.io.deepbind_text import write_deepbind_folder

    bank = load_banks(banks)
    chosen = parse_words(models)
    bank = bank.select_proteins(chosen) if chosen else bank
    write_deepbind_folder(Path(output), bank.models, bank.stacks)


@models.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME|DIR]...")
def verify(names: tuple[str, ...]) -> None:
    """Compare every file of a bank with its SHA-256, and every array with the card."""
    from varbind.io.banks import load_bank

    for name in names or ("default",):
        bank = load_bank(name)
        print_text(f"{bank.cards[0].name}: {len(bank.models)} models, {len(bank.cards[0].digests)} files: ok\n")


@click.command("selftest")
@bank_option
@device_option()
@logging_options
def selftest(banks: tuple[str, ...], device: str, quiet: bool, verbose: bool) -> None:
    """Compare the scores of this machine with reference scores, and its kernels with each other.

    Every model of a bank scores a few sequences. The scores must agree with the reference scores, which were computed
    in double precision when the bank was made. Then variants are scored in full and at their changed positions only,
    with and without the compiled kernel or the GPU; all results must have the same bytes. A mismatch, or a score that
    is not a number, ends with exit code 1. The commands annotate, check, score, train and evaluate repeat the
    comparison with the CPU before they use a GPU.
    """
    from varbind.io.banks import load_bank
    from varbind.scoring.devices import resolve_device
    from varbind.scoring.selftest import GOLDEN_TOLERANCE, run_selftest

    configure_logging(quiet=quiet, verbose=verbose)
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
            raise VarbindError(what, path=label, remedy="do not rely on scores of this machine")
        print_text(f"{label}: {text}, all ways of computing give the same bytes: ok\n")
