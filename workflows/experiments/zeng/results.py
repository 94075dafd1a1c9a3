"""The tables and figures of the experiments of Zeng et al. (2016), from what is finished.

    python workflows/experiments/zeng/results.py STATE OUTPUT [--figures FOLDER] [--machine WORDS]

STATE is the folder of `discovery.py`, `occupancy.py` and `size.py`. OUTPUT gets, for each experiment that is there,
`zeng_NAME.tsv` with the AUC of each set and network, `zeng_NAME_medians.tsv`, and `zeng_NAME_tests.tsv`, where the
claims of the paper are tested; for the occupancy also `zeng_NAME_tasks.tsv` with the proteins that are left out. The
experiment on sizes has `zeng_size_gaps.tsv` and `zeng_size_anova.tsv`, and its tests are those of motif discovery with
the most peaks. FOLDER gets a box plot of each experiment.

The variance is split twice: that of the AUC, and that of its difference to the basic network on the same set. Which of
the two Zeng et al. (2016) split is our reading: the AUC itself differs far more between proteins than between networks.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from anova import family_names, two_way_anova
from box_plots import draw_boxes, draw_gaps
from claims import DISCOVERY, LOCATION_FREE, MACHINE, OCCUPANCY, check_claims, p_of

from varbind import load_bank
from varbind.core.zeng import zeng_networks

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPERIMENTS = {
    "discovery": ("areas.*.tsv", DISCOVERY, "motif discovery"),
    "occupancy": ("occupancy.*.tsv", OCCUPANCY, "motif occupancy"),
    "occupancy-regularised": ("occupancy-regularised.*.tsv", OCCUPANCY, "motif occupancy, regularised"),
    "location-free": ("location-free.*.tsv", LOCATION_FREE, "motif occupancy, motif of bound sequences anywhere"),
    "location-free-regularised": ("location-free-regularised.*.tsv", LOCATION_FREE, "the same, regularised"),
}
"""The files in STATE, the claims and the title of each experiment."""

BASIC, DEEP = "1layer", "3layer"


def main() -> None:
    """Write what can be written."""
    options = parse_options()
    options.output.mkdir(parents=True, exist_ok=True)
    for name, (pattern, claims, title) in EXPERIMENTS.items():
        rows = finished(options.state, pattern)
        if rows is None:
            print(f"{name}: nothing is finished")
            continue
        areas = areas_of(rows, ["set"], needed={BASIC})
        tables = {"": areas.reset_index(), "_medians": medians_of(areas), "_tests": check_claims(areas, claims)}
        tasks = options.state / f"{name}-tasks.tsv"
        if tasks.exists():
            tables["_tasks"] = pd.read_csv(tasks, sep="\t")
        write(options, name, tables, facts_of(rows))
        draw(options, name, draw_boxes(areas, f"{title}, {len(areas)} sets"))
    write_sizes(options)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--figures", type=Path, help="folder of the figures; none are drawn if absent")
    parser.add_argument("--machine", default="an unnamed machine")
    return parser.parse_args()


def write_sizes(options: argparse.Namespace) -> None:
    """Write the tables and the figure of the experiment on sizes."""
    rows = finished(options.state, "size.*.tsv")
    if rows is None:
        print("size: nothing is finished")
        return
    areas = areas_of(rows, ["set", "size"], needed={BASIC, DEEP})
    bank = load_bank().to_frame()
    families = family_names(zip(bank["protein"], bank["family"], strict=True))
    most = areas.xs(areas.index.get_level_values("size").max(), level="size")
    tables = {"": areas.reset_index(), "_gaps": gaps_of(areas), "_anova": anova_of(rows, families)}
    tables["_tests"] = check_claims(most, DISCOVERY)
    write(options, "size", tables, facts_of(rows))
    draw(options, "size", draw_gaps(areas.sub(areas[BASIC], axis=0).drop(columns=BASIC)))


def finished(state: Path, pattern: str) -> pd.DataFrame | None:
    """The rows of all finished files of an experiment; None if there are none."""
    files = sorted(state.glob(pattern))
    return pd.concat([pd.read_csv(path, sep="\t") for path in files], ignore_index=True) if files else None


def areas_of(rows: pd.DataFrame, index: list[str], *, needed: set[str]) -> pd.DataFrame:
    """The AUC with a row for each set, and a column for each method in the order of the paper."""
    areas = rows.pivot_table(index=index, columns="network", values="auc")
    if absent := sorted(needed - set(areas.columns)):
        raise SystemExit(
            f"{absent[0]} has not been trained on any set: expected it, as the others are compared with it"
        )
    return areas[[name for name in [*zeng_networks(), MACHINE] if name in areas.columns]]


def medians_of(areas: pd.DataFrame) -> pd.DataFrame:
    """The median AUC of each method over the sets, and the median of its differences to the basic network."""
    columns = {
        "sets": areas.count(),
        "median": areas.median(),
        f"median difference to {BASIC}": areas.sub(areas[BASIC], axis=0).median(),
    }
    return pd.DataFrame(columns).rename_axis("network").reset_index()


def gaps_of(areas: pd.DataFrame) -> pd.DataFrame:
    """By size, how far three layers are below one, and P that the gap is larger than with larger sizes of a set.

    A gap is compared with that of the next larger size, and with that of the largest one (`of largest`).
    """
    differences = (areas[BASIC] - areas[DEEP]).rename("gap").reset_index()
    gaps = differences.pivot_table("gap", "set", "size").sort_index(axis=1, ascending=False)
    found = []
    for number, (size, own) in enumerate(gaps.items()):
        row = {"size": size, "sets": own.count(), f"median {BASIC} - {DEEP}": own.median()}
        for ending, other in (("", number - 1), (" of largest", 0)):
            if number:
                growth = (own - gaps.iloc[:, other]).dropna()
                row |= {f"median growth{ending}": growth.median(), f"P{ending}": p_of(growth, "greater")}
        found.append(row)
    return pd.DataFrame(found)


def anova_of(rows: pd.DataFrame, families: Mapping[str, str]) -> pd.DataFrame:
    """The analyses of variance of each size; sets of proteins without a family in the bank are left out."""
    known = rows.assign(family=rows["set"].str.partition("_")[0].map(families)).dropna(subset="family")
    basic = known[known["network"] == BASIC].set_index(["set", "size"])["auc"].rename("basic")
    others = known[known["network"] != BASIC].join(basic, on=["set", "size"])
    outcomes = {"AUC": known, f"AUC minus that of {BASIC}": others.assign(auc=others["auc"] - others["basic"])}
    tables = [
        two_way_anova(own, "auc", "family", "network").assign(size=size, sets=own["set"].nunique(), outcome=outcome)
        for outcome, values in outcomes.items()
        for size, own in values.groupby("size")
    ]
    table = pd.concat(tables, ignore_index=True)
    leading = ["outcome", "size", "sets"]
    return table[[*leading, *(name for name in table.columns if name not in leading)]]


def facts_of(rows: pd.DataFrame) -> str:
    """What is said of all rows: the numbers of mini-batches, and the hours that the methods took."""
    batches = sorted({number for number in rows["batches"].tolist() if number})
    return f"{', '.join(f'{number:,}' for number in batches)} mini-batches, {rows['seconds'].sum() / 3600:.1f} hours"


def write(options: argparse.Namespace, name: str, tables: Mapping[str, pd.DataFrame], facts: str) -> None:
    """Write the tables of one experiment, each with what is said of all rows as a comment."""
    for ending, table in tables.items():
        text = f"# {facts} on {options.machine}\n" + table.to_csv(sep="\t", index=False, float_format="%.4g")
        path = options.output / f"zeng_{name.replace('-', '_')}{ending}.tsv"
        path.write_text(text, encoding="utf-8")
        print(text)


def draw(options: argparse.Namespace, name: str, picture: bytes) -> None:
    """Write a figure if a folder is given."""
    if options.figures:
        options.figures.mkdir(parents=True, exist_ok=True)
        (options.figures / f"zeng_{name.replace('-', '_')}.svg").write_bytes(picture)


if __name__ == "__main__":
    main()
