"""The plan of the embedded example: its genes, the sites planted near them, and the changes of the sites."""

from __future__ import annotations

from dataclasses import dataclass

CONTIGS = {"chr1": 16_000, "chr2": 14_000}


def reverse_complement(sequence: str) -> str:
    """The other strand; what is not a base stays as it is."""
    return sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))


@dataclass(frozen=True, slots=True)
class Gene:
    """A gene; `start` and `end` are 0-based half-open, the TSS is its 5' end."""

    name: str
    contig: str
    strand: str
    start: int
    end: int

    @property
    def tss(self) -> int:
        """0-based position of the first transcribed base."""
        return self.start if self.strand == "+" else self.end - 1

    def span(self, offset: int, length: int) -> tuple[int, int]:
        """0-based half-open span of `length` bases read along the gene from `offset` after the TSS."""
        if self.strand == "+":
            return self.tss + offset, self.tss + offset + length
        return self.tss - offset - length + 1, self.tss - offset + 1

    def along(self, sequence: str) -> str:
        """Turn between the gene's strand and the forward strand."""
        return sequence if self.strand == "+" else reverse_complement(sequence)


@dataclass(frozen=True, slots=True)
class Site:
    """A sequence planted on a gene's strand, `offset` bases after its TSS."""

    name: str
    gene: str
    offset: int
    sequence: str


@dataclass(frozen=True, slots=True)
class Change:
    """Bases [start, end) of a planted site become each of `alts`, all on the gene's strand."""

    name: str
    site: str
    start: int
    end: int
    alts: tuple[str, ...]
    calls: tuple[str, str] | None = None


GENES = (
    Gene("EXAMPLE1", "chr1", "-", 1_200, 2_700),
    Gene("EXAMPLE2", "chr1", "+", 3_000, 6_000),
    Gene("EXAMPLE3", "chr1", "-", 8_500, 11_000),
    Gene("EXAMPLE4", "chr2", "+", 2_500, 5_500),
    Gene("EXAMPLE5", "chr2", "-", 6_500, 8_500),
    Gene("EXAMPLE6", "chr2", "+", 11_500, 13_500),
)
SECOND_TRANSCRIPT = Gene("EXAMPLE3", "chr1", "-", 8_500, 10_400)

SITES = (
    Site("YY1_1", "EXAMPLE1", 20, "CAAGATGGCGGC"),
    Site("ETS_2", "EXAMPLE1", 80, "ACCGGGAGTG"),
    Site("USF_1", "EXAMPLE2", -180, "GGTCACGTGACC"),
    Site("SP1_1", "EXAMPLE2", -115, "GGGGCGGGGC"),
    Site("ETS_1", "EXAMPLE2", -70, "ACCGGAAGTG"),
    Site("TBP_1", "EXAMPLE2", -32, "GCTATAAAAGGC"),
    Site("REST_1", "EXAMPLE3", -600, "TTCAGCACCATGGACAGCGCC"),
    Site("CA_repeat", "EXAMPLE3", -420, "GTCACACACACACACACAGT"),
    Site("CTCF_1", "EXAMPLE3", -300, "TGGCCACCAGGGGGCGCTA"),
    Site("USF_2", "EXAMPLE3", -220, "GGTCACGTCACC"),
    Site("SRF_1", "EXAMPLE3", -150, "CCATATTAGG"),
    Site("GATA_1", "EXAMPLE3", -80, "CAGATAAGA"),
    Site("ETS_4", "EXAMPLE4", -400, "ACCGGAAGTG"),
    Site("SRF_2", "EXAMPLE4", -300, "CCATATTAGG"),
    Site("SP1_2", "EXAMPLE4", -200, "GGGGCGGGGC"),
    Site("GATA_2", "EXAMPLE4", -120, "CAGACAAGA"),
    Site("ETS_3", "EXAMPLE4", -50, "ACCAGTG"),
    Site("YY1_2", "EXAMPLE4", 30, "CAAGATGGCGGC"),
    Site("spacer", "EXAMPLE5", -600, "AGCTTGGCTA" * 6),
    Site("ETS_6", "EXAMPLE5", -250, "ACCGGAAGTG"),
    Site("GATA_3", "EXAMPLE5", -150, "CAGATAAGA"),
    Site("AP1_1", "EXAMPLE5", -80, "GATGACTCATC"),
    Site("TBP_2", "EXAMPLE5", -32, "GCTAGAAAAGGC"),
    Site("REST_2", "EXAMPLE6", -500, "TTCAGCACCATGGACAACGCC"),
    Site("SP1_3", "EXAMPLE6", -180, "GGGGCGGGGC"),
    Site("USF_3", "EXAMPLE6", -110, "GGTCACGTGACC"),
    Site("ETS_5", "EXAMPLE6", -50, "ACCGGAAGTG"),
)

CHANGES = (
    Change("breaks_YY1_1", "YY1_1", 6, 7, ("C",)),
    Change("makes_ETS_2", "ETS_2", 5, 6, ("A",)),
    Change("breaks_USF_1", "USF_1", 8, 9, ("C",)),
    Change("breaks_SP1_1", "SP1_1", 5, 6, ("T",)),
    Change("breaks_ETS_1", "ETS_1", 4, 5, ("C",)),
    Change("breaks_TBP_1", "TBP_1", 4, 5, ("G",)),
    Change("breaks_REST_1", "REST_1", 12, 13, ("C",)),
    # On the reverse strand the gene's first unit is the forward strand's last: not left-aligned.
    Change("shortens_CA_repeat", "CA_repeat", 2, 4, ("",)),
    Change("breaks_CTCF_1", "CTCF_1", 9, 10, ("C",)),
    Change("makes_USF_2", "USF_2", 8, 9, ("G",)),
    Change("breaks_SRF_1", "SRF_1", 8, 9, ("C",)),
    Change("breaks_GATA_1", "GATA_1", 2, 3, ("C",)),
    Change("breaks_ETS_4_two_ways", "ETS_4", 4, 5, ("A", "T")),
    Change("breaks_SRF_2", "SRF_2", 1, 2, ("G",)),
    Change("breaks_SP1_2_by_deletion", "SP1_2", 4, 5, ("",)),
    Change("makes_GATA_2", "GATA_2", 4, 5, ("T",)),
    Change("makes_ETS_3_by_insertion", "ETS_3", 3, 3, ("GGA",)),
    Change("breaks_YY1_2_by_MNV", "YY1_2", 5, 8, ("GTT",)),
    Change("breaks_ETS_6_by_deletion", "ETS_6", 2, 8, ("",), ("0/1", "0/0")),
    Change("breaks_ETS_6_or_is_deleted", "ETS_6", 5, 6, ("C", "*"), ("0/2", "0/1")),
    Change("breaks_GATA_3_by_MNV", "GATA_3", 2, 5, ("CTC",)),
    Change("breaks_AP1_1", "AP1_1", 7, 8, ("G",)),
    Change("makes_TBP_2", "TBP_2", 4, 5, ("T",)),
    Change("makes_REST_2", "REST_2", 16, 17, ("G",)),
    Change("breaks_SP1_3_two_ways", "SP1_3", 5, 6, ("T", "GA")),
    Change("breaks_USF_3_by_insertion", "USF_3", 6, 6, ("AT",)),
    Change("breaks_ETS_5_padded", "ETS_5", 2, 6, ("CGCA",)),
)
# Searched near these 0-based positions; the last one lies outside every promoter.
NEUTRAL = (
    ("neutral_1", "chr1", 2_450),
    ("neutral_2", "chr1", 11_850),
    ("neutral_3", "chr2", 1_800),
    ("neutral_4", "chr2", 11_800),
    ("outside_promoters", "chr1", 7_500),
)
CORES = ("GGAA", "GATA", "GGGCGG", "CACGTG", "ATGGCG", "TATTAGG", "AGGGGGC", "TATAA", "GGACAG", "TGACTCA")
