"""The files of an experiment: its table, a summary beside the numbers of the paper, and a figure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

STYLE = {
    "svg.hashsalt": "varbind",  # without a salt, the names inside the file are random
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass
class ResultFiles:
    """The files OUTPUT/NAME.tsv, OUTPUT/NAME.summary.tsv and OUTPUT/NAME.svg of one run.

    Attributes:
        folder: the folder of the files.
        name: the name of the experiment.
        facts: what the summary states about the run, such as its sizes and its seed.
    """

    folder: Path
    name: str
    facts: dict[str, Any]
    _start: float = field(default_factory=time.monotonic)

    def write(
        self, rows: Sequence[dict[str, Any]], summary: Sequence[dict[str, Any]], draw: Callable[[Figure], None]
    ) -> None:
        """Write the table, the summary with the facts of the run as comments, and the figure."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path("tsv").write_text(text_of(rows), encoding="utf-8")
        facts = {**self.facts, "seconds": f"{time.monotonic() - self._start:.0f}"}
        comments = "".join(f"# {name}: {value}\n" for name, value in facts.items())
        self._path("summary.tsv").write_text(comments + text_of(summary), encoding="utf-8")
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(4.5, 3.6), layout="constrained")
            draw(figure)
            figure.savefig(self._path("svg"), metadata={"Date": None})

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.name}.{ending}"


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all experiments have."""
    parser.add_argument("--seed", type=int, default=1, help="seed of all random numbers")
    parser.add_argument("--machine", default="not stated", help="the machine, for the summary")


def text_of(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as tab-separated text with four decimals; missing values are empty."""
    return str(pd.DataFrame(list(rows)).to_csv(sep="\t", index=False, float_format="%.4g", lineterminator="\n"))
