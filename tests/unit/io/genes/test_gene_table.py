"""Every format of gene table gives the same starts, and what is not a gene table is one clear line."""

import gzip
import hashlib
import os
from pathlib import Path

import pysam
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from varbind.core.variant import Variant
from varbind.errors import ResourceError
from varbind.io.genes.gene_lines import Place
from varbind.io.genes.gene_table import detect_format, join_genes, read_genes

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
PIECES = DATA / "hg19-pieces" / "gencode.v19.chr20.250k.gtf.gz"
ABC = DATA / "tss" / "abc.CollapsedGeneBounds.hg19.bed.gz"
ABC_500 = DATA / "tss" / "abc.CollapsedGeneBounds.hg19.TSS500bp.bed.gz"


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} of the shared data is not here")


def tabbed(text):
    """Lines written with blanks in a test, with tabs."""
    return "".join("\t".join(line.split()) + "\n" for line in text.strip().splitlines()).encode()


def feature(contig, kind, first, last, strand, *attributes):
    """A line of GTF or GFF3."""
    columns = contig, "source", kind, first, last, ".", strand, ".", ";".join(attributes)
    return "\t".join(map(str, columns)) + "\n"


@pytest.fixture
def table(tmp_path):
    """Write bytes and read them as genes."""

    def read(content, *, tss="all", name="genes.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_genes(path, tss=tss)

    return read


def starts_of(genes):
    return [start for starts in genes.index._starts.values() for start in starts]


def brief(genes):
    return [(start.symbol, start.pos, start.transcript_id) for start in starts_of(genes)]


ONE = 'gene_id "G1.2"', ' gene_name "ONE"'
GTF = (
    "##description: two genes\n"
    + feature("chr1", "gene", 101, 900, "+", *ONE, ' gene_type "protein_coding"')
    + feature("chr1", "transcript", 101, 900, "+", *ONE, ' transcript_id "T1.1"', ' transcript_type "lncRNA"')
    + feature("chr1", "exon", "bad", 900, "?", "nothing")
    + feature("chr1", "transcript", 151, 800, "+", *ONE, 'transcript_id "T2.7"', 'tag "basic"', 'tag "MANE_Select"')
    + feature("chr1", "gene", 300, 450, "-", 'gene_id "G2"', 'gene_biotype "snRNA"')
)


def test_gtf(table):
    genes = table(GTF)
    one, two, three = starts_of(genes)
    assert (one.contig, one.pos, one.strand, one.symbol) == ("chr1", 101, "+", "ONE")
    assert (one.gene_id, one.transcript_id, one.tags) == ("G1.2", "T1.1", ("lncRNA",))
    # What a transcript does not say of its biotype, the line of its gene does.
    assert (two.pos, two.transcript_id, two.tags) == (151, "T2.7", ("MANE_Select", "protein_coding"))
    # A gene without transcripts stands for itself, with its id for a symbol.
    assert (three.pos, three.strand, three.symbol, three.transcript_id) == (450, "-", "G2", "")
    assert three.tags == ("snRNA",)
    assert genes.summary == "genes.txt (GTF): 2 genes, 3 transcription starts; all transcripts"


def test_ensembl_spellings_of_gtf(table):
    notes = 'gene_name "SY;M"', 'tag "Ensembl_canonical"', 'transcript_biotype "protein_coding"'
    genes = table(feature("1", "transcript", 10, 90, "+", 'gene_id "E"', 'transcript_id "T"', *notes))
    (start,) = starts_of(genes)
    assert (start.symbol, start.gene_id, start.transcript_id) == ("SY;M", "E", "T")
    assert start.tags == ("Ensembl_canonical", "protein_coding")


def test_refseq_spellings_of_gtf(table):
    names = 'gene_id "R_1"', 'gene "R"', 'product "a; b"'
    notes = 'transcript_id "NM_1.2"', 'tag "MANE Select"', 'transcript_biotype "mRNA"'
    genes = table(
        feature("NC_1.1", "gene", 10, 90, "+", *names, 'transcript_id ""')
        + feature("NC_1.1", "transcript", 20, 90, "+", *names, *notes)
    )
    (start,) = starts_of(genes)
    assert (start.symbol, start.gene_id, start.transcript_id, start.pos) == ("R", "R_1", "NM_1.2", 20)
    assert start.tags == ("MANE_Select", "protein_coding")


def test_ensembl_gff3(table):
    transcript = "ID=transcript:ENST2", "Parent=gene:ENSG1", "Name=WASH5P-206", "transcript_id=ENST2"
    genes = table(
        "##gff-version 3\n"
        + feature("19", "chromosome", 1, 58617616, ".", "ID=chromosome:19")
        + feature("19", "pseudogene", 60951, 71626, "-", "ID=gene:ENSG1", "Name=WASH5P", "gene_id=ENSG1")
        + feature("19", "lnc_RNA", 60951, 70976, "-", *transcript, "biotype=x", "tag=basic,Ensembl_canonical")
        + feature("19", "exon", 60951, 61894, "-", "Parent=transcript:ENST2")
        + feature("19", "mRNA", 500, 900, "+", "ID=transcript:ENST9", "Parent=gene:ENSG8", "biotype=decay")
        + feature("19", "ncRNA_gene", 700, 800, "+", "ID=gene:ENSG7", "biotype=miRNA")
    )
    orphan, alone, wash = starts_of(genes)
    assert (wash.symbol, wash.gene_id, wash.transcript_id, wash.pos) == ("WASH5P", "ENSG1", "ENST2", 70976)
    assert wash.tags == ("Ensembl_canonical", "x")
    assert (alone.symbol, alone.gene_id, alone.transcript_id) == ("ENSG7", "ENSG7", "")
    assert (orphan.symbol, orphan.gene_id, orphan.transcript_id) == ("ENSG8", "ENSG8", "ENST9")
    # Ensembl calls the target of decay an mRNA; its biotype knows better.
    assert orphan.tags == ("decay",)


def test_refseq_gff3(table):
    names = "Parent=gene-OR4F5", "gene=OR4F5", "product=x%2C y", "transcript_id=NM_1.2"
    micro = "Name=MIR%3B1", "gene=MIR%3B1"
    genes = table(
        "##gff-version 3\n"
        + feature("NC_1%2E1", "mRNA", 65419, 71585, "+", "ID=rna-NM_1.2", *names, "tag=MANE Select")
        + feature("NC_1%2E1", "gene", 65419, 71585, "+", "ID=gene-OR4F5", "Name=OR4F5", "gene=OR4F5")
        + feature("NC_1%2E1", "gene", 80000, 80090, "-", "ID=gene-MIR%3B1", *micro)
        + feature("NC_1%2E1", "primary_transcript", 80000, 80090, "-", "ID=rna-NR_1.1", "Parent=gene-MIR%3B1")
        + feature("NC_1%2E1", "miRNA", 80010, 80030, "-", "ID=rna-MIR1", "Parent=rna-NR_1.1", *micro)
        + "##FASTA\n>NC_1.1\nACGT\n"
    )
    assert brief(genes) == [("OR4F5", 65419, "NM_1.2"), ("MIR;1", 80090, "NR_1.1")]
    coding, mirna = starts_of(genes)
    assert (coding.contig, coding.gene_id) == ("NC_1.1", "OR4F5")
    assert coding.tags == ("MANE_Select", "protein_coding")
    assert mirna.tags == ("primary_transcript",)


def test_bed_with_a_header(table):
    genes = table(
        tabbed(
            """
            #chr start end name score strand gene_type Ensembl_ID
            chr1 10 20 A 0 + protein_coding E1
            chr1 10 20 B 0 - lincRNA E2
            """
        )
    )
    assert [(start.symbol, start.pos) for start in starts_of(genes)] == [("A", 11), ("B", 20)]
    assert [(start.gene_id, start.tags) for start in starts_of(genes)] == [
        ("E1", ("protein_coding",)),
        ("E2", ("lincRNA",)),
    ]


def test_bed_as_a_browser_writes_it(table):
    content = (
        b'\xef\xbb\xbfbrowser position chr1:1-9\r\ntrack name="x"\r\n\r\n'
        b"chr1 0 5 . 0 +\r\nchr1 0 5 . 0 -\r\nchr1 9 10 N 0 + 9 10 0 1 1, 0,\r\n"
    )
    genes = table(content)
    assert [(start.symbol, start.pos) for start in starts_of(genes)] == [
        ("chr1:1", 1),
        ("chr1:5", 5),
        ("N", 10),
    ]
    assert genes.summary == "genes.txt (BED): 3 genes, 3 transcription starts; all transcripts"


PREDICTION = "NM_1.3 chr1 - 100 900 150 850 2 100,500, 200,900,"


@pytest.mark.parametrize(
    ("line", "symbol"),
    [
        (PREDICTION, "NM_1.3"),
        (f"{PREDICTION} P12345 uc001.1", "NM_1.3"),  # knownGene
        (f"{PREDICTION} 0 SYM cmpl cmpl 0,0,", "SYM"),
        (f"585 {PREDICTION} 0 SYM cmpl cmpl 0,0,", "SYM"),
        (f"SYM {PREDICTION}", "SYM"),  # refFlat
    ],
)
def test_gene_pred(table, line, symbol):
    genes = table(tabbed(f"#name chrom strand\n{line}\n{line.replace('-', '+').replace('150 850', '900 900')}"))
    plus, minus = starts_of(genes)
    assert (minus.contig, minus.pos, minus.strand, minus.symbol) == ("chr1", 900, "-", symbol)
    assert (plus.pos, plus.strand, plus.transcript_id) == (101, "+", "NM_1.3")
    assert (minus.tags, plus.tags) == (("protein_coding",), ())
    assert "(genePred)" in genes.summary


@given(
    first=st.integers(0, 10**9),
    length=st.integers(1, 10**6),
    strand=st.sampled_from("+-"),
    contig=st.sampled_from(["chr1", "1", "NC_000001.11", "20"]),
)
def test_one_gene_has_one_start_in_every_format(first, length, strand, contig):
    last = first + length
    lines = {
        "BED": f"{contig}\t{first}\t{last}\tG\t0\t{strand}",
        "GTF": f'{contig}\ts\ttranscript\t{first + 1}\t{last}\t.\t{strand}\t.\tgene_id "G";',
        "GFF3": f"{contig}\ts\tmRNA\t{first + 1}\t{last}\t.\t{strand}\t.\tID=t;gene=G",
        "genePred": f"0\tG\t{contig}\t{strand}\t{first}\t{last}\t{last}\t{last}\t1\t{first},\t{last},",
    }
    for kind, line in lines.items():
        raw = line.encode()
        found = detect_format(raw, Place("x", 1))
        assert found.name == kind
        (start,) = found.parse([(1, raw)], "x")
        five_prime = first + 1 if strand == "+" else last
        assert (start.contig, start.pos, start.strand, start.symbol) == (contig, five_prime, strand, "G")


def transcript(gene, pos, *tags, biotype=""):
    names = f'gene_id "{gene}"', f'transcript_id "{gene}{pos}"', f'transcript_type "{biotype}"'
    return feature("c", "transcript", pos, 999, "+", *names, *(f'tag "{tag}"' for tag in tags))


def test_preferred_has_all_coding_starts_under_the_name_of_the_best_transcript(table):
    text = (
        transcript("A", 10, "basic", "appris_principal_1", biotype="protein_coding")
        + transcript("A", 20, "MANE_Plus_Clinical", biotype="protein_coding")
        + transcript("A", 30, "Ensembl_canonical", "MANE Select")
        + transcript("B", 40, biotype="protein_coding")
        + transcript("B", 50, "RefSeq Select")
        + transcript("B", 60, "appris_principal", biotype="lncRNA")
        + transcript("C", 70, "appris_alternative_1", "CCDS", biotype="protein_coding")
        + transcript("C", 80, "basic", biotype="retained_intron")
        + transcript("D", 90)
        + transcript("D", 95, "basic", biotype="lncRNA")
    )
    genes = table(text, tss="preferred")
    assert [(pos, name) for _, pos, name in brief(genes)] == [
        (10, "A30"),
        (20, "A30"),
        (30, "A30"),
        (40, "B50"),
        (50, "B50"),
        (70, "C70"),
        (90, "D90"),
        (95, "D95"),
    ]
    assert genes.summary == (
        "genes.txt (GTF): 4 genes, 8 transcription starts; "
        "best transcripts: 1 MANE, 1 canonical, 1 protein-coding, 1 other"
    )
    assert len(table(text, tss="all").index) == 10


def test_of_transcripts_that_start_together_the_best_gives_its_name(table):
    text = transcript("A", 10) + transcript("A", 10, "MANE_Select").replace("A10", "A10b")
    assert brief(table(text)) == [("A", 10, "A10b")]


def test_the_same_gene_on_two_contigs_is_two_genes(table):
    text = transcript("A", 10, "MANE_Select") + transcript("A", 20).replace("c", "d", 1)
    assert [start.contig for start in starts_of(table(text, tss="preferred"))] == ["c", "d"]


def test_plain_gzip_bgzf_and_pipe_are_the_same(tmp_path, table):
    plain = GTF.encode()
    expected = table(plain)
    packed, blocked = tmp_path / "no-suffix", tmp_path / "blocks"
    packed.write_bytes(gzip.compress(plain[:300], mtime=0) + gzip.compress(plain[300:], mtime=0))
    pysam.tabix_compress(str(tmp_path / "genes.txt"), str(blocked))
    for path in (packed, blocked):
        genes = read_genes(path, tss="all")
        assert starts_of(genes) == starts_of(expected)
        assert genes.name == path.name
        assert genes.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    read_end, write_end = os.pipe()
    os.write(write_end, plain)
    os.close(write_end)
    assert read_genes(f"/dev/fd/{read_end}", tss="all").sha256 == expected.sha256
    os.close(read_end)


def test_gzip_cut_anywhere_is_refused(tmp_path):
    source, path = tmp_path / "genes.txt", tmp_path / "cut.gz"
    source.write_text(GTF)
    pysam.tabix_compress(str(source), str(path))
    for whole in (path.read_bytes(), gzip.compress(source.read_bytes(), mtime=0)):
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            with pytest.raises(ResourceError) as caught:
                read_genes(path, tss="all")
            assert str(path) in str(caught.value)


def test_damaged_gzip_is_refused(table):
    packed = bytearray(gzip.compress(GTF.encode(), mtime=0))
    packed[40] ^= 0xFF
    with pytest.raises(ResourceError, match="damaged"):
        table(bytes(packed))
    with pytest.raises(ResourceError, match="damaged"):
        table(gzip.compress(GTF.encode(), mtime=0) + b"rubbish")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_any_bytes_make_a_name(table, encoding):
    genes = table("chr1\t0\t5\tG\xe9n\t0\t+\n".encode(encoding))
    assert starts_of(genes)[0].symbol == "G\xe9n"


NO_STRAND = "needs a strand"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("NM_1.2 chr1 65418 71585 OR4F5", 1, NO_STRAND),
        ("ENST1.1 chr1 + 65418 71585 OR4F5", 1, "the table has a strand"),
        ("chr1 0 5 A 0 .\nchr1 0 5 B 0 .", 1, NO_STRAND),
        ("chr1 0 5 A 0 +\nchr1 0 5 B 0 x", 2, "the strand is 'x'"),
        ("chr1 0 5", 1, NO_STRAND),
        ("chr1 0 5 A 0 +\nchr1 0 5 B", 2, "at least 6 columns"),
        ("chr1 0 5 A 0 +\nchr1 x 5 B 0 +", 2, "'x'"),
        ("chr1 0 5 A 0 +\nchr1 -1 5 B 0 +", 2, "'-1'"),
        ("chr1 0 5 A 0 +\n\n#\nchr1 6 5 B 0 +", 4, "start 6 and end 5"),
        ("chr1 5 5 B 0 +", 1, "no base"),
        ("chr1 0 99999999999999999999 B 0 +", 1, "'99999999999999999999'"),
        ('c s transcript 5 9 . . . gene_id~"A"', 1, NO_STRAND),
        ('c s transcript 0 9 . + . gene_id~"A"', 1, "start 0"),
        ('c s gene 9 5 . + . gene_id~"A"', 1, "start 9 and end 5"),
        ('c s gene 5 9 . + . gene_id~"A"\nc s gene x 5 . + . gene_id~"A"', 2, "'x'"),
        ('c s gene 5 9 . + . gene_id~"A"\nc s gene', 2, "expected 9 columns, found 3"),
        ('c s gene 5 9 . + . gene_id~"A"\nc s gene 1 5 . +', 2, "expected 9 columns, found 7"),
        ('c s gene 5 9 . + . gene_type~"A"', 1, "gene_id"),
        ("c s mRNA 5 9 . + . Note=x", 1, "ID"),
        ("c s mRNA 5 9 . ? . ID=x", 1, NO_STRAND),
        (PREDICTION.replace("-", "."), 1, NO_STRAND),
        (f"{PREDICTION}\nNM_1 chr1 -", 2, NO_STRAND),
        (f"{PREDICTION}\n{PREDICTION.replace('150', 'x')}", 2, "'x'"),
        ("#CHROM\nchr1 5 . A G . PASS .", 2, "not a gene table"),
        (">chr1\nACGT", 1, "not a gene table"),
    ],
)
def test_a_broken_line_is_named(table, text, line, what):
    with pytest.raises(ResourceError) as caught:
        table(tabbed(text).replace(b"~", b" "))
    assert caught.value.line == line
    assert f"genes.txt:{line}: " in str(caught.value)
    assert what in str(caught.value)
    assert caught.value.exit_code == 4


def without_strand(sign):
    """Two of three genes in every format have this sign for a strand."""
    gtf = [('gene_id "A"', "+"), ('gene_id "B"', sign), ('gene_id "C"; transcript_id "C1"', sign)]
    gff3 = [("ID=A", "+"), ("ID=B", sign), ("ID=C", sign)]
    bed = [("A", "+"), ("B", sign), ("C", sign)]
    return {
        "GTF": "".join(feature("c", "transcript", 5, 9, strand, text) for text, strand in gtf),
        "GFF3": "".join(feature("c", "mRNA", 5, 9, strand, text) for text, strand in gff3),
        "BED": "".join(f"c\t4\t9\t{name}\t0\t{strand}\n" for name, strand in bed),
        "genePred": "".join(f"{name}\tc\t{strand}\t4\t9\t9\t9\t1\t4,\t9,\n" for name, strand in bed),
    }


@pytest.mark.parametrize("kind", ["GTF", "GFF3", "BED", "genePred"])
@pytest.mark.parametrize("sign", [".", "?", "*"])
def test_lines_without_a_strand_are_left_out_and_counted_once(table, caplog, tmp_path, kind, sign):
    genes = table(without_strand(sign)[kind])
    assert [start.symbol for start in starts_of(genes)] == ["A"]
    what = "left out 2 genes and transcripts without a strand, the first is 'B' in line 2"
    assert caplog.messages == [f"{tmp_path / 'genes.txt'}: {what}"]


@pytest.mark.parametrize("kind", ["GTF", "GFF3", "BED", "genePred"])
def test_a_file_without_any_strand_is_refused(table, kind):
    text = "".join(without_strand("?")[kind].splitlines(keepends=True)[1:])
    with pytest.raises(ResourceError, match="nothing but 2 genes and transcripts without a strand") as caught:
        table(text)
    assert caught.value.exit_code == 4
    assert caught.value.remedy.startswith("a start of transcription needs a strand")


def test_a_gene_with_a_strand_stands_for_its_transcript_without_one(table):
    names = 'gene_id "G"', 'gene_name "ONE"'
    gtf = feature("c", "gene", 5, 9, "-", *names) + feature("c", "transcript", 5, 8, ".", *names, 'transcript_id "T"')
    assert brief(table(gtf)) == [("ONE", 9, "")]
    gff3 = feature("c", "gene", 5, 9, "-", "ID=G") + feature("c", "mRNA", 5, 8, ".", "ID=T", "Parent=G")
    assert brief(table(gff3)) == [("G", 9, "")]


def test_a_gene_without_a_strand_names_its_transcripts(table):
    """RefSeq has genes of both strands, whose parts are joined."""
    gff3 = feature("c", "gene", 5, 9, "?", "ID=gene-X", "Name=X") + feature(
        "c", "mRNA", 5, 8, "+", "ID=T", "Parent=gene-X"
    )
    assert brief(table(gff3)) == [("X", 5, "T")]


EXONS = [
    ("+", 100, 200, "T1"),
    ("+", 50, 60, "T1"),
    ("-", 300, 400, "T2"),
    ("-", 500, 600, "T2"),
    ("+", 70, 90, "T3"),
]


def exon(strand, first, last, transcript_id, *more, gene="G", kind="exon"):
    return feature("c", kind, first, last, strand, f'gene_id "{gene}"', f'transcript_id "{transcript_id}"', *more)


def test_transcripts_of_exons_alone(table):
    """As the UCSC Table Browser and old releases of Ensembl write GTF."""
    text = "".join(exon(*row) + exon(*row, kind="CDS") for row in EXONS)
    assert brief(table(text)) == [("G", 50, "T1"), ("G", 70, "T3"), ("G", 600, "T2")]
    reordered = "".join(exon(*row) for row in reversed(EXONS))
    assert sorted(brief(table(reordered))) == sorted(brief(table(text)))


def test_exons_go_before_the_gene_and_a_gene_without_them_stays(table):
    text = (
        feature("c", "gene", 1, 999, "+", 'gene_id "G"', 'gene_name "ONE"', 'gene_biotype "lncRNA"')
        + "".join(exon(*row) for row in EXONS[:2])
        + feature("c", "gene", 2000, 2999, "-", 'gene_id "H"')
    )
    genes = table(text)
    assert brief(genes) == [("ONE", 50, "T1"), ("H", 2999, "")]
    assert starts_of(genes)[0].tags == ("lncRNA",)


@pytest.mark.parametrize("order", [1, -1])
def test_exons_change_nothing_where_transcripts_have_lines(table, order):
    """Whatever the order of lines; a gene that only exons name is not lost, wherever they stand."""
    lines = [
        exon("+", 40, 200, "T1", kind="transcript"),
        exon("+", 40, 60, "T1"),
        exon("+", 30, 60, "T10"),
        exon("+", 40, 60, "T1"),
    ]
    assert brief(table("".join(lines[::order]))) == [("G", 40, "T1")]
    alone = exon("+", 800, 900, "T9", gene="H") + exon("+", 700, 750, "T9", gene="H")
    for text in (alone + "".join(lines), "".join(lines) + alone, lines[0] + alone + "".join(lines[1:])):
        assert brief(table(text)) == [("G", 40, "T1"), ("H", 700, "T9")]


def test_an_exon_without_a_strand_is_one_transcript_left_out(table, caplog):
    text = "".join(exon(*row) for row in EXONS[:2]) + exon(".", 5, 9, "T5") + exon(".", 15, 19, "T5")
    assert brief(table(text)) == [("G", 50, "T1")]
    assert "left out 1 gene or transcript without a strand, the first is 'T5' in line 3" in caplog.messages[0]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("on_gene", "on_transcript", "symbol", "tags"),
    [
        (('gene_name "NICE"', 'gene_biotype "protein_coding"'), (), "NICE", ("protein_coding",)),
        (('gene_name "NICE"', 'gene_type "lncRNA"'), ('gene_name "OWN"',), "OWN", ("lncRNA",)),
        (('gene "NICE"', 'gene_biotype "x"'), ('transcript_biotype "own"',), "NICE", ("own",)),
        ((), ('gene_biotype "own"',), "G", ("own",)),
        (('gene_symbol "w"',), (), "w", ()),
        ((), ('gene_symbol "w"', 'transcript_symbol "w-RA"'), "w", ()),
        ((), ('locus "unc-1"',), "unc-1", ()),
        ((), ('locus "RLOC_00000001"',), "G", ()),
        ((), ('ref_gene_name "REF"',), "REF", ()),
    ],
)
def test_a_transcript_has_what_its_gene_says(table, order, on_gene, on_transcript, symbol, tags):
    lines = [
        feature("c", "gene", 5, 9, "+", 'gene_id "G"', *on_gene),
        feature("c", "transcript", 5, 9, "+", 'gene_id "G"', 'transcript_id "T"', *on_transcript),
        feature("d", "gene", 5, 9, "+", 'gene_id "G"', 'gene_name "OTHER"', 'gene_biotype "other"'),
    ]
    start = next(start for start in starts_of(table("".join(lines[::order]))) if start.contig == "c")
    assert (start.symbol, start.gene_id, start.transcript_id, start.tags) == (symbol, "G", "T", tags)


@pytest.mark.parametrize(
    ("kind", "on_transcript", "tags"),
    [
        ("transcript", (), ("protein_coding",)),  # Liftoff
        ("transcript", ("biotype=lncRNA",), ("lncRNA",)),
        ("transcript", ("gbkey=misc_RNA",), ()),  # RefSeq: it codes for nothing, whatever its gene does
        ("lnc_RNA", (), ("lnc_RNA",)),
    ],
)
def test_a_transcript_of_gff3_has_the_biotype_of_its_gene(table, kind, on_transcript, tags):
    genes = table(
        "##gff-version 3\n"
        + feature("c", "gene", 5, 90, "-", "ID=G", "gene_id=G", "gene_name=NICE", "gene_type=protein_coding")
        + feature("c", kind, 5, 80, "-", "ID=T", "Parent=G", *on_transcript)
    )
    (start,) = starts_of(genes)
    assert (start.symbol, start.transcript_id, start.tags) == ("NICE", "T", tags)


def test_the_symbols_of_phytozome_are_read(table):
    genes = table(
        feature("c", "gene", 5, 90, "+", "ID=AT1G1", "Name=AT1G1", "symbol=NAC1")
        + feature("c", "mRNA", 5, 90, "+", "ID=AT1G1.1", "Parent=AT1G1")
    )
    assert brief(genes) == [("NAC1", 5, "AT1G1.1")]


def test_the_bare_names_of_augustus_are_read(table):
    """BRAKER and AUGUSTUS have key and value on the lines of exons and coding sequence only."""
    own = 'transcript_id "g1.t2"; gene_id "g1";'
    genes = table(
        feature("c", "gene", 5, 90, "-", "g1")
        + feature("c", "transcript", 5, 80, "-", "g1.t1")
        + feature("c", "transcript", 5, 90, "-", "g1.t2")
        + feature("c", "CDS", 5, 90, "-", own)
        + feature("c", "exon", 5, 90, "-", own)
    )
    assert {(start.symbol, start.gene_id, start.transcript_id, start.pos) for start in starts_of(genes)} == {
        ("g1", "g1", "g1.t1", 80),
        ("g1", "g1", "g1.t2", 90),
    }


def test_wormbase_gff3(table):
    genes = table(
        "##gff-version 3\n"
        + feature("I", "gene", 5, 90, "-", "ID=Gene:WBGene1", "Name=WBGene1", "locus=unc-1", "biotype=protein_coding")
        + feature("I", "mRNA", 5, 80, "-", "ID=Transcript:X.1", "Parent=Gene:WBGene1", "Name=X.1", "locus=unc-1")
    )
    (start,) = starts_of(genes)
    assert (start.symbol, start.gene_id, start.transcript_id, start.pos) == ("unc-1", "WBGene1", "X.1", 80)


@pytest.mark.parametrize(
    ("names", "symbol", "gene_id"),
    [
        ("SYM\t.", "SYM", ""),
        ("SYM\tAlias", "SYM", ""),
        ("ENSG00000000001.5\tSYM", "SYM", "ENSG00000000001.5"),
        ("none\tnone", "ENST1.1", ""),
        ("ENST1.1\tSYM", "SYM", ""),
    ],
)
def test_big_gene_pred(table, names, symbol, gene_id):
    """BED12 and eight columns, as bigBedToBed writes it."""
    row = f"chr1\t100\t900\tENST1.1\t0\t-\t150\t850\t0\t1\t800,\t0,\tname2\tcmpl\tcmpl\t0,\tnone\t{names}\tnone\n"
    (start,) = starts_of(table(row))
    assert (start.pos, start.symbol, start.gene_id, start.transcript_id) == (900, symbol, gene_id, "ENST1.1")
    assert start.tags == ("protein_coding",)


def test_a_wide_bed_is_no_big_gene_pred(table):
    row = "chr1\t100\t900\tA\t0\t-\t150\t850\t0\t1\t800,\t0,\t" + "\t".join("x" * 8) + "\n"
    assert brief(table(row)) == [("A", 900, "")]


def bed(*rows):
    return "".join(f"{contig}\t{pos - 1}\t{pos + 99}\t{name}\t0\t+\n" for contig, pos, name in rows)


def joined(tmp_path, texts, contigs, **names):
    tables = []
    for number, text in enumerate(texts):
        path = tmp_path / f"genes{number}.bed"
        path.write_text(text)
        tables.append(read_genes(path, tss="all"))
    return [(start.contig, start.pos, start.symbol) for start in join_genes(tables, contigs, **names)]


def test_tables_are_joined_and_equal_starts_count_once(tmp_path):
    first, second = bed(("chr1", 10, "A"), ("chr2", 20, "B")), bed(("1", 10, "A"), ("1", 30, "C"), ("x", 5, "D"))
    found = [("chr1", 10, "A"), ("chr1", 30, "C"), ("chr2", 20, "B"), ("x", 5, "D")]
    assert joined(tmp_path, [first, second], {"chr1": 500}) == found
    # The reference decides how a contig is called, and without it the first table that has it.
    assert joined(tmp_path, [first, second], {"1": 500})[:2] == [("1", 10, "A"), ("1", 30, "C")]
    assert joined(tmp_path, [second, first], {})[:2] == [("1", 10, "A"), ("1", 30, "C")]
    renamed = joined(tmp_path, [first, second], {"chr1": 500}, renamed={"chr2": "x"})
    assert renamed[2:] == [("chr2", 5, "D"), ("chr2", 20, "B")]


def test_of_equal_starts_of_two_tables_the_best_transcript_gives_its_name(tmp_path):
    paths = []
    for name, tag in (("plain", ()), ("mane", ("MANE_Select",))):
        path = tmp_path / f"{name}.gtf"
        path.write_text(transcript("A", 10, *tag).replace("A10", name))
        paths.append(path)
    tables = [read_genes(path, tss="preferred") for path in paths]
    assert [start.transcript_id for start in join_genes(tables, {})] == ["mane"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"\n#only\n\n", "comments only"),
        (b'c\ts\texon\t1\t5\t.\t+\t.\tgene_id "A";\n', "no gene and no transcript in this GTF file"),
        (b"\x00\xff\x7f" * 50, "not a gene table"),
    ],
)
def test_a_file_without_genes_is_refused(table, content, what):
    with pytest.raises(ResourceError, match=what):
        table(content)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(ResourceError, match="No such file"):
        read_genes(tmp_path / "missing.gtf", tss="all")
    with pytest.raises(ResourceError, match="Is a directory"):
        read_genes(tmp_path, tss="all")


FIELDS = [
    "chr1",
    "0",
    "7",
    "12",
    "+",
    "-",
    ".",
    "gene",
    "mRNA",
    'gene_id "A"; tag',
    "ID=a;Parent=b",
    "",
    "x\xff",
]
LINES = st.lists(st.sampled_from(FIELDS), max_size=16).map("\t".join)


@given(st.one_of(st.binary(max_size=200), st.lists(LINES, max_size=6).map(lambda x: "\n".join(x).encode())))
def test_whatever_the_bytes_it_is_a_table_or_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        genes = read_genes(path, tss="preferred")
    except ResourceError:
        event("refused")
    else:
        event("a table")
        assert len(genes.index) > 0
        assert all(start.pos >= 1 and start.strand in "+-" and start.symbol for start in starts_of(genes))


@needs(PIECES)
def test_gencode_by_hand():
    genes = read_genes(PIECES, tss="preferred")
    expected = [
        ("DEFB125", 68351, "ENST00000382410.2"),
        ("DEFB126", 123010, "ENST00000382398.3"),
        ("DEFB127", 138111, "ENST00000382388.3"),
        ("DEFB128", 170322, "ENST00000334391.4"),
        ("AL360078.1", 172940, "ENST00000544961.1"),
        ("DEFB129", 207899, "ENST00000246105.4"),
        ("DEFB132", 238377, "ENST00000382376.3"),
        ("RP5-1103G7.10", 247827, "ENST00000608495.1"),
    ]
    assert brief(genes) == expected
    assert genes.summary.endswith("(GTF): 8 genes, 8 transcription starts; best transcripts: 6 canonical, 2 other")
    second = [("DEFB125", 67891, "ENST00000608838.1"), ("DEFB126", 123275, "ENST00000542572.1")]
    assert sorted(brief(read_genes(PIECES, tss="all"))) == sorted(expected + second)


@needs(ABC)
@needs(ABC_500)
def test_gene_bounds_agree_with_their_windows_of_500_bases():
    genes = read_genes(ABC, tss="all")
    with gzip.open(ABC_500, "rt") as stream:
        rows = [line.split() for line in stream if not line.startswith("#")]
    agree = set()
    # By symbol: 42 of the Ensembl ids stand for genes that lie far apart.
    for contig, start, _, name, _, strand, *_ in rows:
        tss = int(start) + (251 if strand == "+" else 250)
        hits = genes.index.nearest(contig, Variant(contig, tss, "A", "C"))
        if any((hit.tss.symbol, hit.tss.strand, hit.distance) == (name, strand, 0) for hit in hits):
            agree.add((contig, name, tss))
    assert len(agree) == len(rows) == len(genes.index) == 20629
    assert {("chr1", "FAM138A", 36081), ("chr1", "OR4F5", 69091)} <= agree


@pytest.mark.parametrize("name", ["ncbiRefSeqSelect.hg37.txt.gz", "ncbiRefSeqSelect.hg38.txt.gz"])
def test_a_real_table_without_strand_is_refused(name):
    path = DATA / "tss" / name
    if not path.is_file():
        pytest.skip(f"{name} of the shared data is not here")
    with pytest.raises(ResourceError, match=f"{name}:1: the table has no strand column"):
        read_genes(path, tss="preferred")
