"""The files that the pages call the user's own: variants of GRCh38 around the start of TERT, a reference and a gene."""

import gzip

from sparse_genome import LENGTHS, TERT, sparse_fasta

CONTIG, POS, START = TERT["GRCh38"]


def base_at(fasta, pos):
    _, _, first, _, _ = fasta.with_name(f"{fasta.name}.fai").read_text().split("\t")
    with fasta.open("rb") as stream:
        stream.seek(int(first) + pos - 1)
        return stream.read(1).decode()


def gene_lines():
    """TERT with one coding exon, which ends 100 bases after the start."""
    attributes = 'gene_id "ENSG1"; gene_name "TERT"; transcript_id "ENST1"; transcript_type "protein_coding";'
    spans = {"transcript": (START - 5000, START), "exon": (START - 5000, START), "CDS": (START - 5000, START - 100)}
    return "".join(
        f"{CONTIG}\tHAVANA\t{kind}\t{low}\t{high}\t.\t-\t.\t{attributes}\n" for kind, (low, high) in spans.items()
    )


def write_own_data(folder):
    """Write in.vcf.gz, reference.fa and genes.gtf.gz into a folder."""
    fasta = sparse_fasta(folder / "reference.fa", {CONTIG: LENGTHS["GRCh38"][CONTIG]}, CONTIG, POS)
    records = [f"{CONTIG}\t{POS}\tC228T\tG\tA"]
    for pos in range(START - 200, START + 500, 70):
        ref = base_at(fasta, pos)
        records.append(f"{CONTIG}\t{pos}\t.\t{ref}\t{'C' if ref != 'C' else 'G'}")
    records.append(f"{CONTIG}\t{START + 550}\tgap\t{base_at(fasta, START + 550)}\t<DEL>")
    text = f"##fileformat=VCFv4.3\n##contig=<ID={CONTIG},length={LENGTHS['GRCh38'][CONTIG]}>\n"
    text += '##INFO=<ID=AC,Number=A,Type=Integer,Description="count">\n'
    text += '##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">\n'
    text += '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tCHILD\n"
    text += "".join(f"{record}\t.\t.\tAC=1;AF=0.5\tGT\t0/1\n" for record in records)
    for name, content in (("in.vcf.gz", text), ("genes.gtf.gz", gene_lines())):
        with gzip.open(folder / name, "wt") as stream:
            stream.write(content)
    return folder
