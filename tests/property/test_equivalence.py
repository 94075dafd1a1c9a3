"""However a change is written, and whatever stands beside it, it gets the same values, string for string.

Two oracles: a spelling is right when it makes the same haplotype, and bcftools splits, joins and aligns.
"""

import subprocess
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import varbind
from varbind.core.tss import Promoter

EXAMPLES = settings().max_examples
HEADER = '##fileformat=VCFv4.2\n##INFO=<ID=AID,Number=A,Type=Integer,Description="Names the allele">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
# Starts of transcription on both strands: some alleles lie in a promoter of 30 + 20 bases, some outside.
GENES = "chr1\t20\t90\tG1\t0\t+\nchr1\t5\t61\tG2\t0\t-\nchr2\t40\t80\tG3\t0\t+\n"
PROMOTER = Promoter(30, 20)


@dataclass(frozen=True)
class Change:
    """One ALT; `pos` is 1-based."""

    name: int
    chrom: str
    pos: int
    ref: str
    alt: str


@dataclass(frozen=True)
class Case:
    """Contigs, soft-masked in places; records that hold one or more alleles each; a seed for spellings."""

    contigs: dict[str, str]
    records: list[list[Change]]
    seed: int

    @property
    def alleles(self):
        return [allele for record in self.records for allele in record]


BASES = st.text("ACGT", min_size=1, max_size=4)
# A unit and its copies: tandem repeats are where one change has many spellings.
REPEATS = st.tuples(BASES, st.integers(1, 9), st.booleans()).map(
    lambda part: (part[0] * part[1]).lower() if part[2] else part[0] * part[1]
)
CONTIG = st.lists(REPEATS, min_size=6, max_size=24).map("".join)


@st.composite
def alts_of(draw, ref):
    """ALTs of a REF: substitutions, insertions and deletions, shiftable or not."""
    kinds = st.one_of(
        st.text("ACGT", min_size=len(ref), max_size=len(ref)),
        st.text("ACGT", min_size=1, max_size=9),
        st.integers(1, 12).map(lambda copies: ref + ref[-1] * copies),
        st.integers(1, 3).map(lambda copies: ref * (1 + copies)),
        st.integers(1, len(ref)).map(lambda length: ref[:length]),
        st.integers(1, len(ref)).map(lambda length: ref[-length:]),
    )
    return draw(st.lists(kinds.filter(lambda alt: alt != ref), min_size=1, max_size=4, unique=True))


@st.composite
def cases(draw):
    contigs = {"chr1": draw(CONTIG), "chr2": draw(CONTIG)}
    records, count = [], 0
    for chrom, bases in contigs.items():
        starts = draw(st.lists(st.integers(0, len(bases) - 1), min_size=1, max_size=8))
        for start in sorted(starts):
            ref = bases[start : start + draw(st.integers(1, 12))].upper()
            alts = draw(alts_of(ref))
            records.append([Change(count + i, chrom, start + 1, ref, alt) for i, alt in enumerate(alts)])
            count += len(alts)
    return Case(contigs, records, draw(st.integers(0, 1 << 32)))


def write_case(case, folder):
    """The reference and the genes; returns the header of the VCFs."""
    (folder / "reference.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in case.contigs.items()))
    index, offset = [], 0
    for name, bases in case.contigs.items():
        offset += len(name) + 2
        index.append(f"{name}\t{len(bases)}\t{offset}\t{len(bases)}\t{len(bases) + 1}\n")
        offset += len(bases) + 1
    (folder / "reference.fa.fai").write_text("".join(index))
    (folder / "genes.bed").write_text(GENES)
    contigs = "".join(f"##contig=<ID={name},length={len(bases)}>\n" for name, bases in case.contigs.items())
    return HEADER + contigs + COLUMNS


def vcf_of(header, records):
    lines = []
    for record in records:
        alts = ",".join(allele.alt for allele in record)
        names = ",".join(str(allele.name) for allele in record)
        lines.append(f"{record[0].chrom}\t{record[0].pos}\t.\t{record[0].ref}\t{alts}\t.\t.\tAID={names}\n")
    return header + "".join(lines)


def spellings(allele, bases, random):
    """The same haplotype written rightmost, leftmost and twice anywhere, with chance bases on both sides."""
    start = allele.pos - 1
    haplotype = bases[:start] + allele.alt + bases[start + len(allele.ref) :]
    shortest = min(len(bases), len(haplotype))
    before = shared(bases, haplotype)
    behind = shared(bases[::-1], haplotype[::-1])
    furthest = min(before, shortest - 1)
    lefts = [furthest, min(max(shortest - 1 - behind, 0), furthest)]
    lefts += [max(furthest - random.randint(0, 9), 0) for _ in range(2)]
    for kept_left in lefts:
        # Both alleles keep a base at least, as VCF wants it.
        most = min(behind, shortest - 1 - kept_left)
        kept_right = max(most - random.choice([0, 0, 1, 5]), 0)
        ref = bases[kept_left : len(bases) - kept_right]
        alt = haplotype[kept_left : len(haplotype) - kept_right]
        assert bases[:kept_left] + alt + bases[kept_left + len(ref) :] == haplotype
        yield Change(allele.name, allele.chrom, kept_left + 1, ref, alt)


def shared(one, other):
    """Length of the common prefix."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def norm(bcftools, text, folder, *options):
    command = [bcftools, "norm", "--no-version", *options, "-"]
    return subprocess.run(command, input=text, cwd=folder, check=True, capture_output=True, text=True).stdout


def annotate(text, folder, bank, **options):
    (folder / "in.vcf").write_text(text)
    settings = varbind.AnnotateSettings(
        promoter=PROMOTER,
        provenance=False,
        allow_length_mismatch=True,  # the contigs end before the genes do
        **options,
    )
    paths = {"reference": folder / "reference.fa", "genes": folder / "genes.bed"}
    varbind.annotate_vcf(folder / "in.vcf", folder / "out.vcf", bank=bank, settings=settings, **paths)
    return (folder / "out.vcf").read_text()


# A bank as an argument would be printed with every failing example.
@pytest.fixture(scope="session")
def by_tiny(tiny_bank):
    return lambda text, folder, **options: annotate(text, folder, tiny_bank, **options)


@pytest.fixture(scope="session")
def by_shipped(shipped_bank):
    return lambda text, folder, **options: annotate(text, folder, shipped_bank, **options)


def values_of(text):
    """Our values of every allele by its name; a record without keys says that its alleles are outside."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        items = dict(item.split("=", 1) for item in line.split("\t")[7].split(";"))
        for index, name in enumerate(items.pop("AID").split(",")):
            own = {key: value.split(",")[index] for key, value in items.items()}
            own = {key: value for key, value in own.items() if value != "."}
            found.setdefault(name, []).append(own or {"VARBIND_STATUS": "outside"})
    return found


def same_values(found, expected):
    """Whether all spellings of each allele have the values of its first writing."""
    return all(value == expected[name][0] for name, values in found.items() for value in values)


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "promoters"])
@settings(max_examples=EXAMPLES // 2)
@given(case=cases())
def test_every_form_has_the_same_values(everywhere, case, by_tiny, bcftools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    header = write_case(case, folder)
    original = vcf_of(header, case.records)
    expected = values_of(by_tiny(original, folder, everywhere=everywhere))
    assert len(expected) == len(case.alleles)
    if everywhere:
        assert {value["VARBIND_STATUS"] for (value,) in expected.values()} == {"ok"}

    split = norm(bcftools, original, folder, "-m", "-any")
    aligned = norm(bcftools, original, folder, "-f", "reference.fa")
    both = norm(bcftools, split, folder, "-f", "reference.fa")
    for form in (split, aligned, both):
        found = values_of(by_tiny(form, folder, everywhere=everywhere))
        assert found == expected

    # Joining may make one allele of two that are spelled differently; what is left has its own values.
    joined = norm(bcftools, both, folder, "-m", "+any")
    found = values_of(by_tiny(joined, folder, everywhere=everywhere))
    assert found
    assert same_values(found, expected)

    random = Random(case.seed)
    upper = {name: bases.upper() for name, bases in case.contigs.items()}
    respelled = [[other] for a in case.alleles for other in spellings(a, upper[a.chrom], random)]
    found = values_of(by_tiny(vcf_of(header, respelled), folder, everywhere=everywhere))
    assert found.keys() == expected.keys()
    assert same_values(found, expected)


@settings(max_examples=EXAMPLES // 8)
@given(case=cases())
@pytest.mark.slow
def test_batches_threads_and_order_change_nothing(case, by_shipped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    header = write_case(case, folder)
    text = vcf_of(header, case.records)
    expected = by_shipped(text, folder, everywhere=True)
    for batch_size in (1, 7, 512):
        for threads in (1, 2):
            options = {"batch_size": batch_size, "threads": threads}
            assert by_shipped(text, folder, everywhere=True, **options) == expected
    backwards = by_shipped(vcf_of(header, case.records[::-1]), folder, everywhere=True)
    lines = [[line for line in output.splitlines() if line[0] != "#"] for output in (expected, backwards)]
    assert lines[1][::-1] == lines[0]
