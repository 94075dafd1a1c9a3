"""Bases of any stretch, and an index that is believed only where it fits."""

from pathlib import Path

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.io import reference as fasta
from varbind.io.reference import Reference, index_flaw

BASES = {"one": "ACGTNacgtnRYK" * 40, "two": "A", "three": "", "four": "GATTACA" * 30}


@pytest.fixture(scope="module", params=["plain", "bgzf"])
def reference(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("fasta") / "x.fa"
    wrapped = {name: "\n".join(bases[i : i + 61] for i in range(0, len(bases), 61)) for name, bases in BASES.items()}
    path.write_text("".join(f">{name} words\n{bases}\n" if bases else f">{name}\n" for name, bases in wrapped.items()))
    if request.param == "bgzf":
        pysam.tabix_compress(str(path), f"{path}.gz")
        path = Path(f"{path}.gz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fasta, "BGZF_BLOCK", 32)
        patch.setattr(fasta, "PLAIN_BLOCK", 32)
        with Reference(path) as found:
            yield found


@given(contig=st.sampled_from(["one", "two", "four"]), start=st.integers(-50, 600), length=st.integers(0, 300))
def test_any_stretch(reference, contig, start, length):
    padded = "N" * 50 + BASES[contig].upper() + "N" * 1_000
    assert reference.fetch(contig, start, start + length) == padded[start + 50 : start + 50 + length]


def test_lengths(reference):
    assert reference.contigs == {name: len(bases) for name, bases in BASES.items() if bases}


TEXT = b">a x\nACGT\nACGT\nAC\n>b\nACGT\n\n>c\n>d\nA\n>e\n"
INDEX = ["a\t10\t5\t4\t5", "b\t4\t21\t4\t5", "d\t1\t33\t1\t2"]


def read(start, end):
    return TEXT[start:end]


def test_an_index_that_fits():
    assert not index_flaw(INDEX, read)
    assert not index_flaw(INDEX[::-1], read)


@given(st.integers(0, 2), st.integers(1, 2), st.sampled_from([-2, -1, 1, 2]))
def test_an_index_that_does_not(row, column, change):
    words = INDEX[row].split("\t")
    words[column] = str(max(int(words[column]) + change, 0))
    changed = [*INDEX[:row], "\t".join(words), *INDEX[row + 1 :]]
    if changed != INDEX:
        assert index_flaw(changed, read)


@pytest.mark.parametrize("lines", [INDEX[:-1], INDEX[1:], ["x"], [*INDEX, "e\t1\t99\t1\t2"]])
def test_rows_too_few_or_too_many(lines):
    assert index_flaw(lines, read)
