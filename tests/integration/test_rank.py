"""`varbind rank`: the annotated example and small files as sorted tables."""

import csv
import gzip
import io
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from integration.runs import COLUMNS, LIMIT, PROGRAM, VCF, bgzip, call, snv, spawn, to_bcf
from pyarrow import parquet

FLOATS = ("SCORE", "SCORE_CONS", "PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND", "LOSS_PHRED", "GAIN_PHRED")
STRINGS = ("GENE", "BIND_LOSS", "BIND_GAIN", "STATUS", "FLAG", "EXPLAIN")
PARTS = [f"{side}_{part}" for side in ("loss", "gain") for part in ("family", "protein", "model", "delta", "z")]
RESTATED = [*PARTS, "sentence"]
PLACE = ["chrom", "pos", "id", "ref", "alt", "filter"]
GENE = ["symbol", "gene_id", "transcript_id", "strand", "tss_distance", "gene_tags"]


def header(*names, prefix="VARBIND"):
    """A header that declares keys."""
    keys = [
        f'##INFO=<ID={prefix}_{name},Number=A,Type={"String" if name in STRINGS else "Float"},Description="x">\n'
        for name in names
    ]
    return b"##fileformat=VCFv4.3\n##contig=<ID=chr1,length=16000>\n" + "".join(keys).encode() + COLUMNS + b"\n"


def record(pos, alt="C", name=".", prefix="VARBIND", **keys):
    """A record with keys of ours."""
    info = ";".join(f"{prefix}_{key}={value}" for key, value in keys.items()) or "."
    return f"chr1\t{pos}\t{name}\tA\t{alt}\t.\tPASS\t{info}\n".encode()


def ok(pos, **keys):
    return record(pos, STATUS="ok", **keys)


def table(data):
    """The rows of a TSV as dictionaries."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))


def ranked(source, *options):
    """Rows on standard output, and what the run said."""
    done = call("rank", source, *options)
    assert done.code == 0, done.err
    return table(done.out), done.err


def column(rows, name):
    return [row[name] for row in rows]


@pytest.fixture(scope="module")
def annotated(tmp_path_factory, expected):
    """The annotated example as a file."""
    path = tmp_path_factory.mktemp("rank") / "annotated.vcf"
    path.write_bytes(expected)
    return path


def test_the_example(annotated):
    rows, err = ranked(annotated)
    numbers = ["score", "phred", "activity", "activity_se", "deepfind", "loss_phred", "gain_phred"]
    expected_columns = [*PLACE, *GENE, "region", *numbers, "bind_loss", "bind_gain", "status", "flag"]
    assert list(rows[0]) == [*expected_columns, *RESTATED]
    phreds = [float(row["phred"]) for row in rows]
    assert phreds == sorted(phreds, reverse=True)
    assert set(column(rows, "status")) == {"ok"}
    # The genes of an allele stand beneath each other, nearest first.
    first = [row for row in rows if row["id"] == "neutral_1"]
    assert [(row["symbol"], row["strand"], row["tss_distance"]) for row in first] == [
        ("EXAMPLE1", "-", "248"),
        ("EXAMPLE2", "+", "-549"),
    ]
    assert err == (
        f"varbind: 33 records read, 35 alleles in 32 of them, {len(rows)} rows sorted by VARBIND_PHRED (the default); "
        "alleles left out: star 1, symbolic 1; 1 records without annotation\n"
    )


def test_all_alleles_of_the_example(annotated):
    scored, _ = ranked(annotated)
    rows, err = ranked(annotated, "--all")
    assert rows[: len(scored)] == scored
    assert sorted(column(rows[len(scored) :], "status")) == ["", "star", "symbolic"]
    assert {row["loss_phred"] for row in rows[len(scored) :]} == {""}
    assert "left out" not in err


@pytest.mark.parametrize("number", [1, 2, 7, 10_000])
def test_top_is_the_head_of_the_whole(annotated, number):
    whole, _ = ranked(annotated)
    rows, err = ranked(annotated, "--top", str(number))
    assert rows == whole[:number]
    assert ("beyond --top" in err) == (number < len(whole))


@pytest.mark.slow
def test_every_container_gives_the_same_bytes(annotated, tmp_path):
    plain = call("rank", annotated).out
    gz = tmp_path / "x.gz"
    gz.write_bytes(gzip.compress(annotated.read_bytes()))
    for path in (gz, bgzip(annotated, tmp_path / "x.vcf.gz"), to_bcf(annotated, tmp_path / "x.bcf")):
        assert call("rank", path).out == plain
        with path.open("rb") as stream:
            assert spawn("rank", "-", stdin=stream).out == plain


def test_values_are_those_that_bcftools_reads(annotated, bcftools):
    keys = "%CHROM\t%POS\t%ID\t%REF\t%ALT\t%FILTER\t%VARBIND_LOSS_PHRED\t%VARBIND_GAIN_PHRED\t%VARBIND_BIND_LOSS"
    split = subprocess.run([bcftools, "norm", "-m-", annotated], capture_output=True, check=True, timeout=LIMIT)
    query = [bcftools, "query", "-f", keys + "\t%VARBIND_STATUS\t%VARBIND_GENE\n", "-"]
    done = subprocess.run(query, input=split.stdout, capture_output=True, check=True, timeout=LIMIT)
    theirs = set()
    for line in done.stdout.decode().splitlines():
        *cells, status, genes = line.split("\t")
        if status == "ok":
            theirs |= {(*cells, *gene.split("|")) for gene in genes.split("&")}
    rows, _ = ranked(annotated)
    names = [*PLACE, "loss_phred", "gain_phred", "bind_loss", *GENE]
    assert len(theirs) == len(rows)
    assert {tuple(row[name] or "." for name in names) for row in rows} == {
        tuple(cell or "." for cell in r) for r in theirs
    }


def test_parquet_is_the_table_with_types(annotated, tmp_path):
    for options in ((), ("--all",), ("--top", "3")):
        path = tmp_path / "out.parquet"
        rows, _ = ranked(annotated, *options)
        assert call("rank", annotated, *options, "-o", path).code == 0
        found = parquet.read_table(path)
        floats = ["score", "phred", "activity", "activity_se", "deepfind", "loss_phred", "gain_phred"]
        floats += ["loss_delta", "loss_z", "gain_delta", "gain_z"]
        kinds = {"pos": "int64", "tss_distance": "int64", **dict.fromkeys(floats, "float")}
        assert {name: str(found.schema.field(name).type) for name in found.column_names} == {
            name: kinds.get(name, "string") for name in rows[0]
        }
        convert = {"int64": int, "float": np.float32, "string": str}
        for row, theirs in zip(rows, found.to_pylist(), strict=True):
            for name, cell in row.items():
                assert theirs[name] == (convert[kinds.get(name, "string")](cell) if cell else None)


def test_no_row_at_all(bench):
    source = bench.vcf(record(5, STATUS="outside"), header=header("STATUS", "PHRED"))
    done = call("rank", source)
    assert done.code == 0
    assert done.out.count(b"\n") == 1
    assert call("rank", source, "-o", bench.results / "x.parquet").code == 0
    assert parquet.read_table(bench.results / "x.parquet").num_rows == 0


def test_several_alleles_and_missing_values(bench):
    source = bench.vcf(
        record(10, "C,G,T", PHRED="3.5,.,20", STATUS="ok,ok,ok", BIND_LOSS="F|P|m|-1|-2,.,.", FLAG=".,padded,."),
        record(20, "C,<DEL>", PHRED="7,.", STATUS="ok,symbolic"),
        ok(30, PHRED="0"),
        ok(40, PHRED="-0.5"),
        record(50, "C,G", PHRED=".", STATUS="ok,ok"),
        header=header("PHRED", "BIND_LOSS", "STATUS", "FLAG"),
    )
    rows, err = ranked(source)
    assert [(row["pos"], row["alt"], row["phred"]) for row in rows] == [
        ("10", "T", "20"),
        ("20", "C", "7"),
        ("10", "C", "3.5"),
        ("30", "C", "0"),
        ("40", "C", "-0.5"),
        ("10", "G", ""),
        ("50", "C", ""),
        ("50", "G", ""),
    ]
    assert rows[2]["bind_loss"] == "F|P|m|-1|-2"
    assert column(rows, "flag").count("padded") == 1
    assert "alleles left out: symbolic 1" in err
    assert column(ranked(source, "--all")[0], "status") == ["ok"] * 8 + ["symbolic"]


def test_names_of_genes_are_decoded(bench):
    genes = "A%2CB%3B%7C%26|id%20x|tx%25|-|-7|a%3Db+c,D%09%0A||.|+|0|"
    source = bench.vcf(
        record(10, "C,G", PHRED="1,2", STATUS="ok,ok", GENE=genes), header=header("PHRED", "GENE", "STATUS")
    )
    rows, _ = ranked(source)
    assert [[row[name] for name in GENE] for row in rows] == [
        ["D%09%0A", "", ".", "+", "0", ""],
        ["A,B;|&", "id x", "tx%", "-", "-7", "a=b+c"],
    ]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        (None, "cabd"),
        ("phred", "cabd"),
        ("score", "bacd"),
        ("activity", "dbca"),
        ("loss_phred", "abcd"),
        ("gain_phred", "dabc"),
        ("binding", "dabc"),
    ],
)
def test_orders(bench, by, order):
    source = bench.vcf(
        record(1, name="a", STATUS="ok", PHRED=5, SCORE=".2", ACTIVITY=".1", LOSS_PHRED="9", GAIN_PHRED="1"),
        record(1, name="b", STATUS="ok", PHRED=5, SCORE=".3", ACTIVITY="-2", LOSS_PHRED="8", GAIN_PHRED="1"),
        record(1, name="c", STATUS="ok", PHRED=6, SCORE=".1", ACTIVITY="1", LOSS_PHRED="2", GAIN_PHRED="."),
        record(1, name="d", STATUS="ok", PHRED=4, ACTIVITY="-3", LOSS_PHRED="1", GAIN_PHRED="10"),
        header=header("STATUS", "PHRED", "SCORE", "ACTIVITY", "LOSS_PHRED", "GAIN_PHRED"),
    )
    rows, err = ranked(source, *(["--by", by] if by else []))
    assert "".join(column(rows, "id")) == order
    words = {
        None: "VARBIND_PHRED (the default)",
        "activity": "the absolute value of VARBIND_ACTIVITY (--by activity)",
        "binding": "the larger of VARBIND_LOSS_PHRED and VARBIND_GAIN_PHRED (--by binding)",
    }
    chosen = words.get(by, f"VARBIND_{by.upper()} (--by {by})" if by else "")
    missing = {"score", "gain_phred"} & {by}
    last = f"; 1 scored alleles without VARBIND_{by.upper()} come last" if missing else ""
    assert f" 4 rows sorted by {chosen}{last}\n" in err


NOTICE = (
    "varbind: Sorted by VARBIND_CONS_PHRED, which adds conservation to VARBIND_PHRED; choose another key with --by.\n"
)


@pytest.fixture
def conserved(bench):
    """Alleles that CONS_PHRED sorts in another order than PHRED; one has no CONS_PHRED, two have the same one."""
    return bench.vcf(
        record(1, name="a", STATUS="ok", PHRED="9", CONS_PHRED="1.5", CONS_phyloP="-4"),
        record(2, "C,<DEL>", name="b", STATUS="ok,symbolic", PHRED="8,.", CONS_PHRED=".,.", CONS_phyloP=".,9"),
        record(3, "C,G", name="c", STATUS="ok,ok", PHRED="1,2", CONS_PHRED="12,12", CONS_phyloP="3,3"),
        record(4, name="d", STATUS="ok", PHRED="3", CONS_PHRED="30", CONS_phyloP="2"),
        header=header("STATUS", "PHRED", "CONS_PHRED", "CONS_phyloP"),
    )


def test_conservation_decides_where_the_file_has_it_and_the_log_says_so(conserved):
    rows, err = ranked(conserved)
    assert [(row["id"], row["alt"]) for row in rows] == [("d", "C"), ("c", "C"), ("c", "G"), ("a", "C"), ("b", "C")]
    assert column(rows, "cons_phred") == ["30", "12", "12", "1.5", ""]
    assert err == NOTICE + (
        "varbind: 4 records read, 6 alleles in 4 of them, 5 rows sorted by VARBIND_CONS_PHRED (the default); 1 scored "
        "alleles without VARBIND_CONS_PHRED come last; alleles left out: symbolic 1\n"
    )
    assert call("rank", conserved, "-q").err == ""
    assert column(ranked(conserved, "--all")[0], "id") == ["d", "c", "c", "a", "b", "b"]
    for top in range(1, 6):
        assert ranked(conserved, "--top", str(top))[0] == rows[:top]


@pytest.mark.parametrize("by", ["phred", "VARBIND_PHRED", "Cons_PhyloP", "varbind_cons_phred"])
def test_a_key_that_is_chosen_replaces_the_default(conserved, by):
    rows, err = ranked(conserved, "--by", by)
    order = {"p": "abdcc", "v": "abdcc", "c": "ccdab"}[by[0].lower()]
    assert "".join(column(rows, "id")) == ("dccab" if by.endswith("cons_phred") else order)
    assert "Sorted by" not in err
    assert f" (--by {by})" in err


def test_show_lists_in_the_same_order(conserved):
    for options in ((), ("--by", "phred"), ("--by", "CONS_phyloP")):
        done = call("show", conserved, *options)
        assert done.code == 0, done.err
        listed = [line.split()[0] for line in done.out.decode().splitlines()[1:6]]
        assert listed == column(ranked(conserved, *options)[0], "id")
        assert done.err == ("" if options else NOTICE)
        key = options[1].removeprefix("VARBIND_") if options else "CONS_PHRED"
        assert f"5 of 5 scored alleles, sorted by {key.replace('phred', 'PHRED')}." in done.out.decode()
    assert "1 without CONS_phyloP come last." in " ".join(done.out.decode().split())
    assert call("show", conserved, "-q").err == ""


def test_a_bcf_is_sorted_in_the_same_order(conserved, tmp_path):
    binary = to_bcf(conserved, tmp_path / "x.bcf")
    assert call("rank", binary).out == call("rank", conserved).out
    assert call("show", binary).out == call("show", conserved).out


def test_without_phred_the_log_names_the_other_default(bench):
    source = bench.vcf(ok(1, LOSS_PHRED="1"), header=header("STATUS", "LOSS_PHRED"))
    assert " 1 rows sorted by VARBIND_LOSS_PHRED (the default without VARBIND_PHRED)\n" in ranked(source)[1]


def test_columns_stand_in_their_order(bench):
    names = ("FLAG", "CONS_b", "GAIN_PHRED", "CONS_PhyloP", *reversed(FLOATS), "STATUS", "TSSDIST", "OTHER")
    source = bench.vcf(ok(1, CONS_PhyloP="-1.5", CONS_b=".", SCORE="0.1234567", ACTIVITY_SE="1e-20"),
                       header=header(*names))  # fmt: skip
    rows, _ = ranked(source)
    numbers = [name.lower() for name in FLOATS]
    ends = ["bind_loss", "bind_gain", "cons_b", "cons_phylop", "status", "flag"]
    assert list(rows[0]) == [*PLACE, *GENE, *numbers, *ends, *RESTATED]
    assert (rows[0]["cons_phylop"], rows[0]["cons_b"], rows[0]["activity_se"]) == ("-1.5", "", "1e-20")
    # Single precision, and as many digits as it takes to give it back.
    assert rows[0]["score"] == "0.1234567"


def test_tracks_that_differ_in_case_only(bench):
    source = bench.vcf(ok(1, CONS_a="1", CONS_A="2", PHRED="1"), header=header("STATUS", "PHRED", "CONS_a", "CONS_A"))
    rows, _ = ranked(source)
    assert (rows[0]["cons_a"], rows[0]["cons_A"]) == ("1", "2")


def test_another_prefix(bench):
    source = bench.vcf(
        record(1, prefix="MY.P", STATUS="ok", PHRED="1"), header=header("STATUS", "PHRED", prefix="MY.P")
    )
    assert len(ranked(source, "--prefix", "MY.P")[0]) == 1
    error = call("rank", source)
    assert error.code == 3
    assert error.error.endswith("the header declares no VARBIND_ key; run varbind annotate first")
    assert call("rank", source, "--prefix", "MY").code == 3


def test_where_status_was_taken_out_a_number_tells(bench):
    source = bench.vcf(record(1, PHRED="1"), record(2, PHRED="."), record(3), record(4, "."), header=header("PHRED"))
    rows, err = ranked(source)
    assert column(rows, "pos") == ["1"]
    assert (
        "1 rows sorted by VARBIND_PHRED (the default); alleles left out: no value 1; 2 records without annotation\n"
        in err
    )
    rows, err = ranked(source, "--all")
    assert column(rows, "pos") == ["1", "2", "3"]
    assert "3 rows sorted by VARBIND_PHRED (the default); 1 records without an alternate allele\n" in err


def test_nothing_to_sort_by_is_said(bench):
    source = bench.vcf(ok(2, PHRED="."), ok(1, FLAG="padded"), header=header("STATUS", "PHRED", "FLAG"))
    rows, err = ranked(source)
    assert column(rows, "pos") == ["2", "1"]
    assert "no allele has a value to sort by" in err


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_line_ends_and_odd_bytes(bench, end):
    text = record(1, name="café", PHRED="1", STATUS="ok", FLAG="padded")
    data = header("STATUS", "PHRED", "FLAG") + b"\n" + text
    data = data.replace("é".encode(), b"\xe9").replace(b"\n", end)
    rows, _ = ranked(bench.file("in.vcf", data))
    assert (rows[0]["id"], rows[0]["flag"]) == (r"caf\xe9", "padded")


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (record(2, "C,G", PHRED="1,2,3", STATUS="ok,ok"), "VARBIND_PHRED has 3 values, expected 2, one an ALT"),
        (record(2, "C,G", PHRED="1", STATUS="ok,ok"), "VARBIND_PHRED has 1 values, expected 2"),
        (ok(2, PHRED="x"), "VARBIND_PHRED is 'x', expected numbers"),
        (ok(2, GENE="A|B|C|+|1"), "VARBIND_GENE holds 'A|B|C|+|1', expected SYMBOL|GENE_ID"),
        (ok(2, GENE="A|B|C|+|one|"), "VARBIND_GENE holds"),
        (ok(2, BIND_LOSS="F|P|m|-1"), "VARBIND_BIND_LOSS holds 'F|P|m|-1', expected FAMILY|PROTEIN|model_id|delta|z"),
        (ok(2, BIND_GAIN="F|P|m|1|x&F|P|m|1|2"), "VARBIND_BIND_GAIN holds"),
        (ok(2, BIND_GAIN="F|P|m|1.2.3|2"), "VARBIND_BIND_GAIN holds"),
        (b"chr1\t2\t.\tA\n", "4 columns, expected 8"),
        (record("x", PHRED="1"), "POS is 'x'"),
    ],
)
def test_broken_lines_are_named(bench, broken, what):
    names = ("STATUS", "PHRED", "GENE", "BIND_LOSS", "BIND_GAIN")
    source = bench.vcf(ok(1, PHRED="1"), broken, header=header(*names))
    out = bench.results / "out.tsv"
    out.write_bytes(b"old\n")
    done = call("rank", source, "-o", out)
    assert done.code == 3
    place = f"{source}:{len(header(*names).splitlines()) + 2}"
    assert done.error.startswith(f"varbind: error: {place}: {what}")
    assert [path.name for path in bench.results.iterdir()] == ["out.tsv"]
    assert out.read_bytes() == b"old\n"


def test_refusals(bench, annotated):
    plain = call("rank", VCF)
    assert plain.code == 3
    assert plain.error.endswith("run varbind annotate first")
    same = bench.folder / "same.tsv"
    shutil.copyfile(annotated, same)
    for name, code, what in [
        (same, 2, "the output is the input"),
        (bench.results / "x.xlsx", 2, "name it .tsv, .tsv.gz, .csv, .csv.gz or .parquet"),
        (bench.results / "no" / "x.tsv", 5, "the folder does not exist"),
        (bench.results, 5, "is a directory"),
    ]:
        done = call("rank", same, "-o", name)
        assert done.code == code
        assert what in done.error
    assert same.read_bytes() == annotated.read_bytes()
    by = call("rank", annotated, "--by", "score_cons", "-o", bench.results / "x.tsv")
    assert by.code == 2
    assert by.error.endswith(
        "annotated.vcf: cannot sort by 'score_cons': the header declares no such key of varbind with one number per "
        "allele; choose one of SCORE, PHRED, ACTIVITY, ACTIVITY_SE, DEEPFIND, LOSS_PHRED, GAIN_PHRED, TSSDIST, binding "
        "with --by"
    )
    for key in ("nonsense", "", "STATUS", "BIND_LOSS", "PHRED,SCORE", "VARBIND_", "MINE_PHRED"):
        by = call("rank", annotated, "--by", key, "-o", bench.results / "x.tsv")
        assert (by.code, f"cannot sort by {key!r}: " in by.error) == (2, True)
        shown = call("show", annotated, "--by", key)
        assert (shown.code, shown.out, shown.error) == (2, b"", by.error)
    described = call("show", annotated, "chr1:1", "--by", "PHRED")
    assert (described.code, "--by sorts the table, and chr1:1 asks for a description" in described.error) == (2, True)
    assert call("rank", annotated, "--top", "0").code == 2
    assert call("rank", bench.folder / "missing.vcf", "-o", bench.results / "x.tsv").code == 3
    assert list(bench.results.iterdir()) == []


def test_without_pyarrow_parquet_is_refused_and_tsv_is_the_same(annotated, bench):
    program = "import sys; sys.modules['pyarrow'] = None; from varbind.cli.main import run; run()"
    command = [sys.executable, "-c", program, "rank", str(annotated), "-o"]
    done = subprocess.run([*command, str(bench.results / "x.parquet")], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert b"pip install 'varbind[tables]'" in done.stderr
    subprocess.run([*command, str(bench.results / "x.tsv")], capture_output=True, timeout=LIMIT, check=True)
    assert (bench.results / "x.tsv").read_bytes() == call("rank", annotated).out
    assert [path.name for path in bench.results.iterdir()] == ["x.tsv"]


def test_outputs(annotated, bench):
    plain = call("rank", annotated).out
    for name in ("x.tsv", "x.tsv.gz", "x"):
        path = bench.results / name
        path.write_bytes(b"old")
        assert call("rank", annotated, "-o", path).out == b""
        data = path.read_bytes()
        assert (gzip.decompress(data) if name.endswith("gz") else data) == plain
    assert spawn("rank", annotated, "-o", "-").out == plain
    assert spawn("rank", annotated, "-o", "/dev/stdout").out == plain
    assert sorted(path.name for path in bench.results.iterdir()) == ["x", "x.tsv", "x.tsv.gz"]


def test_a_full_device(annotated):
    if not os.path.exists("/dev/full"):  # noqa: PTH110 (a device)
        pytest.skip("needs /dev/full")
    done = call("rank", annotated, "-o", "/dev/full")
    assert done.code == 5
    assert "No space left" in done.error


def test_a_closed_pipe_is_silent(annotated, bench):
    lines = annotated.read_bytes().splitlines(keepends=True)
    many = [line for line in lines if not line.startswith(b"#")] * 100
    source = bench.file("many.vcf", b"".join([line for line in lines if line.startswith(b"#")] + many))
    with subprocess.Popen([*PROGRAM, "rank", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(LIMIT) == 141


def test_quiet(annotated):
    assert call("rank", annotated, "-q").err == ""


TRANSCRIPT = (
    'chr1\ts\ttranscript\t3001\t6000\t.\t+\t.\tgene_id "G"; transcript_id "T"; transcript_type "protein_coding";\n'
    'chr1\ts\texon\t3001\t3100\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    'chr1\ts\texon\t3301\t6000\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    'chr1\ts\tCDS\t3050\t3100\t.\t+\t0\tgene_id "G"; transcript_id "T";\n'
)


def test_coding_sequences_and_splice_sites_are_left_out_and_counted(bench):
    genes = bench.file("genes.gtf", TRANSCRIPT.encode())
    regions = {2_900: "upstream", 3_010: "UTR5", 3_060: "CDS", 3_101: "splice", 3_150: "intron", 3_299: "splice"}
    done = bench.annotate(bench.vcf(*(snv("chr1", pos) for pos in regions)), genes=genes)
    assert done.code == 0, done.err
    rows, err = ranked(bench.results / "out.vcf")
    assert {int(row["pos"]): row["region"] for row in rows} == {
        pos: region for pos, region in regions.items() if region not in {"CDS", "splice"}
    }
    assert "; 3 rows of coding sequences and splice sites left out" in err
    rows, err = ranked(bench.results / "out.vcf", "--coding")
    assert {int(row["pos"]): row["region"] for row in rows} == regions
    assert "left out" not in err


def test_regions_that_do_not_fit_their_genes_are_refused(bench):
    genes = bench.file("genes.gtf", TRANSCRIPT.encode())
    assert bench.annotate(bench.vcf(snv("chr1", 2_900)), genes=genes).code == 0
    path = bench.results / "out.vcf"
    path.write_bytes(path.read_bytes().replace(b"VARBIND_REGION=upstream", b"VARBIND_REGION=upstream&CDS"))
    done = call("rank", path)
    assert done.code == 3
    assert "VARBIND_REGION is 'upstream&CDS', expected one entry for each of 1 genes" in done.error


FURTHER = (
    b'##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=AC,Number=A,Type=Integer,Description="x">\n'
    b'##INFO=<ID=AD,Number=R,Type=Integer,Description="x">\n##INFO=<ID=DB,Number=0,Type=Flag,Description="x">\n'
    b'##INFO=<ID=POS,Number=1,Type=String,Description="x">\n##INFO=<ID=CSQ,Number=.,Type=String,Description="x">\n'
    b'##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">\n'
)


@pytest.fixture
def cohort(bench):
    """Two alleles in one record, one in another, and a record without genotypes, for a child and its parents."""
    names = ("STATUS", "PHRED", "ACTIVITY", "BIND_LOSS", "BIND_GAIN", "GENE", "EXPLAIN")
    declared, columns = header(*names).removesuffix(b"\n").rsplit(b"\n", 1)
    start = declared + b"\n" + FURTHER + columns + b"\tFORMAT\tchild\tmother\tfather\n"
    change = "Ets-related|ELK4|ELK4|-1.5|-4.25&B|C|D|-1|-2"
    first = record(
        10, "C,G", PHRED="3,9", STATUS="ok,ok", ACTIVITY="0.5,-0.25", BIND_LOSS=f"{change},.",
        BIND_GAIN=".,F%2CG|P%7C|m|0.5|1e+20", GENE="MYC|g|t|+|-78|,.", EXPLAIN="ELK4|0.5&m|-0.1,.",
    )  # fmt: skip
    last = record(20, PHRED="5", STATUS="ok"), record(30, PHRED="4", STATUS="ok")
    added = (
        (first, b"AF=0.25,1e-05;AC=3,1;AD=9,8,7;DB;POS=x;CSQ=a,b|c", b"GT:DP\t0|1:3\t0/0:2\t1/2"),
        (last[0], b"AF=.;AD=1,2", b"GT\t1/1\t./1\t./."),
        (last[1], b"AF=0.5", b"DP\t1\t2\t3"),
    )
    lines = [line.removesuffix(b"\n") + b";" + info + b"\t" + more + b"\n" for line, info, more in added]
    return bench.file("cohort.vcf", start + b"".join(lines))


def test_other_info_fields_are_columns(cohort, bench):
    rows, err = ranked(cohort, "--info", "AF,AC,AD,DB,POS,CSQ")
    assert list(rows[0])[-7:] == ["explain", "AF", "AC", "AD", "DB", "INFO_POS", "CSQ"]
    assert [list(row.values())[-6:] for row in rows] == [
        ["1e-05", "1", "7", "true", "x", "a,b|c"],
        ["", "", "2", "false", "", ""],
        ["0.5", "", "", "false", "", ""],
        ["0.25", "3", "8", "true", "x", "a,b|c"],
    ]
    assert "no allele of the table has" not in err
    path = bench.results / "x.parquet"
    assert call("rank", cohort, "--info", "AF,AC,AD,DB,POS,CSQ", "-o", path).code == 0
    found = parquet.read_table(path)
    kinds = {name: str(found.schema.field(name).type) for name in found.column_names[-6:]}
    assert kinds == {
        "AF": "double", "AC": "int64", "AD": "int64", "DB": "bool", "INFO_POS": "string", "CSQ": "string"
    }  # fmt: skip
    assert found.to_pydict()["DB"] == [True, False, False, True]
    tiny = bench.file("tiny.vcf", cohort.read_bytes().replace(b"AF=0.5", b"AF=1e-300"))
    assert "1e-300" in column(ranked(tiny, "--info", "AF")[0], "AF")


def test_carriers_and_genotypes(cohort):
    names = ["carriers", "n_het", "n_hom", "genotypes"]
    rows, err = ranked(cohort, "--samples")
    assert list(rows[0])[-4:] == names
    assert [[row[name] for name in names] for row in rows] == [
        ["father", "1", "0", "father=1/2"],
        ["child;mother", "1", "1", "child=1/1;mother=./1"],
        ["", "", "", ""],
        ["child;father", "2", "0", "child=0|1;father=1/2"],
    ]
    assert "cohort.vcf: 1 records have no GT in FORMAT; their carriers and genotypes are empty\n" in err
    rows, _ = ranked(cohort, "--samples", "mother,child", "--info", "AF")
    assert list(rows[0])[-5:] == ["AF", *names]
    assert [row["genotypes"] for row in rows] == [
        "mother=0/0;child=0|1", "mother=./1;child=1/1", "", "mother=0/0;child=0|1"
    ]  # fmt: skip
    assert column(rows, "carriers") == ["", "mother;child", "", "child"]


def test_every_container_gives_the_same_carriers(cohort, tmp_path):
    options = ("--samples", "--info", "AF,AC,DB,CSQ")
    plain = call("rank", *options, cohort).out
    assert plain.count(b"\n") == 5
    for path in (bgzip(cohort, tmp_path / "x.vcf.gz"), to_bcf(cohort, tmp_path / "x.bcf")):
        assert call("rank", *options, path).out == plain


def test_the_strongest_changes_have_columns_of_their_own(cohort):
    rows, _ = ranked(cohort)
    first, second = rows[0], rows[3]
    assert [second[name] for name in PARTS] == ["Ets-related", "ELK4", "ELK4", "-1.5", "-4.25", *[""] * 5]
    assert [first[name] for name in PARTS] == [*[""] * 5, "F,G", "P|", "m", "0.5", "1e+20"]
    assert second["sentence"] == (
        "The allele lies 78 bases upstream of the transcription start of MYC. The strongest loss of binding is that of "
        "ELK4 (family Ets-related, z = -4.2); no gain is listed. Promoter activity is predicted to rise "
        "(log2 change +0.5)."
    )
    assert (first["explain"], second["explain"]) == ("", "ELK4|0.5&m|-0.1")


def test_csv_and_tsv_hold_the_same(cohort, bench):
    options = ("--samples", "--info", "AF,CSQ")
    expected, _ = ranked(cohort, *options)
    for name in ("x.csv", "x.csv.gz"):
        path = bench.results / name
        assert call("rank", cohort, *options, "-o", path).code == 0
        data = path.read_bytes()
        text = (gzip.decompress(data) if name.endswith("gz") else data).decode()
        assert list(csv.DictReader(io.StringIO(text, newline=""))) == expected
        assert '"a,b|c"' in text


def test_fields_and_samples_that_are_not_in_the_file(cohort, bench):
    out = bench.results / "x.tsv"
    for options, what in (
        (
            ("--info", "AFF"),
            "the header declares no INFO key 'AFF'; choose among the INFO keys of the header, such as",
        ),
        (("--samples", "uncle"), "the file has no sample 'uncle'; choose among child, mother, father"),
    ):
        done = call("rank", cohort, *options, "-o", out)
        assert done.code == 2
        assert done.error.startswith(f"varbind: error: {cohort}: {what}")
    assert list(bench.results.iterdir()) == []
    _, err = ranked(cohort, "--info", "AC", "--by", "phred", "--top", "1")
    assert "has a value of" not in err
    source = bench.file("none.vcf", cohort.read_bytes().replace(b"AC=3,1", b"XX=3,1"))
    _, err = ranked(source, "--info", "AC")
    assert "none.vcf: no allele of the table has a value of AC\n" in err


def test_fields_and_genotypes_that_are_broken_are_named(cohort, bench):
    for old, new, options, what in (
        (b"AF=0.25,1e-05", b"AF=0.25", ("--info", "AF"), "AF has 1 values, expected 2, as the header has Number=A"),
        (b"AC=3,1", b"AC=3,x", ("--info", "AC"), "AC is 'x', expected a whole number"),
        (b"0|1:3", b"0|3:3", ("--samples",), "sample child has the genotype '0|3', expected numbers of alleles from"),
    ):
        source = bench.file("broken.vcf", cohort.read_bytes().replace(old, new))
        done = call("rank", source, *options)
        line = next(number for number, line in enumerate(source.read_bytes().splitlines(), 1) if new in line)
        assert done.code == 3
        assert done.error.startswith(f"varbind: error: {source}:{line}: {what}")
        assert call("rank", source).code == 0


def test_explained_models_are_a_column(bench):
    done = bench.annotate(bench.vcf(snv("chr1", 2_900)), "--explain", "2")
    assert done.code == 0, done.err
    rows, _ = ranked(bench.results / "out.vcf")
    entries = rows[0]["explain"].split("&")
    assert list(rows[0])[-1] == "explain"
    assert len(entries) == 2
    assert (
        b'EXPLAIN,Number=A,Type=String,Description="The 2 largest contributions'
        in (bench.results / "out.vcf").read_bytes()
    )
