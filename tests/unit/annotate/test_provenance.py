"""Header lines that say how the values came about."""

from varbind._version import __version__
from varbind.annotate.provenance import provenance_lines
from varbind.annotate.settings import AnnotateSettings
from varbind.core.tss import TssIndex
from varbind.io.genes.gene_table import GeneTable


def test_what_is_said(shipped_bank):
    genes = GeneTable(TssIndex([]), "my\ngenes.gtf", "abc", "")
    options = AnnotateSettings(threads=3, batch_size=9, device="cpu", top=2).value_options(
        reference="/some/where/ref\n.fa", genes=["my\ngenes.gtf"]
    )
    lines = provenance_lines(shipped_bank.select_proteins(("SP1",)), [genes], options)
    digest = shipped_bank.cards[0].digests["weights.safetensors"]
    words = "-f ref .fa --genes my genes.gtf --promoter 1000,500 --tss preferred --top 2 --max-indel 50"
    assert lines == [
        f"##varbind_annotateVersion={__version__}; Prefix=VARBIND",
        f"##varbind_annotateCommand=annotate {words}; Prefix=VARBIND",
        f"##varbind_bank=<ID=promoter-v1,Version={shipped_bank.cards[0].version},Models=1,SHA256={digest},Prefix=VARBIND>",
        "##varbind_genes=<ID=my genes.gtf,SHA256=abc,Prefix=VARBIND>",
    ]


def test_every_line_says_its_prefix(shipped_bank):
    options = AnnotateSettings(everywhere=True).value_options(reference="ref.fa", genes=())
    lines = provenance_lines(shipped_bank, (), options, shipped_bank.effect.card, prefix="MY.own")
    assert len(lines) == 4
    assert all(line.endswith(("; Prefix=MY.own", ",Prefix=MY.own>")) for line in lines)


def test_without_genes(shipped_bank):
    options = AnnotateSettings(everywhere=True).value_options(reference="ref.fa", genes=())
    lines = provenance_lines(shipped_bank, (), options)
    assert "--everywhere" in lines[1]
    assert not any("genes" in line or "promoter " in line for line in lines)
