"""Evaluation of a second stage over the scores of a bank, written as a folder of tables with controls.

The subject is not a second stage that was trained on these variants, but its recipe: everything is fitted again without
the variants on which it is evaluated.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.variant_table import read_variant_table
from varbind.errors import UsageError, output_errors
from varbind.evaluate.activity import evaluate_activity
from varbind.evaluate.conservation import evaluate_conservation
from varbind.evaluate.figure import draw_reliability
from varbind.evaluate.pairs import evaluate_pairs
from varbind.evaluate.simulated_vs_derived import evaluate_classes
from varbind.evaluate.splits import ClassesPlan
from varbind.evaluate.tables import (
    activity_markdown,
    classes_markdown,
    conservation_markdown,
    conservation_table,
    pairs_markdown,
    tsv,
)
from varbind.gate import optional_import
from varbind.io.genes.gene_table import read_genes
from varbind.io.output.atomic_files import whole_folder
from varbind.io.reference import Reference
from varbind.train.activity_tables import local_network, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, labels_of, read_classes, read_pathogenic, second_stage_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.variant import Variant
    from varbind.datasets.variant_table import VariantTable

__all__ = ["EffectTests", "EvaluateEffectPlan", "evaluate_effect", "read_other_tools"]

logger = logging.getLogger(__name__)

PROMOTER_LIKE = ("UTR5", "upstream", "promoter")
"""Values of the column `region` that count as promoter-like."""


@dataclass(frozen=True, slots=True)
class EffectTests:
    """Paths of the tables of variants, which are those of the training and two more.

    Attributes:
        activity: variants with measured effects.
        classes: simulated and derived variants.
        pathogenic: pathogenic and common variants with columns of tracks.
        pairs: tables of pairs of alleles with measured effects, which train with the loci of `activity`.
        directions: pairs of alleles with `direction`: 1 if the alternate allele is more active, else -1.
        local: second stage whose local network is used; None = that of the bank, `none` = there is none.
        genes: gene file, for tables without distances to a start.
        fasta: reference genome of tables without flanking sequence.
        scores: scores of other tools for these variants: chrom, pos, ref, alt and one column for each tool.
    """

    activity: str | None = None
    classes: str | None = None
    pathogenic: str | None = None
    pairs: Sequence[str] = ()
    directions: str | None = None
    local: str | None = None
    genes: str | None = None
    fasta: str | None = None
    scores: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EvaluateEffectPlan:
    """How a second stage is evaluated.

    Attributes:
        classes: how simulated and derived variants are evaluated.
        draws: number of banks with shuffled detectors for the activity.
        seed: seed of all random numbers.
        threads: number of CPU threads for scoring; None = all.
        device: device for scoring.
    """

    classes: ClassesPlan = field(default_factory=ClassesPlan)
    draws: int = 5
    seed: int = 1
    threads: int | None = None
    device: str = "cpu"


def evaluate_effect(
    tests: EffectTests,
    bank: Bank,
    destination: str | Path,
    plan: EvaluateEffectPlan | None = None,
    *,
    progress: Progress | None = None,
) -> str:
    """Evaluate the recipe of a second stage over the scores of a bank.

    Args:
        tests: paths of the tables.
        bank: bank whose scores are read, with one card and a background.
        destination: folder of the results, which must not exist.
        plan: how to evaluate; None = the defaults.
        progress: called with the number of items done, the number of all and the stage.

    Returns:
        The text of `summary.md`.

    Raises:
        VarbindError: a file is malformed, or the destination cannot be written.
    """
    plan = plan or EvaluateEffectPlan()
    if not (tests.activity or tests.classes or tests.pathogenic or tests.directions):
        remedy = "give --activity, --classes, --pathogenic or --directions"
        raise UsageError("no table of variants is given", remedy=remedy)
    for option, given in (("--pairs", tests.pairs), ("--directions", tests.directions)):
        if given and not tests.activity:
            raise UsageError(f"{option} is given without --activity, which is needed for training", remedy="give both")
    optional_import("sklearn.metrics", needed_for="evaluation")
    optional_import("scipy.stats", needed_for="evaluation")
    with ExitStack() as stack, whole_folder(Path(destination)) as folder:
        reference = stack.enter_context(Reference(tests.fasta)) if tests.fasta else None
        evaluation = _Evaluation(folder, bank, tests, plan, reference, progress)
        for kind in ("activity", "directions", "classes", "pathogenic"):
            path = getattr(tests, kind)
            if path:
                getattr(evaluation, kind)(path)
        return evaluation.summary()


class _Evaluation:
    """Evaluates one table after another and writes its files."""

    def __init__(
        self,
        folder: Path,
        bank: Bank,
        tests: EffectTests,
        plan: EvaluateEffectPlan,
        reference: Reference | None,
        progress: Progress | None,
    ) -> None:
        self._folder, self._tests, self._plan = folder, tests, plan
        self._models, self._reference, self._progress = second_stage_models(bank), reference, progress
        # The other tables have no use for it.
        self._local = local_network(tests.local, bank)[0] if tests.activity else None
        self._pairs = [read_pairs(path, reference) for path in tests.pairs]
        card = bank.cards[0]
        self._texts = [f"# {card.name}: {len(self._models.models)} models, seed {plan.seed}"]

    def activity(self, path: str) -> None:
        """Evaluate left-out loci."""
        table = read_activity(path, self._reference)
        plan = self._plan
        found = evaluate_activity(
            table,
            self._models,
            local=self._local,
            pairs=self._pairs,
            genes=read_genes(self._tests.genes, tss="preferred").index if self._tests.genes else None,
            draws=plan.draws,
            seed=plan.seed,
            threads=plan.threads,
            device=plan.device,
            others=self._others(table),
            progress=self._progress,
        )
        self._write("activity.tsv", tsv(found.rows, 6).encode())
        self._write("reliability.svg", draw_reliability(found.reliability))
        self._texts.append(activity_markdown(found))

    def directions(self, path: str) -> None:
        """Evaluate the predicted direction of pairs of alleles."""
        pairs = read_variant_table(path, flank=FLANK, needed=("direction",), reference=self._reference)
        assert self._tests.activity is not None
        training = [read_activity(self._tests.activity, self._reference), *self._pairs]
        rows = evaluate_pairs(
            pairs,
            training,
            self._models,
            self._others(pairs),
            local=self._local,
            threads=self._plan.threads,
            device=self._plan.device,
        )
        self._write("directions.tsv", tsv(rows, 6).encode())
        self._texts.append(pairs_markdown(rows))

    def classes(self, path: str) -> None:
        """Evaluate simulated against derived variants."""
        table = read_classes(path, self._reference)
        rows = evaluate_classes(
            table, self._models, self._plan.classes, others=self._others(table), progress=self._progress
        )
        self._write("classes.tsv", tsv(rows, 4).encode())
        self._texts.append(f"## Simulated against derived variants\n\n{classes_markdown(rows).rstrip()}")

    def pathogenic(self, path: str) -> None:
        """Evaluate pathogenic against common variants."""
        table, columns = read_pathogenic(path, self._reference)
        values = np.stack(list(columns.values()), axis=1)
        # Without genes, whole contigs stay in one fold.
        genes = table.texts.get("gene", tuple(variant.chrom for variant in table.variants))
        regions = table.texts.get("region")
        rows = evaluate_conservation(
            values,
            labels_of(table),
            genes,
            list(columns),
            seed=self._plan.seed,
            promoter_like=None if regions is None else np.isin(regions, PROMOTER_LIKE),
        )
        self._write("conservation.tsv", conservation_table(rows).encode())
        self._texts.append(f"## Pathogenic against common variants\n\n{conservation_markdown(rows)}")

    def summary(self) -> str:
        """Write and return the summary in Markdown."""
        text = "\n\n".join(self._texts) + "\n"
        self._write("summary.md", text.encode())
        return text

    def _others(self, table: VariantTable) -> dict[str, NDArray[np.float64]]:
        return read_other_tools(self._tests.scores, table)

    def _write(self, name: str, content: bytes | None) -> None:
        if content is not None:
            with output_errors(self._folder):
                (self._folder / name).write_bytes(content)


def read_other_tools(paths: Sequence[str], table: VariantTable) -> dict[str, NDArray[np.float64]]:
    """Read the scores of other tools for the variants of a table.

    Args:
        paths: tables with chrom, pos, ref, alt and one column for each tool; missing scores are `.` or NA.
        table: N variants.

    Returns:
        Scores by the name of their column, float64 (N,). A variant without a score has NaN, and a tool without any
        score is left out.

    Raises:
        InputError: a table is malformed.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for path in paths:
        scored = read_variant_table(path, flank=0, needed=(), sequence=False)
        row_of = {_place(variant): row for row, variant in enumerate(scored.variants)}
        rows = np.array([row_of.get(_place(variant), -1) for variant in table.variants])
        for tool, values in scored.numbers.items():
            scores = np.where(rows >= 0, values[rows], np.nan)
            known = int(np.isfinite(scores).sum())
            logger.info("%s: %s has scores of %d of %d variants of %s", path, tool, known, len(scores), table.path)
            if known:
                # The scores of a tool may be in several files, such as one for each chromosome.
                found[tool] = np.where(np.isfinite(scores), scores, found.get(tool, np.nan))
    return found


def _place(variant: Variant) -> tuple[str, int, str, str]:
    return variant.chrom.removeprefix("chr"), variant.pos, variant.ref, variant.alt
