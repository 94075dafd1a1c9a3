"""Sum up the tables of `architectures.py` beside Table 1 of Onimaru et al. (2018, DeepGMAP).

    python workflows/experiments/deepgmap/compare_architectures.py STATE FOLDER [--machine TEXT]

FOLDER gets architectures.tsv, with a row for each network, and architectures.svg. The areas of a network are means over
the proteins, and then over the seeds. The first lines state how much larger the area under the precision-recall curve
of conv4-FRSS is than that of conv4, with the 95 % interval of Student's t distribution over the differences of
networks of the same seed. The claim of the paper holds if the whole interval is above zero; otherwise it failed.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import matplotlib.figure
import matplotlib.style
import pandas as pd
from scipy.stats import ttest_1samp

from varbind.evaluate.figure import COLOURS, STYLE

PAPER = {
    "deepsea": (0.9230, 0.6051, 0.1773),
    "basset": (0.9123, 0.5851, 0.0847),
    "danq": (0.9059, 0.5721, 0.4586),
    "conv4": (0.9266, 0.6181, 0.2548),
    "conv3-frss": (0.9319, 0.6347, 0.3636),
    "conv4-frss": (0.9356, 0.6457, 0.3729),
    "conv4-frss+": (0.9359, 0.6509, 0.5802),
    "danq-frss": (0.9327, 0.6410, 0.7905),
}
"""Both areas, means over three sets of DNase-seq of mice, and the seconds of 20 mini-batches on a GPU."""

COMPARED = ("conv4-frss", "conv4")
SIZES = ["sequences", "validation", "epochs", "rate", "initial"]


def main() -> None:
    """Write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--machine", default="an unnamed machine")
    options = parser.parse_args()
    runs = read_runs(options.state)
    table = summary(runs)
    sizes = ", ".join(f"{name} {runs[name].iloc[0]}" for name in SIZES)
    text = f"# {sizes}; seconds of computing time on {options.machine}\n# {verdict(runs)}\n"
    text += table.to_csv(sep="\t", index=False, float_format="%.4f")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "architectures.tsv").write_text(text, encoding="utf-8")
    (options.folder / "architectures.svg").write_bytes(draw(table))
    print(text)


def read_runs(state: Path) -> pd.DataFrame:
    """A row for each network and seed, with means over the proteins."""
    tables = [pd.read_csv(path, sep="\t") for path in sorted(state.glob("*.tsv"))]
    if not tables:
        raise SystemExit(f"{state} has no tables; run architectures.py first")
    rows = pd.concat(tables, ignore_index=True)
    if len(rows[SIZES].drop_duplicates()) > 1:
        raise SystemExit(f"{state} has tables of different sizes; keep those of one experiment in a folder")
    return rows.groupby(["network", "seed", *SIZES], as_index=False)[["AUROC", "AUPRC", "seconds"]].mean()


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each network, in the order of the paper."""
    rows = []
    for network, own in runs.groupby("network"):
        row: dict[str, object] = {"network": network, "seeds": len(own)}
        for area in ("AUROC", "AUPRC"):
            row |= {area: own[area].mean(), f"{area}, SD": own[area].std()}
        of_paper = zip(["AUROC of paper", "AUPRC of paper", "seconds of paper"], PAPER[network], strict=True)
        rows.append({**row, "seconds": own["seconds"].mean(), **dict(of_paper)})
    return pd.DataFrame(rows).sort_values("network", key=lambda names: names.map(list(PAPER).index))


def differences(runs: pd.DataFrame) -> pd.Series:
    """The difference in AUPRC of the two compared networks for each seed that both have."""
    by_seed = runs.pivot_table(index="seed", columns="network", values="AUPRC").reindex(columns=list(COMPARED))
    first, second = COMPARED
    return (by_seed[first] - by_seed[second]).dropna()


def verdict(runs: pd.DataFrame) -> str:
    """The mean difference with its interval, and whether it confirms the paper."""
    found, name = differences(runs), f"{' minus '.join(COMPARED)} in AUPRC"
    if len(found) < 2:
        return f"{name}: fewer than two seeds of both networks"
    low, high = ttest_1samp(found, 0).confidence_interval(0.95)
    result = "holds" if low > 0 else "failed"
    return f"{name}: {found.mean():+.4f}, 95 % interval {low:+.4f} to {high:+.4f} over {len(found)} seeds: {result}"


def draw(table: pd.DataFrame) -> bytes:
    """The AUPRC of each network here, with its standard deviation over seeds, against that of the paper."""
    with matplotlib.style.context(["default", STYLE]):
        figure = matplotlib.figure.Figure(figsize=(5, 4), layout="constrained")
        panel = figure.subplots()
        x, y, name = table["AUPRC of paper"], table["AUPRC"], table["network"]
        panel.errorbar(x, y, yerr=table["AUPRC, SD"].fillna(0), fmt="o", color=COLOURS[0], capsize=2)
        for place in zip(x, y, name, strict=True):
            panel.annotate(place[2], place[:2], xytext=(5, 5), textcoords="offset points", fontsize="small")
        panel.set(
            xlabel="AUPRC in the paper (DNase-seq, mouse)",
            ylabel="AUPRC here (200-base regions, mean and SD over seeds)",
        )
        data = io.BytesIO()
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return data.getvalue()


if __name__ == "__main__":
    main()
