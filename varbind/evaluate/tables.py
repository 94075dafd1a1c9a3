"""Tables of results: tab-separated text for programs, and the Markdown sections of a summary for people."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from varbind.evaluate.loci import MEAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.evaluate.activity import ActivityEvaluation
    from varbind.evaluate.conservation import ConservationRow
    from varbind.evaluate.loci import ActivityRow
    from varbind.evaluate.pairs import PairsRow
    from varbind.evaluate.simulated_vs_derived import ClassesRow

__all__ = [
    "activity_markdown",
    "classes_markdown",
    "conservation_markdown",
    "conservation_table",
    "decimal",
    "escaped",
    "markdown_row",
    "pairs_markdown",
    "tsv",
]

CLASSES_NOTE = (
    "Simulated variants against derived ones, which were made by different processes; this is not a measure of "
    "pathogenicity. In brackets: 95 % intervals from 1,000 draws of genes. Compare every line with `192 contexts` "
    "(three bases alone) and `shuffled detectors` (detectors without motifs, the mean of several draws). With several "
    "folds, only pairs within a fold are compared."
)
CONSERVATION_NOTE = (
    "Genes are held out of every fit. In brackets: 95 % intervals from 1,000 draws of genes; beside the mean of many "
    "subsets of the tracks, the smallest and the largest value."
)


def tsv(rows: Iterable[Any], digits: int, columns: Sequence[str] | None = None) -> str:
    """Return rows as tab-separated text with a header line.

    Args:
        rows: dictionaries or instances of one dataclass, at least one.
        digits: number of decimals of real numbers; None and NaN are empty cells.
        columns: names and order of the columns; None = those of the first row.
    """
    # Names are written as they are: a name from the input cannot hold a tab or a line end.
    text: str = pd.DataFrame(list(rows), columns=None if columns is None else list(columns)).to_csv(
        sep="\t", index=False, float_format=f"%.{digits}f", lineterminator="\n", quoting=csv.QUOTE_NONE
    )
    return text


def decimal(value: float | None, digits: int) -> str:
    """Return a number with `digits` decimals, or an empty cell if it is None or NaN."""
    return "" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def markdown_row(cells: Sequence[str]) -> str:
    """Return one row of a Markdown table."""
    # pandas pads the cells of its Markdown tables, and needs a further package to write them.
    return f"| {' | '.join(cells)} |"


def escaped(name: str) -> str:
    """Escape a name from the input so that it cannot end its Markdown cell or be read as HTML."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def activity_markdown(evaluation: ActivityEvaluation) -> str:
    """Return a section with the loci of each method side by side."""
    loci = list(dict.fromkeys(row.locus for row in evaluation.rows if row.locus != MEAN))
    names = list(dict.fromkeys(row.method for row in evaluation.rows))
    found = {(row.method, row.locus): row for row in evaluation.rows}
    columns = [MEAN, *loci]
    correlations = [(name, [_correlation(found[name, locus]) for locus in columns]) for name in names]
    sizes = [(name, [_size(found[name, locus]) for locus in columns]) for name in names]
    bins = [(f"{expected:.3f}", [f"{share:.3f}"]) for expected, share, _ in evaluation.reliability]
    penalties = ", ".join(f"{locus} {penalty:g}" for locus, penalty in evaluation.penalties.items())
    lines = [
        "## Measured changes of activity, loci left out",
        "",
        "Spearman correlation with the effect (95 %):",
        "",
        *_grid(columns, correlations),
        "",
        "Spearman correlation of SCORE, or of another size, with the size of the effect; AUC of probable changes:",
        "",
        *_grid(columns, sizes),
        "",
        f"Calibration error of SCORE on left-out loci: {evaluation.calibration_error:.3f}. Bins of equal weight:",
        "",
        *_grid(["found"], bins, "expected"),
        "",
        f"Penalties that were chosen on the other loci: {penalties}.",
    ]
    return "\n".join(lines)


def pairs_markdown(rows: Sequence[PairsRow]) -> str:
    """Return a section on the predicted direction of pairs of alleles."""
    lines = ["## The more active allele of a pair", ""]
    lines += ["| method | n_called | accuracy (95 %) | AUC |", "|---|---:|---|---:|"]
    for row in rows:
        accuracy = f"{row.accuracy:.3f} ({row.low:.3f} to {row.high:.3f})" if row.n_called else ""
        lines.append(markdown_row([row.method, f"{row.n_called:,}", accuracy, decimal(row.auc, 3)]))
    return "\n".join(lines)


def classes_markdown(rows: Sequence[ClassesRow]) -> str:
    """Return one table for each protocol of simulated against derived variants, without the single draws."""
    text = ""
    for protocol in dict.fromkeys(row.protocol for row in rows):
        shown = [row for row in rows if row.protocol == protocol and not row.draw]
        lines = [
            f"**{protocol[0].upper()}{protocol[1:]}**",
            "",
            "| method | networks | AUC (95 %) | inside contexts (95 %) | simulated of variants | no score |",
            "|---|---:|---:|---:|---:|---:|",
            *map(_classes_row, shown),
        ]
        text += "\n".join(lines) + "\n\n"
    return f"{text}{CLASSES_NOTE}\n"


def conservation_table(rows: Sequence[ConservationRow]) -> str:
    """Return all rows of the conservation head as tab-separated text; missing values are empty."""
    return tsv(map(_conservation_cells, rows), 4)


def conservation_markdown(rows: Sequence[ConservationRow]) -> str:
    """Return a table with all tracks, all subsets by size, and each track by the head and by its plain value."""
    all_tracks = max(len(row.tracks) for row in rows)
    lines = [
        "| region | tracks | scored by | AUC (95 %) | AUPRC (95 %) | pathogenic of variants | scored |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for region in dict.fromkeys(row.region for row in rows):
        in_region = [row for row in rows if row.region == region]
        lines += [_conservation_row(row, "all") for row in in_region if len(row.tracks) == all_tracks > 1]
        for size in range(all_tracks - 1, 1, -1):
            lines.append(_subsets_row([row for row in in_region if len(row.tracks) == size], all_tracks))
        lines += [_conservation_row(row, row.tracks[0]) for row in in_region if len(row.tracks) == 1]
    return "\n".join([*lines, "", CONSERVATION_NOTE]) + "\n"


def _grid(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], corner: str = "method") -> list[str]:
    lines = [markdown_row([corner, *columns]), "|---" + "|---:" * len(columns) + "|"]
    return [*lines, *(markdown_row([name, *cells]) for name, cells in rows)]


def _correlation(row: ActivityRow) -> str:
    if np.isnan(row.spearman):
        return ""
    return f"{row.spearman:.3f} ({row.spearman_low:.2f} to {row.spearman_high:.2f})"


def _size(row: ActivityRow) -> str:
    if np.isnan(row.spearman_abs):
        return ""
    return f"{row.spearman_abs:.3f} ({row.spearman_abs_low:.2f} to {row.spearman_abs_high:.2f}); {decimal(row.auc, 3)}"


def _classes_row(row: ClassesRow) -> str:
    cells = [
        escaped(row.method),
        str(row.networks or ""),
        "" if np.isnan(row.auc) else f"{row.auc:.3f} ({row.low:.3f} to {row.high:.3f})",
        ""
        if np.isnan(row.within_contexts)
        else f"{row.within_contexts:.3f} ({row.within_low:.3f} to {row.within_high:.3f})",
        f"{row.simulated} of {row.variants}",
        str(row.missing),
    ]
    return markdown_row(cells)


def _conservation_cells(row: ConservationRow) -> dict[str, Any]:
    auc_low, auc_high = row.auc_interval or (None, None)
    auprc_low, auprc_high = row.auprc_interval or (None, None)
    return {
        "region": row.region,
        "tracks": ",".join(row.tracks),
        "scored_by": row.scored_by,
        "variants": row.variants,
        "pathogenic": row.pathogenic,
        "share_scored": row.share,
        "auc": row.auc,
        "auc_low": auc_low,
        "auc_high": auc_high,
        "auprc": row.auprc,
        "auprc_low": auprc_low,
        "auprc_high": auprc_high,
    }


def _conservation_row(row: ConservationRow, name: str) -> str:
    areas = [_area(row.auc, row.auc_interval), _area(row.auprc, row.auprc_interval)]
    counts = [f"{row.pathogenic} of {row.variants}", f"{100 * row.share:.1f} %"]
    return markdown_row([row.region, escaped(name), row.scored_by, *areas, *counts])


def _subsets_row(rows: Sequence[ConservationRow], all_tracks: int) -> str:
    """The mean of the subsets of one size, between the smallest and the largest."""
    name = f"{len(rows[0].tracks)} of {all_tracks}, {len(rows)} subsets"
    cells = []
    for values in ([row.auc for row in rows], [row.auprc for row in rows]):
        known = [value for value in values if value is not None]
        cells.append(_area(float(np.mean(known)), (min(known), max(known))) if known else "")
    return markdown_row([rows[0].region, name, rows[0].scored_by, *cells, "", ""])


def _area(value: float | None, interval: tuple[float, float] | None) -> str:
    within = "" if interval is None else f" ({decimal(interval[0], 3)} to {decimal(interval[1], 3)})"
    return decimal(value, 3) + within
