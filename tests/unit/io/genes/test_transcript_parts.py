"""Exons and coding sequence of the transcript that names a gene, in every format that has them."""

import pytest

from varbind.core.transcript import Transcript
from varbind.core.tss import TranscriptionStart
from varbind.errors import ResourceError
from varbind.io.genes.gene_table import read_genes
from varbind.io.genes.preferred import preferred_starts

EXONS = ((100, 150), (200, 260), (400, 450))
CODING = (120, 410)


def gtf_line(kind, first, last, transcript="T1", *tags, gene="G", strand="+", biotype="protein_coding"):
    names = [f'gene_id "{gene}"', *([f'transcript_id "{transcript}"'] if transcript else [])]
    names += [f'transcript_type "{biotype}"'] * (kind == "transcript") + [f'tag "{tag}"' for tag in tags]
    return "\t".join(["1", "s", kind, str(first + 1), str(last), ".", strand, ".", "; ".join(names)]) + "\n"


def gtf(strand="+", *, with_transcript=True):
    """The coding sequence without its stop codon, as GTF has it."""
    stop = (407, 410) if strand == "+" else (120, 123)
    coding = [(120, 150), (200, 260), (400, 407)] if strand == "+" else [(123, 150), (200, 260), (400, 410)]
    lines = [gtf_line("transcript", 100, 450, strand=strand)] if with_transcript else []
    lines += [gtf_line("exon", *span, strand=strand) for span in EXONS]
    lines += [gtf_line("CDS", *span, strand=strand) for span in coding] + [gtf_line("stop_codon", *stop, strand=strand)]
    return "".join(lines)


def gff3(strand="+"):
    def line(kind, first, last, attributes):
        return "\t".join(["1", "s", kind, str(first + 1), str(last), ".", strand, ".", attributes]) + "\n"

    return (
        line("gene", 100, 450, "ID=gene:G;Name=G;biotype=protein_coding")
        + line("mRNA", 100, 450, "ID=transcript:T1;Parent=gene:G")
        + "".join(line("exon", *span, "Parent=transcript:T1") for span in EXONS)
        + "".join(line("CDS", *span, "ID=c;Parent=transcript:T1") for span in [(120, 150), (200, 260), (400, 410)])
    )


def gene_pred(strand="+"):
    starts, ends = ("".join(f"{number}," for number in side) for side in zip(*EXONS, strict=True))
    return f"0\tT1\t1\t{strand}\t100\t450\t120\t410\t3\t{starts}\t{ends}\t0\tG\tcmpl\tcmpl\t0,0,0,\n"


@pytest.fixture
def starts(tmp_path):
    def read(text, tss="preferred"):
        path = tmp_path / "genes"
        path.write_text(text)
        return list(read_genes(path, tss=tss).index)

    return read


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("write", [gtf, gff3, gene_pred])
def test_every_format_gives_the_same_parts(starts, write, strand):
    (start,) = starts(write(strand))
    assert start.pos == (101 if strand == "+" else 450)
    assert start.transcript == Transcript(strand, EXONS, CODING)


def test_exons_without_a_line_of_their_transcript(starts):
    (start,) = starts(gtf(with_transcript=False))
    assert start.transcript == Transcript("+", EXONS, CODING)


def test_a_file_without_exons_has_no_parts(starts):
    (start,) = starts(gtf_line("transcript", 100, 450))
    assert start.transcript is None
    (start,) = starts("1\t100\t450\tG\t0\t+\n")
    assert start.transcript is None


def test_parts_are_those_of_the_best_transcript_wherever_it_stands(starts):
    best = gtf_line("transcript", 90, 300, "T2", "MANE_Select") + gtf_line("exon", 90, 300, "T2")
    expected = Transcript("+", ((90, 300),))
    for text in (gtf() + best, best + gtf()):
        found = starts(text)
        assert [(start.pos, start.transcript_id) for start in found] == [(91, "T2"), (101, "T2")]
        assert [start.transcript for start in found] == [expected, expected]


def test_exons_of_another_place_with_the_same_name_do_not_count(starts):
    """The pseudoautosomal regions, or copies of a gene."""
    elsewhere = gtf_line("exon", 9_000, 9_100)
    (start,) = starts(gtf() + elsewhere)
    assert start.transcript == Transcript("+", EXONS, CODING)


def test_exons_that_do_not_fit_their_number_are_refused(starts):
    with pytest.raises(ResourceError, match="exonCount is 4, but there are 3 exonStarts and 3 exonEnds"):
        starts(gene_pred().replace("\t3\t", "\t4\t"))


def test_a_bad_coordinate_of_an_exon_is_refused_with_its_line(starts):
    with pytest.raises(ResourceError, match=":2: expected a coordinate, found 'x'"):
        starts(gtf().replace("\texon\t101\t", "\texon\tx\t"))


def start(pos, *tags, transcript=""):
    return TranscriptionStart("1", pos, "+", "G", "", transcript, tags)


def test_a_gene_that_codes_for_nothing_has_the_starts_of_its_best_tier():
    found = preferred_starts(
        [start(1, "lncRNA", transcript="a"), start(2, "Ensembl_canonical", "lncRNA", transcript="b")]
    )
    assert [(one.pos, one.transcript_id) for one in found] == [(2, "b")]


def test_equal_places_count_once():
    found = preferred_starts([start(5, "protein_coding", transcript="a"), start(5, "protein_coding", transcript="b")])
    assert [(one.pos, one.transcript_id) for one in found] == [(5, "a")]
