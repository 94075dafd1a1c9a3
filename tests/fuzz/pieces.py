"""Valid and odd pieces of the files of the field, in one place: the mutators and the strategies build from them."""

from fuzz.world import BASES, COLUMNS, HEADER, LENGTHS, record


def words(text):
    """Words between blanks."""
    return tuple(text.encode().split())


def rows(*texts):
    """Lines whose columns stand between blanks here."""
    return tuple(text.encode().replace(b" ", b"\t") for text in texts)


HEADER_LINES = (
    b"##fileformat=VCFv4.1",
    b"##fileformat=VCFv4.5",
    b"##contig=<ID=chr1,length=420>",
    b"##contig=<ID=chr1,length=421>",
    b"##contig=<ID=1,length=420>",
    b"##contig=<ID=chr2>",
    b"##contig=<length=40,ID=chrM>",
    b"##contig=<ID=MT,length=99999999999999999999>",
    b"##contig=<ID=>",
    b'##INFO=<ID=DP,Number=1,Type=Integer,Description="a \\" quote, > and <">',
    b'##INFO=<ID=END,Number=1,Type=Integer,Description="end">',
    b'##INFO=<ID=VARBIND_STATUS,Number=A,Type=String,Description="ours">',
    b'##INFO=<ID=VARBIND_OTHER,Number=1,Type=String,Description="not ours">',
    b'##INFO=<Number=A,ID=VARBIND_GENE,Type=String,Description="in another order">',
    b"##varbind_annotateCommand=annotate",
    b"##varbind_bank=<ID=motifs>",
    b'##FILTER=<ID=PASS,Description="">',
    b'##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
    b"##ALT=<ID=DEL,Description=deletion",
    b"##no equals sign",
    b"##",
    b"",
    b"\r",
    COLUMNS,
    COLUMNS + b"\tFORMAT\ts1",
    COLUMNS + b"\tFORMAT\ts1\ts\xe9 2",
    COLUMNS.replace(b"\t", b" "),
    b"#CHROM\tPOS\tID\tREF\tALT",
    b"# a comment",
)
CHROMS = (*words("chr1 1 chr2 chrM MT M chr9 . chr1:5 HLA-A*01:01 <chr1>"), b"", b"c\xe9")
POSITIONS = (*words("0 1 5 90 101 199 205 300 419 420 421 422 007"), b"")
NUMBERS = (*words("-1 1e3 1.0 +5 4294967296 999999999999999999 9999999999999999999 \u0663"), b" 7")
ALLELES = (
    *words("A C G T a N R U n AC CACACA acg ACGTN - ? . * <DEL> <INS> <CN2> <*> <NON_REF> <> <DEL G]chr2:5] [chr1:9[A"),
    *words(".A A. A,C A,<*> *,A A,. A,,C <*>,<NON_REF> , A,A A,<DEL>,G]1:2]"),
    *(b"A" * 51, b"", b"A C"),
)
INFOS = (
    *words(". DP=1 DP=1;END=105 END=5 DP ; DP=1; ;DP=1 DP=nan;AF=1e400 A=%3B%2C DP=1;DP=1 E=\u00e9"),
    *words("VARBIND_STATUS=ok DP=1;VARBIND_GENE=a VARBIND_STATUS VARBIND_OTHER=1 X=VARBIND_STATUS=ok VARBIND_CONS_=1"),
    *words("VARBIND_STATUS=ok;DP=2 VARBIND_CONS_x=1;VARBIND_FLAG=padded XVARBIND_STATUS=1"),
    *words("VARBIND_STATUS=ok;VARBIND_STATUS=ok ;;VARBIND_STATUS=ok;;"),
    *(b"", b"\xff\xfe", b"T=a b"),
)
VALUES = (
    *words(
        "VARBIND_SCORE=1e400 VARBIND_SCORE=nan VARBIND_SCORE=., VARBIND_PHRED=a VARBIND_GENE=a|b VARBIND_STATUS=ok,ok"
    ),
    *words("VARBIND_GENE=G%0A|%09|%00|+|-5|%zz VARBIND_TSSDIST=1e9 VARBIND_BIND_LOSS=a|b|c|1|2&& VARBIND_FLAG=&padded"),
    *words("VARBIND_GENE=a|b|c|+|99999999999999999999|x VARBIND_EXPLAIN=M1|nan&|| VARBIND_CONS_phyloP_a=x"),
)
SAMPLES = words("GT GT:LAA:GP 0|1 /0/1 ./. 1:.:0.1,nan rs1 PASS q10;s50 3.0e-1 1e999")
WORDS = (*CHROMS, *POSITIONS, *NUMBERS, *ALLELES, *INFOS, *SAMPLES)
RECORDS = (
    record("chr1", 90),
    record("chr1", 101, info="."),
    record("chr1", 5),
    record("chr1", 124, ref=BASES["chr1"][123:127], alt=BASES["chr1"][123:125]),
    record("chr1", 122, alt=BASES["chr1"][121] + "CA"),
    record("chr1", 320, alt="A,C,G,T"),
    record("chr1", 90, alt="<*>"),
    record("chr1", 90, alt="."),
    record("chr1", 90, alt="A,*,<DEL>"),
    record("chr1", 421, ref="N", alt="A"),
    record("chr2", 33),
    record("chr2", 140, ref=BASES["chr2"][139], alt="AG"),
    record("chrM", 7, rest="\tGT\t0|1"),
    record("chrM", 1, ref=BASES["chrM"], alt="A"),
    b"1\t90\t.\tA\tC\t.\t.\t.\n",
    b"\r\n",
    b"\n",
)
LINES = (*HEADER_LINES, *(line.rstrip(b"\n") for line in RECORDS))

REGION_LINES = (
    *words("chr1:5-90 chr1 chr1:90 chr1:90- chr2:33-33,chr1 ^chr1 chr1:0-5 chr1:9-5 a,,b HLA-A*01:01:5-9"),
    *rows("chr1 5 90", "chr1 90", "chr2 0 40", "#chr1 1 2", "chr1 9 5", "chr1 0 0", "chr1 5 90 name 0 +"),
    *(b"track name=x", b"browser hide", b"chr1\t5\t99999999999999999999", b"chr1\t\xb2\t5"),
)
REGION_WORDS = (*CHROMS, *POSITIONS, *NUMBERS, *words("- : , ^ \u00b2 chr1:1-4294967296 2147483648"), b"\xb2")
MAP_LINES = (
    *rows("1 chr1", "chr1 chr1", "chr1 nowhere", "MT chrM", "chr1"),
    b"chr1 chr2",
    b"a b c",
    b"# 1",
    b"",
    b"\xff",
)

GTF = b'chr1\tx\ttranscript\t100\t300\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; gene_name "A;B"; tag "MANE_Select";'
GFF3 = b"chr1\tx\tgene\t100\t300\t.\t-\t.\tID=gene:G1;Name=A%2CB;biotype=protein_coding"
RNA = GFF3.replace(b"gene\t", b"mRNA\t").partition(b"ID=")[0]
GENE_PRED = b"1\tNM_1\tchr1\t+\t99\t300\t120\t200\t1\t99,\t300,\t0\tSYM\tcmpl\tcmpl\t0,"
GENE_LINES = (
    *(GTF, GTF.replace(b"transcript\t", b"gene\t"), GTF.replace(b"+", b"-"), GTF.replace(b"chr1", b"1"), GFF3),
    RNA + b"ID=transcript:T1;Parent=gene:G1;tag=Ensembl_canonical",
    RNA + b"ID=transcript:T1;Parent=transcript:T1",
    *rows("chr1 99 300 G1 0 +", "chr2 40 90 G2 0 - ENSG1", "SYM NM_1 chr1 - 99 300 120 200 1 99, 300,"),
    *(GENE_PRED, GENE_PRED[2:], b"#chr start end name score strand ensembl_id gene_type", b"##gff-version 3"),
    *(b"##FASTA", b">chr1", b"#!genome-build x", b"track name=x", b"browser x", b"#", b""),
)
GENE_WORDS = (
    *(*CHROMS, *POSITIONS, *NUMBERS),
    *words(
        "+ - . ? gene transcript lncRNA exon pseudogene ID=a%00b ID=%0A ID=%ff Parent=G1,G2 = ; % %zz \u2028 \u00e9"
    ),
    *words("999999999999999 1000000000000000"),
    *(b'gene_id ""', b'gene_id "a\tb"', b"Name=a b", b'gene_name "', b'tag "appris_principal_1"', b"\xe9"),
)
FASTA_LINES = (
    *words("> >chr1 >chr3 acgtn ACGT> ;comment NNNN"),
    b"ACGT" * 15,
    b"> chr1",
    b">chr1\tx",
    b"",
    b"\r",
    b"A C",
)
INDEX_LINES = rows("chr1 420 20 60 61", "chr1 420 20 420 421", "chr2 0 0 0 0", "chr1 -1 20 60 61", "chr1 420")
INDEX_WORDS = (*CHROMS, *words("0 1 60 61 59 420 421 20 21 9999999999999999999 -5 \u00b2"), b"\xb2")
OPTION_WORDS = (
    *words("--everywhere --proteins PM1,M2 all dna default @names --promoter 0 5,5 1e3 --tss all preferred --top 1 -1"),
    *words(
        "--conservation a=TRACK = --effect EFFECT none BANK --explain --check-ref e w x --max-indel --bank --genes -f"
    ),
    *words("--contig-map GENES VCF REF -r -R -t -T chr1:5-90 --threads 2 --batch-size --overwrite --prefix V.1 1V"),
    *words("--no-version -O v z9 b u zz -W -W=tbi --write-index csi --allow-truncated --allow-ref-mismatch -q -v"),
    *words("--allow-length-mismatch --help --version -- - --device cpu auto gpu 99999999999999999999 \u00b2"),
    *(b"", b"a b=TRACK", b"\xff"),
)


def true_record(fields, random):
    """A record whose REF is that of the reference, on a contig that it has, with an ALT of a sound kind."""
    if len(fields) < 8:
        return fields
    chrom = fields[0].decode("latin-1")
    chrom = chrom if chrom in LENGTHS else random.choice(list(LENGTHS))
    is_there = fields[1].isdigit() and 0 < int(fields[1][:18]) <= LENGTHS[chrom]
    pos = int(fields[1]) if is_there else random.randint(1, LENGTHS[chrom])
    ref = BASES[chrom][pos - 1 : pos - 1 + random.choice((1, 1, 1, 2, 5, 60))].encode()
    other = b"ACGT"[random.randrange(4) :][:1]
    alts = (fields[4], other, ref[:1], ref + ref[-1:] * 2, ref[:1] + b"CA", b"A,C,G", ref[-1:])
    return [chrom.encode(), str(pos).encode(), fields[2], ref, random.choice(alts), *fields[5:]]


def vcf(*lines, header=(HEADER, COLUMNS + b"\n")):
    """A VCF of those records."""
    return b"".join([*header, *lines])
