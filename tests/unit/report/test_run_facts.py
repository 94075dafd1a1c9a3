"""What the header of an annotated file states of the run."""

from unit.report.report_files import vcf

from varbind.effect.stated_cutoffs import StatedCutoff
from varbind.io.vcf.variants import open_variants
from varbind.report.run_facts import RunFacts

HEADER = (
    "##fileDate=20260101",
    "##reference=file://somewhere/ref.fa",
    "##contig=<ID=chr1,length=248956422>",
    "##varbind_annotateVersion=0.1.0; Prefix=VARBIND",
    "##varbind_annotateCommand=annotate -f ref.fa --promoter 2000,300; Prefix=VARBIND",
    "##varbind_annotateVersion=9; Prefix=OTHER",
    "##varbind_bank=<ID=one,Version=1,Models=192,SHA256=abc,Prefix=VARBIND>",
    "##varbind_bank=<ID=two,Version=1,Models=1,SHA256=def,Prefix=OTHER>",
    "##varbind_genes=<ID=genes.gtf,SHA256=fff,Prefix=VARBIND>",
)


def facts_of(path):
    with open_variants(path) as variants:
        return RunFacts.of(variants.header, "VARBIND")


def test_lines_of_this_prefix_are_read(tmp_path):
    facts = facts_of(vcf(tmp_path, header=HEADER, samples=("A", "B")))
    assert (facts.version, facts.command) == ("0.1.0", "annotate -f ref.fa --promoter 2000,300")
    assert [(part.name, part.digest, part.fields.get("Models")) for part in facts.named("bank")] == [
        ("one", "abc", "192")
    ]
    assert [part.name for part in facts.named("genes")] == ["genes.gtf"]
    assert facts.named("effect") == ()
    assert (facts.date, facts.build, facts.samples) == ("20260101", "GRCh38", ("A", "B"))


def test_cutoffs_are_those_of_the_description(tmp_path):
    assert facts_of(vcf(tmp_path)).cutoffs == (
        StatedCutoff(10.0, "high recall", 0.15, 0.38, 0.1),
        StatedCutoff(20.0, "high precision", 0.26, 0.12, 0.01),
    )


def test_a_header_that_states_nothing_is_no_error(tmp_path):
    facts = facts_of(vcf(tmp_path, keys=("STATUS",)))
    assert facts == RunFacts()
