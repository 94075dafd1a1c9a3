"""Rows in order, and what is kept of them."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate import rank, sorted_rows
from varbind.annotate.info_fields import AlleleAnnotation, header_lines, info_text
from varbind.annotate.rank import RankSettings, rank_vcf
from varbind.core.tss import GeneHit, TranscriptionStart
from varbind.core.variant import Status
from varbind.errors import InputError, UsageError

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
START = "##fileformat=VCFv4.3\n"
PHRED = '##INFO=<ID=VARBIND_{},Number=A,Type=Float,Description="x">\n'
single = st.floats(width=32, allow_nan=False)


def written(folder, values, *names):
    """An annotated file with numbers; None = missing."""
    lines = [START, *(PHRED.format(name) for name in (*names, "STATUS")), COLUMNS]
    for pos, row in enumerate(values, 1):
        cells = ["." if value is None else str(np.float32(value)) for value in row]
        info = ";".join(f"VARBIND_{name}={cell}" for name, cell in zip(names, cells, strict=True))
        lines.append(f"1\t{pos}\t.\tA\tC\t.\t.\t{info};VARBIND_STATUS=ok\n")
    path = folder / "in.vcf"
    path.write_text("".join(lines))
    return path


def read(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@given(
    values=st.lists(st.one_of(st.none(), single, st.sampled_from([0.0, 1.0, 2.0]))),
    order=st.sampled_from(["phred", "activity"]),
)
def test_descending_stable_and_missing_last(tmp_path_factory, values, order):
    folder = tmp_path_factory.mktemp("rank")
    rank_vcf(
        written(folder, [[value] for value in values], order.upper()),
        folder / "out.tsv",
        settings=RankSettings(by=order),
    )
    size = abs if order == "activity" else float
    present = [place for place, value in enumerate(values) if value is not None]
    # Python's sort is stable, also where it is reversed.
    expected = sorted(present, key=lambda place: size(values[place]), reverse=True)
    expected += [place for place, value in enumerate(values) if value is None]
    rows = read(folder / "out.tsv")
    assert [int(row["pos"]) - 1 for row in rows] == expected
    # The text gives the very number back.
    for place, row in zip(expected, rows, strict=True):
        assert row[order] == "" if values[place] is None else np.float32(row[order]) == np.float32(values[place])


@given(
    values=st.lists(st.sampled_from([None, 1.0, 2.0, 3.0, 4.0]), max_size=60),
    top=st.integers(1, 70),
    slack=st.integers(1, 5),
)
def test_forgetting_rows_on_the_way_changes_nothing(tmp_path_factory, values, top, slack):
    folder = tmp_path_factory.mktemp("rank")
    source = written(folder, [[value, value] for value in values], "PHRED", "SCORE")
    rank_vcf(source, folder / "whole.tsv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_rows, "_ROWS_AT_ONCE", slack)
        patch.setattr(rank, "_ROWS_AT_ONCE", slack)
        counts = rank_vcf(source, folder / "top.tsv", settings=RankSettings(top=top))
    assert read(folder / "top.tsv") == read(folder / "whole.tsv")[:top]
    assert (counts.rows, counts.cut) == (min(top, len(values)), max(len(values) - top, 0))


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="%"), min_size=1), min_size=4))
def test_genes_come_back_as_annotate_had_them(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("rank")
    symbol, gene, transcript, *tags = [f"{name} %;=,|&" for name in names]
    start = TranscriptionStart("1", 7, "-", symbol, gene, transcript, tuple(tags))
    allele = AlleleAnnotation(Status.OK, genes=(GeneHit(start, -3), GeneHit(start, 5)))
    info = info_text([allele, AlleleAnnotation(Status.OUTSIDE), allele], "VARBIND")
    lines = "".join(f"{line}\n" for line in header_lines("VARBIND", "1", [], genes=True))
    (folder / "in.vcf").write_text(f"{START}{lines}{COLUMNS}1\t9\t.\tA\tC,G,T\t.\t.\t{info}\n", encoding="utf-8")
    counts = rank_vcf(folder / "in.vcf", folder / "out.tsv")
    assert (counts.alleles, counts.rows, dict(counts.left_out)) == (3, 4, {"outside": 1})
    columns = ("symbol", "gene_id", "transcript_id", "strand", "gene_tags", "tss_distance")
    same = (symbol, gene, transcript, "-", "+".join(tags))
    assert [tuple(row[name] for name in columns) for row in read(folder / "out.tsv")] == [
        (*same, "-3"),
        (*same, "5"),
    ] * 2


def test_whole_blocks_and_single_records_agree(tmp_path):
    source = written(tmp_path, [[value] for value in (3, 1, None, 2)], "PHRED")
    text = source.read_text().replace(COLUMNS, COLUMNS + "1\t1\tVARBIND_\tA\tC\t.\t.\tDP=1\n1\t1\t.\tA\t.\t.\t.\t.\n")
    (tmp_path / "block.vcf").write_text(text)
    (tmp_path / "blank.vcf").write_text(text + "\n")  # each line is looked at
    tallies = [rank_vcf(tmp_path / f"{name}.vcf", tmp_path / f"{name}.tsv") for name in ("block", "blank")]
    assert (tmp_path / "block.tsv").read_bytes() == (tmp_path / "blank.tsv").read_bytes()
    assert [(one.records, one.alleles, one.rows, one.sortable) for one in tallies] == [(6, 4, 4, 3)] * 2
    assert [one.unannotated + one.without_alt for one in tallies] == [2, 2]


def test_progress_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(rank, "_RECORDS_BETWEEN_REPORTS", 1)
    seen = []
    rank_vcf(written(tmp_path, [[1]] * 3, "PHRED"), tmp_path / "x.tsv", progress=lambda *now: seen.append(now))
    assert seen[-1][0] == 3


def test_refusals_leave_nothing(tmp_path):
    (tmp_path / "plain.vcf").write_text(f"{START}{COLUMNS}")
    source = written(tmp_path, [[1]], "DEEPFIND")
    out = tmp_path / "out.tsv"
    with pytest.raises(InputError, match="run varbind annotate first"):
        rank_vcf(tmp_path / "plain.vcf", out)
    with pytest.raises(UsageError, match=r"no PHRED to sort by; choose one of DEEPFIND with --by"):
        rank_vcf(source, out)
    with pytest.raises(UsageError, match=r"cannot sort by 'z': the header declares no such key .*; choose one of DEEP"):
        rank_vcf(source, out, settings=RankSettings(by="z"))
    assert rank_vcf(source, out, settings=RankSettings(by="deepfind")).rows == 1
    with pytest.raises(UsageError, match="the output is the input"):
        rank_vcf(source, source)
    with pytest.raises(UsageError, match="the output is the input"):
        rank_vcf(source, out, settings=RankSettings(by="deepfind", inputs=(str(out),)))
    for settings, what in (
        (RankSettings(by="deepfind", info=("AF",)), "no INFO key 'AF'"),
        (RankSettings(by="deepfind", samples=()), "no samples"),
    ):
        with pytest.raises(UsageError, match=what):
            rank_vcf(source, out, settings=settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.vcf", "out.tsv", "plain.vcf"]
