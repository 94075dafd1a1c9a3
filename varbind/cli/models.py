"""`varbind models` lists, shows, imports, exports, verifies and explains banks; `varbind selftest` scores with them."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.motifs import logo, motifs
from varbind.cli.option_values import parse_words
from varbind.cli.options import background_options, bank_option, device_option, load_banks, logging_options
from varbind.errors import UsageError, VarbindError, printable

__all__ = ["models", "selftest"]

logger = logging.getLogger("varbind")

_SEQUENCE = re.compile(r"[ACGTUNacgtun]+")


@click.group("models")
def models() -> None:
    """List, show, import, export, verify and explain model banks."""


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
@click.argument("kind", type=click.Choice(["deepbind", "bank"]))
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
    """Import models, and score background variants with them.

    `deepbind DIR` reads published models: db.tsv and params/*.txt. Every model of db.tsv needs its params/ID.txt. Only
    those that db.tsv labels as deprecated, which were published without parameters, are left out. `bank DIR` reads the
    models of a bank of any architecture, such as `varbind models export --format bank` writes.
    """
    from varbind.api.import_bank import import_bank
    from varbind.api.import_deepbind import import_deepbind
    from varbind.cli.progress import show_progress
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.background import BackgroundRecipe, PromoterSource

    configure_logging(quiet=quiet, verbose=verbose)
    if kind == "bank" and allow_missing:
        raise UsageError("--allow-missing is for deepbind", remedy="leave it out")
    source = PromoterSource([encode(text) for _, text in read_sequences(background)]) if background else None
    recipe = BackgroundRecipe.of_snvs(background_snvs)
    with show_progress(quiet=quiet) as progress:
        if kind == "bank":
            bank = import_bank(folder, output, recipe=recipe, source=source, progress=progress)
        else:
            bank = import_deepbind(
                folder, output, recipe=recipe, source=source, progress=progress, allow_missing=allow_missing
            )
    default = sum(model.default for model in bank.models)
    logger.info("%s: %d models, %d of them used by default", output, len(bank.models), default)


@models.command("export")
@bank_option
@click.option("--models", metavar="LIST|@FILE", help="Model ids or proteins. Default: all.")
@click.option("-o", "--output", required=True, metavar="DIR", help="New folder.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["deepbind", "bank"]),
    default="deepbind",
    show_default=True,
    help="params/*.txt and db.tsv as DeepBind was published; or cards and weights of any architecture.",
)
def export(banks: tuple[str, ...], models: str | None, output: str, form: str) -> None:
    """Write models as DeepBind parameter files with an index, or as a bank without a background.

    A model of the DeepBind format is a single network. Each network of an ensemble therefore becomes a model: ID.1,
    ID.2, etc. `varbind models import` reads both.
    """
    from varbind.api.import_bank import export_bank
    from varbind.io.deepbind_text import write_deepbind_folder

    bank = load_banks(banks)
    chosen = parse_words(models)
    bank = bank.select_proteins(chosen) if chosen else bank
    if form == "bank":
        export_bank(bank, output)
    else:
        write_deepbind_folder(Path(output), bank.models, bank.stacks)


@models.command("attribute")
@click.argument("source", metavar="SEQUENCE|FASTA")
@click.option("--model", required=True, metavar="ID", help="The model.")
@bank_option
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(["mutagenesis", "largest-loss", "saliency", "saliency-code", "gradient-input"]),
    help="Method; repeatable. Default: mutagenesis and gradient-input.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="TABLE",
    help="Table: .tsv, .tsv.gz, .csv, .csv.gz or .parquet. Default: TSV on standard output.",
)
@logging_options
def attribute(
    source: str, model: str, banks: tuple[str, ...], methods: tuple[str, ...], output: str, quiet: bool, verbose: bool
) -> None:
    """Compute how much each base of a sequence adds to the score of a model.

    The argument is a sequence, or a file with FASTA or one sequence a line; - is standard input. A file of that name
    comes first. The model reads each sequence whole.

    The table has a row for each position: id, position, base, and a value for each method, in the units of the score:
    the mean loss over the three substitutions (mutagenesis), the largest loss (largest-loss), the sum of the slopes of
    the four bases (saliency; of their absolute values: saliency-code) and the slope at the own base (gradient-input).
    The log states the rank correlations of the methods. saliency is empty where the score is below -2, saliency-code
    where it is below -4.
    """
    from varbind.cli.progress import show_progress
    from varbind.interpret.attribution import AttributionMethod
    from varbind.interpret.attribution_table import write_attributions
    from varbind.io.sequences import read_sequences

    configure_logging(quiet=quiet, verbose=verbose)
    named = source != "-" and not Path(source).exists() and _SEQUENCE.fullmatch(source)
    sequences = iter([("1", source)]) if named else read_sequences(source)
    chosen = [AttributionMethod(method) for method in dict.fromkeys(methods or ("mutagenesis", "gradient-input"))]
    with show_progress(quiet=quiet or output == "-") as progress:
        write_attributions(sequences, output, load_banks(banks), model_id=model, methods=chosen, progress=progress)


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
