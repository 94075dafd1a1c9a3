"""Judging a second stage: measured variants and a bank enter, a folder of tables with their controls leaves.

What is judged is not a second stage that was trained on these variants but its recipe: everything is fitted anew
without the variants it is judged on.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.variant_table import read_variant_table
from varbind.errors import UsageError, output_errors
from varbind.evaluate.activity import judge_activity
from varbind.evaluate.activity_tables import activity_markdown, activity_table, reliability_figure
from varbind.evaluate.conservation import conservation_summary, conservation_table, judge_conservation
from varbind.evaluate.other_tools import read_other_tools
from varbind.evaluate.pairs import judge_pairs, pairs_markdown, pairs_table
from varbind.evaluate.simulated_vs_derived import ClassesPlan, classes_markdown, classes_table, judge_classes
from varbind.gate import optional_import
from varbind.io.output.atomic_files import whole_folder
from varbind.io.reference import Reference
from varbind.train.effect_tables import FLANK, labels_of, read_activity, read_classes, read_pathogenic
from varbind.train.scored_variants import second_stage_models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable

__all__ = ["EffectTests", "EvaluateEffectPlan", "evaluate_effect"]


PROMOTER_LIKE = ("UTR5", "upstream", "promoter")
"""Words of the column `region`."""


@dataclass(frozen=True, slots=True)
class EffectTests:
    """Files, as for training, and more.

    Attributes:
        activity: variants with measured effects.
        classes: simulated and derived variants.
        pathogenic: pathogenic and common variants with columns of tracks.
        pairs: pairs of alleles with `direction`: 1 where the alternate allele is the more active one, else -1.
        fasta: genome of the tables that give no flanks.
        scores: tables of other tools' scores of these variants: chrom, pos, ref, alt and a column a tool.
    """

    activity: str | None = None
    classes: str | None = None
    pathogenic: str | None = None
    pairs: str | None = None
    fasta: str | None = None
    scores: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EvaluateEffectPlan:
    """How a second stage is judged.

    Attributes:
        classes: of simulated and derived variants.
        draws: of scrambled networks for the activity.
        seed: of all that is random.
        threads: CPU threads that score; None = all.
        device: that scores.
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
    progress: Callable[[str, int, int], None] | None = None,
) -> str:
    """Judge the recipe of a second stage over a bank's scores.

    Args:
        tests: the files.
        bank: whose scores are read; one card, with a background.
        destination: folder of the results, which must not exist.
        plan: everything else; None = the defaults.
        progress: called with (what is being done, done, in all).

    Returns:
        The text of `summary.md`.

    Raises:
        VarbindError: with what is wrong with a file or the destination.
    """
    plan = plan or EvaluateEffectPlan()
    if not (tests.activity or tests.classes or tests.pathogenic or tests.pairs):
        raise UsageError("nothing to judge on", remedy="give --activity, --classes, --pathogenic or --pairs")
    if tests.pairs and not tests.activity:
        raise UsageError("--pairs without --activity, which trains", remedy="give both")
    optional_import("sklearn.metrics", needed_for="evaluation")
    optional_import("scipy.stats", needed_for="evaluation")
    with ExitStack() as stack, whole_folder(Path(destination)) as folder:
        reference = stack.enter_context(Reference(tests.fasta)) if tests.fasta else None
        evaluation = _Evaluation(folder, bank, tests, plan, reference, progress)
        for kind in ("activity", "pairs", "classes", "pathogenic"):
            path = getattr(tests, kind)
            if path:
                getattr(evaluation, kind)(path)
        return evaluation.summary()


class _Evaluation:
    """One table after another, each with its files."""

    def __init__(
        self,
        folder: Path,
        bank: Bank,
        tests: EffectTests,
        plan: EvaluateEffectPlan,
        reference: Reference | None,
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        self._folder, self._tests, self._plan = folder, tests, plan
        self._models, self._reference, self._progress = second_stage_models(bank), reference, progress
        card = bank.cards[0]
        self._texts = [f"# {card.name}: {len(self._models.models)} models, seed {plan.seed}"]

    def activity(self, path: str) -> None:
        """Left-out loci."""
        table = read_activity(path, self._reference)
        plan = self._plan
        judged = judge_activity(
            table,
            self._models,
            draws=plan.draws,
            seed=plan.seed,
            threads=plan.threads,
            device=plan.device,
            others=self._others(table),
            progress=self._progress,
        )
        self._write("activity.tsv", activity_table(judged).encode())
        self._write("reliability.svg", reliability_figure(judged))
        self._texts.append(activity_markdown(judged))

    def pairs(self, path: str) -> None:
        """The more active allele of pairs."""
        pairs = read_variant_table(path, flank=FLANK, needed=("direction",), reference=self._reference)
        assert self._tests.activity is not None
        training = read_activity(self._tests.activity, self._reference)
        rows = judge_pairs(
            pairs, training, self._models, self._others(pairs), threads=self._plan.threads, device=self._plan.device
        )
        self._write("pairs.tsv", pairs_table(rows).encode())
        self._texts.append(pairs_markdown(rows))

    def classes(self, path: str) -> None:
        """Simulated against derived."""
        table = read_classes(path, self._reference)
        rows = judge_classes(
            table, self._models, self._plan.classes, others=self._others(table), progress=self._progress
        )
        self._write("classes.tsv", classes_table(rows).encode())
        self._texts.append(f"## Simulated against derived variants\n\n{classes_markdown(rows).rstrip()}")

    def pathogenic(self, path: str) -> None:
        """Pathogenic against common."""
        table, columns = read_pathogenic(path, self._reference)
        values = np.stack(list(columns.values()), axis=1)
        # Without genes, contigs stay together.
        genes = table.words.get("gene", tuple(variant.chrom for variant in table.variants))
        regions = table.words.get("region")
        rows = judge_conservation(
            values,
            labels_of(table),
            genes,
            list(columns),
            seed=self._plan.seed,
            promoter_like=None if regions is None else np.isin(regions, PROMOTER_LIKE),
        )
        self._write("conservation.tsv", conservation_table(rows).encode())
        self._texts.append(f"## Pathogenic against common variants\n\n{conservation_summary(rows)}")

    def summary(self) -> str:
        """Everything for people, written as well."""
        text = "\n\n".join(self._texts) + "\n"
        self._write("summary.md", text.encode())
        return text

    def _others(self, table: VariantTable) -> dict[str, np.ndarray]:
        return read_other_tools(self._tests.scores, table)

    def _write(self, name: str, content: bytes | None) -> None:
        if content is not None:
            with output_errors(self._folder):
                (self._folder / name).write_bytes(content)
