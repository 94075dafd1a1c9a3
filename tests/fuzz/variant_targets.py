"""Variant files: text in any container, damaged containers, BCF."""

import gzip

import pysam
from fuzz import mutation, pieces
from fuzz.promise import annotation, check_binary, check_chosen, check_kept, counted, held, same_again, without_blocks
from fuzz.target import controlled, decompressed, target
from fuzz.world import bgzf, packed, plain_vcf

from varbind.io.vcf.bcf import encode

OPTIONS = (
    lambda world: (),
    lambda world: ("--everywhere",),
    lambda world: ("--overwrite",),
    lambda world: ("--check-ref", "e"),
    lambda world: ("--check-ref", "x", "--tss", "all"),
    lambda world: ("--prefix", "X.1"),
    lambda world: ("--effect", world.effect, "--explain"),
    lambda world: ("--max-indel", "2", "--top", "1"),
    lambda world: ("--allow-ref-mismatch", "--allow-length-mismatch"),
    lambda world: (
        "--conservation",
        f"phyloP_a={world.track}",
        "--effect",
        world.effect,
        "--everywhere",
        "--overwrite",
    ),
    lambda world: ("-t", "chr1:1-200,chr2"),
    lambda world: ("-O", "z"),
    lambda world: ("-O", "z", "-W"),
    lambda world: ("-O", "b"),
)


def same_twice(world, words, outcome, how):
    """The same run in another way gives the same bytes: in batches of one, by all threads, or record by record."""
    if how == 1:
        other = held(world, *words, "--batch-size", "1", "--threads", "1")
    elif how == 2:
        with without_blocks():
            other = held(world, *words, "--threads", "1")
    else:
        other = held(world, *words, "--batch-size", "2", "--threads", "2")
    assert other.code == outcome.code, (outcome.run.err, other.run.err)
    assert other.output == outcome.output
    # Which contig is named first, and when a file is refused, may not depend on it either.
    assert other.run.err == outcome.run.err


@target(
    "vcf",
    seeds=lambda world: [bytes([n % 5, n % len(OPTIONS), n % 6]) + text for n, text in enumerate(vcf_seeds())],
    mutate=mutation.Lines(pieces.LINES, pieces.WORDS, repair=pieces.true_record),
    controls=3,
)
def check_vcf(world, data):
    """Text, in any container, with any options: read whole, by blocks or line by line, and read again."""
    (container, option, second), text = controlled(data, 3)
    options, how = OPTIONS[option % len(OPTIONS)](world), second % 6
    source = world.file("in.vcf", packed(text, container))
    words = annotation(world, source, *options)
    results = {"out.vcf.csi"} if "-W" in options else ()
    outcome = held(world, *words, "--threads", "1", results=results)
    if how in {1, 2, 3} and not results:
        same_twice(world, words, outcome, how)
    if how == 5 and not results:
        held(world, "check", source, "-f", world.reference, "--genes", world.genes, "--bank", world.bank)
    if outcome.code == 0:
        check_result(world, text, outcome, options)
        if how == 4 and not {"-O", "-t", "X.1"} & set(options):
            same_again(world, text, outcome, options)


def check_result(world, text, outcome, options):
    """What a run with those options must have kept."""
    if "b" in options:
        world.output.write_bytes(outcome.output)
        check_binary(world, outcome)
    elif "-t" in options:
        check_chosen(text, outcome)
    else:
        prefix = "X.1" if "X.1" in options else "VARBIND"
        read = outcome if "z" not in options else outcome.decompressed()
        check_kept(text, read, prefix, overwrite="--overwrite" in options)


def vcf_seeds():
    """Headers and records, each with what is sound around it."""
    records = pieces.RECORDS
    yield plain_vcf()
    yield plain_vcf().replace(b"\n", b"\r\n")
    yield plain_vcf().removesuffix(b"\n")
    yield pieces.vcf()
    yield pieces.vcf(*records[:12])
    yield pieces.vcf(*records[::-1][:7])
    yield from (pieces.vcf(records[0], line, records[1]) for line in records)
    for line in pieces.HEADER_LINES[2:20]:
        yield pieces.vcf(*records[:3], header=(pieces.HEADER, line + b"\n", pieces.COLUMNS + b"\n"))
    samples = [line.removesuffix(b"\n") + b"\tGT:DP\t0|1:3\n" for line in records[:12]]
    yield pieces.vcf(*samples, header=(pieces.HEADER, pieces.COLUMNS + b"\tFORMAT\ts1\n"))
    first = records[0].split(b"\t")
    for info in pieces.INFOS:
        yield pieces.vcf(b"\t".join([*first[:7], info]) + b"\n")
    for alleles in pieces.ALLELES:
        yield pieces.vcf(b"\t".join([*first[:4], alleles, *first[5:]]))


@target(
    "rank",
    seeds=lambda world: [bytes([how]) + annotated(world, *words) for how, words in enumerate(ANNOTATED)],
    mutate=mutation.Lines(pieces.LINES, (*pieces.WORDS, *pieces.VALUES), separator=b";"),
    controls=1,
)
def check_rank(world, data):
    """An annotated file that was damaged since: a table of it is whole rows, or it is refused."""
    (how,), text = controlled(data, 1)
    further = ("--samples", "--info", "VARBIND_PHRED,VARBIND_STATUS")
    options = ((), ("--all",), ("--by", "activity"), ("--top", "1"), further)[how // 5 % 5]
    table = world.results / "table.tsv"
    words = ("rank", world.file("in.vcf", packed(text, how)), "-o", table, *options)
    if held(world, *words, results={table.name}).code == 0:
        rows = table.read_bytes().decode().split("\n")
        assert rows.pop() == ""
        assert len({row.count("\t") for row in rows}) == 1


ANNOTATED = ((), ("--everywhere",), ("--everywhere", "--no-version"))


def annotated(world, *options):
    """What the program wrote."""
    words = ("--effect", world.effect, "--explain", "--conservation", f"phyloP_a={world.track}", *options)
    return held(world, *annotation(world, world.vcf, *words), codes={0}).output


@target(
    "container",
    seeds=lambda world: [bytes([how]) + packed(plain_vcf(), how) for how in (1, 2, 3, 4)],
    mutate=mutation.container,
    controls=1,
)
def check_container(world, data):
    """A file that may be damaged anywhere; what comes through is what the gzip library reads."""
    (allow,), packed_text = controlled(data, 1)
    options = ("--allow-truncated",) if allow % 2 else ()
    outcome = held(world, *annotation(world, world.file("in.vcf.gz", packed_text), "--threads", "1", *options))
    if outcome.code == 0:
        text = decompressed(packed_text)
        assert text is not None
        check_kept(text, outcome)


@target(
    "bcf",
    seeds=lambda world: [bytes([n % 4]) + seed for n, seed in enumerate(bcf_seeds(world))],
    mutate=mutation.binary_records,
    controls=1,
)
def check_bcf(world, data):
    """The decompressed bytes of a BCF, in any container; the records that are said to be written are there."""
    (how,), body = controlled(data, 1)
    source = world.file("in.bcf", packed(body, how))
    options = ("-O", "b") if how & 4 else ()
    outcome = held(world, *annotation(world, source, "--threads", "1", *options))
    if outcome.code == 0:
        check_decoded(world, world.file("whole.bcf", bgzf(body)), outcome, binary=bool(options))


def check_decoded(world, source, outcome, *, binary):
    """As many records as htslib finds; the values are htslib's as well."""
    with pysam.VariantFile(str(source)) as sound:
        count = sum(1 for _ in sound)
    assert counted(outcome.run) == (count, count)
    if binary:
        world.output.write_bytes(outcome.output)
        check_binary(world, outcome)
    else:
        check_chosen(outcome.output, outcome)


def bcf_seeds(world):
    """BCF of sound files."""
    samples = [line.removesuffix(b"\n") + b"\tGT\t0|1\n" for line in pieces.RECORDS[:4]]
    head = (pieces.HEADER, pieces.COLUMNS + b"\tFORMAT\ts1\n")
    texts = [plain_vcf(), pieces.vcf(*samples, header=head)]
    for number, text in enumerate(texts):
        source, binary = world.file(f"seed{number}.vcf", text), world.case / f"seed{number}.bcf"
        encode(str(source), str(binary), output_type="b", name="a seed")
        yield gzip.decompress(binary.read_bytes())
