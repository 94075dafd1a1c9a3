"""The order of alleles: which keys it reads, and that it is the order of a plain sort for every key."""

import csv
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.annotate.annotated_variants import top_variants
from varbind.annotate.info_reader import NUMBER_KEYS, DeclaredKeys
from varbind.annotate.rank import RankSettings, rank_vcf
from varbind.annotate.sort_order import SortOrder
from varbind.errors import UsageError

TRACKS = ("CONS_PHRED", "CONS_phyloP")
NUMBERS = tuple(dict.fromkeys((*NUMBER_KEYS, *TRACKS)))
DECLARED = (*NUMBERS, "GENE", "TSSDIST", "STATUS")
KEYS = (*NUMBERS, "TSSDIST", "binding")
TEXTS = {"GENE": "String", "STATUS": "String", "TSSDIST": "Integer"}
SPELLINGS = (str, str.lower, str.upper, lambda key: f"VARBIND_{key}", lambda key: f"varbind_{key.lower()}")
START = "##fileformat=VCFv4.3\n##contig=<ID=1,length=300000000>\n"

values = st.one_of(st.none(), st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]), st.floats(-1e6, 1e6, width=32))
distances = st.one_of(st.none(), st.integers(-3, 3), st.integers(-(10**8), 10**8))


def cell(name, value):
    """The text of a value, as an annotation has it."""
    if value is None:
        return "."
    return f"G|id|T|+|{value}|x" if name == "GENE" else str(value)


def annotated(folder, rows):
    """A file with the alleles of each record; an allele is a dictionary of values, None = missing."""
    lines = [START]
    lines += [
        f'##INFO=<ID=VARBIND_{name},Number=A,Type={TEXTS.get(name, "Float")},Description="x">\n' for name in DECLARED
    ]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    for pos, row in enumerate(rows, 1):
        cells = {name: [cell(name, allele[name]) for allele in row] for name in (*NUMBERS, "TSSDIST")}
        cells["GENE"] = [cell("GENE", allele["TSSDIST"]) for allele in row]
        cells["STATUS"] = ["ok"] * len(row)
        info = ";".join(f"VARBIND_{name}={','.join(texts)}" for name, texts in cells.items())
        lines.append(f"1\t{pos}\t.\tA\t{','.join('CGT'[: len(row)])}\t.\t.\t{info}\n")
    path = folder / "in.vcf"
    path.write_text("".join(lines))
    return path


def size(key, allele):
    """What a plain sort compares, by the words of the documentation; None where the value is missing."""
    if key == "binding":
        return max((allele[name] for name in ("LOSS_PHRED", "GAIN_PHRED") if allele[name] is not None), default=None)
    value = allele[key]
    if value is None:
        return None
    return {"ACTIVITY": abs(value), "TSSDIST": -abs(value)}.get(key, value)


def plain_sort(key, rows):
    """(POS, ALT) of each allele: largest first, ties in the order of the file, missing ones last."""
    listed = [(pos, "CGT"[place], allele) for pos, row in enumerate(rows, 1) for place, allele in enumerate(row)]
    present = [entry for entry in listed if size(key, entry[2]) is not None]
    present.sort(key=lambda entry: size(key, entry[2]), reverse=True)  # stable, also where it is reversed
    missing = [entry for entry in listed if size(key, entry[2]) is None]
    return [entry[:2] for entry in present + missing]


@st.composite
def records(draw, key):
    """The alleles of some records, with any values of a key, and other values of all others."""
    drawn = {"binding": ("LOSS_PHRED", "GAIN_PHRED")}.get(key, (key,))
    chosen = st.fixed_dictionaries({name: distances if name == "TSSDIST" else values for name in drawn})
    rows = draw(st.lists(st.lists(chosen, min_size=1, max_size=3), max_size=12))
    others = [name for name in (*NUMBERS, "TSSDIST") if name not in drawn]
    return [
        [{name: pos * place % 7 for place, name in enumerate(others, 1)} | allele for allele in row]
        for pos, row in enumerate(rows, 1)
    ]


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data(), spelling=st.sampled_from(SPELLINGS), top=st.integers(1, 20))
def test_every_key_sorts_as_a_plain_sort(tmp_path_factory, key, data, spelling, top):
    rows = data.draw(records(key))
    folder = tmp_path_factory.mktemp("order")
    path, by = annotated(folder, rows), spelling(key)
    expected = plain_sort(key, rows)
    counts = rank_vcf(path, folder / "out.tsv", settings=RankSettings(by=by))
    with (folder / "out.tsv").open(encoding="utf-8", newline="") as stream:
        found = [(int(row["pos"]), row["alt"]) for row in csv.DictReader(stream, delimiter="\t")]
    assert found == expected
    missing = sum(size(key, allele) is None for row in rows for allele in row)
    assert (counts.sortable, counts.unsortable) == (len(expected) - missing, missing)
    if rows:
        first = top_variants(path, top, by=by)
        assert [(variant.pos, variant.alt) for variant in first.variants] == expected[:top]
        assert (first.unsortable, first.order) == (missing, counts.order)


def declared(*names, prefix="VARBIND"):
    return DeclaredKeys(prefix, names)


@pytest.mark.parametrize(
    ("names", "found", "origin", "notice"),
    [
        (
            ("GAIN_PHRED", "PHRED", "CONS_PHRED"),
            ("CONS_PHRED",),
            "the default",
            "Sorted by VARBIND_CONS_PHRED, which adds conservation to VARBIND_PHRED; choose another key with --by.",
        ),
        (("GAIN_PHRED", "PHRED", "CONS_phred"), ("PHRED",), "the default", ""),
        (("GAIN_PHRED", "SCORE"), ("GAIN_PHRED",), "the default without VARBIND_PHRED", ""),
    ],
)
def test_the_default_depends_on_the_file(names, found, origin, notice):
    order = SortOrder.of(None, declared(*names), "in.vcf")
    assert (order.names, order.origin, order.notice) == (found, origin, notice)


def test_a_key_that_was_chosen_needs_no_notice():
    order = SortOrder.of("cons_phred", declared("CONS_PHRED", "PHRED"), "in.vcf")
    assert (order.names, order.origin, order.notice) == (("CONS_PHRED",), "--by cons_phred", "")


@pytest.mark.parametrize(
    ("by", "prefix", "found"),
    [
        ("score_cons", "SCORE", "SCORE_CONS"),
        ("SCORE_SCORE_CONS", "SCORE", "SCORE_CONS"),
        ("my.p_phred", "MY.P", "PHRED"),
        ("CONS_A", "VARBIND", "CONS_A"),
        ("CONS_a", "VARBIND", "CONS_a"),
        ("VARBIND_cons_A", "VARBIND", "CONS_a"),  # the first of two that differ in case alone
    ],
)
def test_names_of_keys(by, prefix, found):
    keys = declared("PHRED", "CONS_a", "CONS_A", "SCORE_CONS", prefix=prefix)
    assert SortOrder.of(by, keys, "in.vcf").names == (found,)


@pytest.mark.parametrize(
    ("by", "names", "message"),
    [
        (
            "SCORE",
            ("PHRED", "LOSS_PHRED", "TSSDIST", "STATUS"),
            (
                "in.vcf: cannot sort by 'SCORE': the header declares no such key of varbind with one number per "
                "allele; choose one of PHRED, LOSS_PHRED, binding with --by"
            ),
        ),
        (
            None,
            ("SCORE", "GENE", "TSSDIST"),
            "in.vcf: the header declares no PHRED to sort by; choose one of SCORE, TSSDIST with --by",
        ),
        (None, ("STATUS",), "in.vcf: the header declares no PHRED to sort by; run varbind annotate again"),
    ],
)
def test_what_the_file_does_not_have_is_refused_in_one_line(by, names, message):
    with pytest.raises(UsageError) as caught:
        SortOrder.of(by, declared(*names), "in.vcf")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("PHRED",), "P_PHRED"),
        (("ACTIVITY",), "the absolute value of P_ACTIVITY"),
        (("TSSDIST",), "P_TSSDIST, nearest first"),
        (("LOSS_PHRED", "GAIN_PHRED"), "the larger of P_LOSS_PHRED and P_GAIN_PHRED"),
    ],
)
def test_an_order_in_words(names, words):
    order = SortOrder(names)
    assert order.in_words("P_") == words
    assert order.in_words() == words.replace("P_", "")


def test_the_nearest_gene_gives_the_distance():
    keys = declared("PHRED", "GENE", "TSSDIST")
    genes = (("G", "id", "T", "+", "-7", "", ""), ("H", "id", "T", "+", "9", "", ""))
    read = SortOrder.of("TSSDIST", keys, "in.vcf").reader(keys)
    assert read(SimpleNamespace(genes=genes)) == -7
    assert read(SimpleNamespace(genes=())) != read(SimpleNamespace(genes=()))  # NaN
