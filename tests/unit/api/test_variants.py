"""Variants on a reference that is given by its path."""

import os

import pytest

from varbind.api.variants import normalise, opened_reference, score_variants
from varbind.core.variant import Variant
from varbind.errors import InputError, ResourceError
from varbind.io.reference import Reference


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGTTGCAAC" * 30 + "\n")
    return path


def test_a_fasta_is_opened_once_and_again_when_it_changes(genome, monkeypatch):
    opened = []
    monkeypatch.setattr("varbind.api.variants.Reference", lambda path: opened.append(path) or Reference(path))
    for _ in range(3):
        assert normalise("1", 150, "C", "A", genome) == Variant("chr1", 150, "C", "A")
    assert len(opened) == 1
    genome.write_text(">chr1\n" + "A" * 310 + "\n")
    with pytest.raises(InputError, match="ref_mismatch"):
        normalise("1", 150, "C", "A", genome)
    assert len(opened) == 2


def test_a_fasta_given_by_its_path_is_closed(genome):
    with opened_reference(genome) as reference:
        assert reference.fetch("chr1", 0, 4) == "ACGT"
    assert not reference._fasta.is_open()


def test_a_missing_fasta_names_its_path(tmp_path, tiny_bank):
    path = tmp_path / "none.fa"
    for call in (lambda: normalise("1", 1, "A", "C", path), lambda: score_variants([], os.fspath(path), tiny_bank)):
        with pytest.raises(ResourceError, match=r"none.fa: the reference cannot be read"):
            call()
