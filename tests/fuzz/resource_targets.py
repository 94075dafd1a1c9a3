"""Everything else that is read: regions, genes, references, banks, second stages, tracks, sequences, options."""

import gzip
import re

from fuzz import mutation, pieces
from fuzz.promise import annotation, check_chosen, check_kept, counted, held, same_again
from fuzz.target import controlled, target
from fuzz.world import bgzf, fasta, packed, plain_vcf


@target(
    "regions",
    seeds=lambda world: [bytes([n % 8]) + line for n, line in enumerate(pieces.REGION_LINES * 2)],
    mutate=mutation.Lines(pieces.REGION_LINES, pieces.REGION_WORDS),
    controls=1,
)
def check_regions(world, data):
    """Regions and targets, in a word or a file: of SNVs both choose the same records."""
    (how,), text = controlled(data, 1)
    if how % 2:
        name = ("regions.txt", "regions.bed", "regions.txt.gz", "regions.bed.gz")[how // 2 % 4]
        value = world.file(name, gzip.compress(text, 1, mtime=0) if name.endswith(".gz") else text)
        options = ("-T", "-R")
    else:
        value, options = text.replace(b"\0", b"").decode("utf-8", "surrogateescape"), ("-t", "-r")
    chosen = [held(world, *annotation(world, world.indexed, option, value, "--threads", "1")) for option in options]
    assert chosen[0].code == chosen[1].code, [outcome.run.err for outcome in chosen]
    if chosen[0].code == 0:
        check_chosen(plain_vcf(), chosen[0])
        lines = [sorted(outcome.output.splitlines()) for outcome in chosen]
        assert lines[0] == lines[1]


@target(
    "index",
    seeds=lambda world: [gzip.decompress(world.index.read_bytes())],
    mutate=mutation.number,
    controls=0,
)
def check_index(world, data):
    """The decompressed bytes of an index; whatever it says, what comes is of the file."""
    source = world.file("in.vcf.gz", world.indexed.read_bytes())
    world.file("in.vcf.gz.tbi", bgzf(data))
    outcome = held(world, *annotation(world, source, "-r", "chr1:5-200,chr2", "--threads", "1"))
    if outcome.code == 0:
        check_chosen(plain_vcf(), outcome)


@target(
    "genes",
    seeds=lambda world: [bytes([n % 5, n % 2]) + line + b"\n" for n, line in enumerate(pieces.GENE_LINES * 2)],
    mutate=mutation.Lines(pieces.GENE_LINES, pieces.GENE_WORDS),
    controls=2,
)
def check_genes(world, data):
    """A gene table of any format in any container."""
    (container, option), text = controlled(data, 2)
    options = ((), ("--tss", "all"), ("--everywhere",), ("--everywhere", "--tss", "all"))[option % 4]
    genes = world.file("genes", packed(text, container))
    outcome = held(world, *annotation(world, world.vcf, *options, "--threads", "1", genes=genes))
    if outcome.code == 0:
        check_kept(plain_vcf(), outcome)
        if option & 8:
            same_again(world, plain_vcf(), outcome, options, genes=genes)


@target(
    "map",
    seeds=lambda world: [line + b"\n" + other for line in pieces.MAP_LINES for other in (b"", b"chr2 chr2\n")],
    mutate=mutation.Lines(pieces.MAP_LINES, pieces.CHROMS),
    controls=0,
)
def check_map(world, data):
    """A contig map."""
    path = world.file("map", data)
    outcome = held(world, *annotation(world, world.vcf, "--contig-map", path, "--threads", "1"))
    if outcome.code == 0:
        check_kept(plain_vcf(), outcome)


_WRITES = re.compile(r"-\w*o|--output|--stats|--device")
BREAK = b"\n%%\n"


@target(
    "fasta",
    seeds=lambda world: fasta_seeds(),
    mutate=mutation.Lines((*pieces.FASTA_LINES, *pieces.INDEX_LINES, b"%%"), pieces.INDEX_WORDS),
    controls=1,
)
def check_fasta(world, data):
    """A reference with or without index; with one, the values are those without it, or it is refused."""
    (how,), text = controlled(data, 1)
    bases, _, index = text.partition(BREAK)
    content = (lambda: bases, lambda: bgzf(bases), lambda: bgzf(bases, 97), lambda: gzip.compress(bases, 1))[how % 4]()
    reference = world.file("reference.fa", content)
    options = ("--threads", "1", "--no-version", "--allow-ref-mismatch", "--allow-length-mismatch")
    words = annotation(world, world.vcf, *options, reference=reference)
    outcome = held(world, *words)
    if outcome.code == 0:
        check_kept(plain_vcf(), outcome)
    if index and how % 4 == 0:
        world.file("reference.fa.fai", index)
        indexed = held(world, *words)
        if indexed.code == 0:
            assert indexed.output == outcome.output, outcome.run.err


def fasta_seeds():
    """The reference in lines of two widths, with its index and with others."""
    texts = [fasta(), fasta(500), fasta().replace(b"\n", b"\r\n"), fasta() + b">empty\n"]
    index = b"chr1\t420\t20\t60\t61\nchr2\t150\t467\t60\t61\nchrM\t40\t640\t40\t41\n"
    return [bytes([how]) + text + tail for text in texts for tail in (b"", BREAK + index) for how in range(4)]


FOLDERS = (
    ("bank", "card.json", mutation.json_text),
    ("bank", "weights.safetensors", mutation.array_file),
    ("bank", "background.safetensors", mutation.array_file),
    ("effect", "card.json", mutation.json_text),
    ("effect", "weights.safetensors", mutation.array_file),
)


def _folder_target(kind, name, mutate):
    """A file of a bank or second stage, for which the card vouches."""

    @target(
        f"{kind}-{name.partition('.')[0]}",
        seeds=lambda world: [world.content(kind, name)],
        mutate=mutate,
        controls=0,
    )
    def check_folder(world, data):
        options = {kind: world.card_folder(kind, name, data)}
        # A bank of other weights is not the one that the second stage was trained on.
        stage = options.get("effect", "none")
        words = annotation(world, world.vcf, "--effect", stage, "--threads", "1", bank=options.get("bank"))
        outcome = held(world, *words)
        if outcome.code == 0:
            check_kept(plain_vcf(), outcome)

    return check_folder


for _folder in FOLDERS:
    _folder_target(*_folder)


@target("track", seeds=lambda world: [world.track.read_bytes()], mutate=mutation.number, controls=0)
def check_track(world, data):
    """A bigWig file."""
    path = world.file("track.bw", data)
    words = annotation(world, world.vcf, "--conservation", f"a={path}", "--everywhere", "--threads", "1")
    outcome = held(world, *words)
    if outcome.code == 0:
        check_kept(plain_vcf(), outcome)


@target(
    "sequences",
    seeds=lambda world: [
        bytes([n]) + text for n, text in enumerate((fasta(), b"ACGT\n\nacgu # x\n", b">a\nACGTR\n" * 3))
    ],
    mutate=mutation.Lines((*pieces.FASTA_LINES, b"ACGT # x"), (*pieces.ALLELES, b">", b"#", b" ")),
    controls=1,
)
def check_sequences(world, data):
    """Sequences to score, in any container."""
    (how,), text = controlled(data, 1)
    mode = ((), ("--mode", "scan"), ("--long",))[how // 5 % 3]
    source = world.file("sequences", packed(text, how))
    outcome = held(world, "score", source, "--bank", world.bank, *mode, codes={0, 3})
    if outcome.code == 0:
        rows = outcome.run.out.decode().split("\n")
        assert len({row.count("\t") for row in rows[:-1]}) == 1
        assert rows[-1] == ""


@target(
    "options",
    seeds=lambda world: [b"\n".join(pieces.OPTION_WORDS[n : n + 2]) for n in range(len(pieces.OPTION_WORDS))],
    mutate=mutation.Lines(pieces.OPTION_WORDS, pieces.OPTION_WORDS, separator=b" "),
    controls=0,
)
def check_options(world, data):
    """Words of the command line, one a line; no word can name a file outside the small world, or one to write."""
    named = {"TRACK": world.track, "EFFECT": world.effect, "BANK": world.bank, "GENES": world.genes, "VCF": world.vcf}
    words = data.replace(b"\0", b"").replace(b"/", b"").decode("utf-8", "surrogateescape").split("\n")
    for name, path in (named | {"REF": world.reference}).items():
        words = [word.replace(name, str(path)) for word in words]
    words = [word for word in words if not _WRITES.match(word)]
    source = world.indexed if {"-r", "-R"} & set(words) else world.vcf
    outcome = held(world, *annotation(world, source), *words, results={"out.vcf.csi", "out.vcf.tbi"})
    if " records read" in outcome.run.err:
        read, written = counted(outcome.run)
        assert read == written
