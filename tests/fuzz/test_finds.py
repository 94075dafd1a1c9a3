"""What the fuzzer found, each as a case that can be read."""

import gzip
import os
import struct

import pysam
import pytest
from fuzz import pieces
from fuzz.promise import annotation, check_kept, held
from fuzz.world import COLUMNS, HEADER, bgzf, fasta, plain_vcf, record

from varbind.io.vcf.bcf import encode

LONG = "99999999999999999999"


def refused(world, code, source, *options, **files):
    """The one line of a run that must end with that code."""
    outcome = held(world, *annotation(world, source, *options, **files), codes={code})
    return outcome.run.error


def kept(world, text, *options):
    """A VCF that must come through."""
    outcome = held(world, *annotation(world, world.file("in.vcf", text), *options), codes={0})
    check_kept(text, outcome)
    return outcome


@pytest.mark.parametrize("option", ["-T", "-R"])
@pytest.mark.parametrize("line", [b"chr1\t\xb2\t5", b"chr1\t5\t\xb3", b"chr1\t-5\t9", b"chr1\t5\t" + LONG.encode()])
def test_a_place_in_a_region_file_that_is_no_number(world, option, line):
    path = world.file("regions.txt", b"chr1\t1\t9\n" + line)
    assert f"{path}:2: expected CHROM, FROM, TO" in refused(world, 2, world.indexed, option, path)


@pytest.mark.parametrize("option", ["-T", "-R"])
@pytest.mark.parametrize(
    ("name", "line"), [("a.txt", b"chr1\t0\t0"), ("a.txt", b"chr1\t9\t5"), ("a.bed", b"chr1\t5\t5")]
)
def test_a_region_of_no_base_in_a_file(world, option, name, line):
    path = world.file(name, line)
    assert f"{path}:1: the region is empty" in refused(world, 2, world.indexed, option, path)


@pytest.mark.parametrize("option", ["-t", "-r"])
@pytest.mark.parametrize("region", [f"chr1:5-{LONG}", f"chr1:{LONG}", f"chr1:{LONG}-"])
def test_a_place_of_too_many_digits(world, option, region):
    assert "a position has more than 18 digits" in refused(world, 2, world.indexed, option, region)


@pytest.mark.parametrize("option", ["-t", "-r"])
def test_a_place_that_is_no_number_where_the_contig_is_known(world, option):
    assert "cannot read the positions of the region" in refused(world, 2, world.indexed, option, "chr1:`-5")


@pytest.mark.parametrize("region", ["chr1", "chr1:90-"])
def test_an_open_region_holds_positions_that_do_not_fit_32_bits(world, region):
    far = record("chr1", 90).replace(b"\t90\t", b"\t4294967296\t")
    kept(world, pieces.vcf(record("chr1", 90), far), "-t", region)


def test_a_far_region_of_a_bcf_holds_nothing(world):
    binary = world.case / "in.bcf"
    encode(str(world.vcf), str(binary), output_type="b", name="in.bcf")
    pysam.tabix_index(str(binary), preset="bcf", csi=True)
    outcome = held(world, *annotation(world, binary, "-r", "chr1:4294967296-"), codes={0})
    assert "0 records read, 0 written" in outcome.run.err


def binary_with(world, old, new):
    """A sound BCF with some of its bytes exchanged for as many."""
    declared = (HEADER, b'##INFO=<ID=X,Number=1,Type=String,Description="exchange">\n', COLUMNS + b"\n")
    text = world.file("text.vcf", pieces.vcf(record("chr1", 90, info="X=word"), header=declared))
    encode(str(text), str(world.case / "sound.bcf"), output_type="b", name="a BCF")
    sound = gzip.decompress((world.case / "sound.bcf").read_bytes())
    assert len(old) == len(new)
    assert old in sound
    return world.file("in.bcf", bgzf(sound.replace(old, new)))


@pytest.mark.parametrize(("old", "what"), [(b"word", "record 1 holds"), (b"exchange", "the header holds")])
def test_a_bcf_that_is_not_utf8(world, old, what):
    source = binary_with(world, old, b"\xe9" * len(old))
    assert f"{source}: {what} bytes that are not UTF-8; give it as VCF" in refused(world, 3, source)


def test_a_bcf_whose_value_would_make_another_record(world):
    source = binary_with(world, b"word", b"w\nrd")
    assert f"{source}: record 1 holds a line end within a value" in refused(world, 3, source)


def test_a_bcf_of_another_version(world):
    assert ": not a BCF" in refused(world, 3, binary_with(world, b"BCF\2\2", b"BCF\0\1"))


def test_a_block_whose_extra_field_is_no_bgzf(world):
    """Other programs find no BGZF there, and read other bytes or none."""
    damaged = bytearray(bgzf(plain_vcf()))
    damaged[10] = 0
    assert "truncated or corrupt" in refused(world, 3, world.file("in.vcf.gz", bytes(damaged)))


@pytest.mark.parametrize("digits", ["420" + "0" * 30, "9" * 5000])
def test_a_declared_length_of_many_digits(world, digits):
    header = HEADER + f"##contig=<ID=chr1,length={digits}>\n".encode() + COLUMNS + b"\n"
    source = world.file("in.vcf", pieces.vcf(record("chr1", 90), header=(header,)))
    assert "in the header, 420 in the reference" in refused(world, 4, source)


def test_an_index_of_digits_that_are_no_numbers(world):
    reference = world.file("reference.fa", fasta())
    world.file("reference.fa.fai", "chr1\t420\t20\t60\t61²\n".encode())
    assert "stale index: a line is malformed" in refused(world, 4, world.vcf, reference=reference)


@pytest.mark.parametrize("place", ["a block", "a node", "a circle", "unpacked"])
def test_a_track_that_asks_for_memory_that_is_not_there(world, place):
    """The library would end the process."""
    track = bytearray(world.track.read_bytes())
    root = struct.unpack_from("<Q", track, 24)[0] + 48
    is_leaf, count = struct.unpack_from("<BxH", track, root)
    assert (is_leaf, count > 1) == (1, True)
    if place == "a block":
        struct.pack_into("<Q", track, root + 4 + 24, 1 << 38)
    elif place == "a node":
        track[root] = 0
    elif place == "a circle":
        track[root : root + 4 + 24] = struct.pack("<BxH4IQ", 0, 1, 0, 0, 3, 0, root)
    else:
        struct.pack_into("<I", track, 52, (1 << 32) - 1)
    path = world.file("track.bw", bytes(track))
    assert f"{path}: the bigWig file is cut short or damaged" in refused(
        world, 4, world.vcf, "--conservation", f"a={path}"
    )


@pytest.mark.parametrize(
    "index", [b"", b"chr1\t420\t19\t60\t61\nchr\xe9\t4\t456\t4\t5\n", b"chr1\t420\t19\t60\t61\n\xe9"]
)
def test_a_reference_or_an_index_that_is_not_utf8(world, index):
    reference = world.file("reference.fa", fasta().partition(b">chr2")[0] + b">chr\xe9\nACGT\n")
    if index:
        world.file("reference.fa.fai", index)
    refused(world, 4, world.vcf, reference=reference)


def test_an_index_of_contigs_that_are_not_utf8(world):
    source, index = world.file("in.vcf.gz", world.indexed.read_bytes()), gzip.decompress(world.index.read_bytes())
    world.file("in.vcf.gz.tbi", bgzf(index.replace(b"chr2", b"chr\xe9")))
    assert "use -t" in refused(world, 2, source, "-r", "chr1")


INDEX_DAMAGES = {
    "another magic": lambda index: b"X" + index[1:],
    "a contig too few": lambda index: index[:4] + struct.pack("<i", 2) + index[8:],
    "a contig too many": lambda index: index[:4] + struct.pack("<i", 4) + index[8:],
    "a bin too many": lambda index: index[:51] + struct.pack("<i", 3) + index[55:],
    "a bin that is none": lambda index: index[:55] + struct.pack("<I", 99_999) + index[59:],
    "a chunk behind the end": lambda index: index[:71] + struct.pack("<Q", 1 << 40) + index[79:],
    "a chunk backwards": lambda index: index[:71] + struct.pack("<Q", 0) + index[79:],
    "an end too soon": lambda index: index[:-9],
    "more than it says": lambda index: index + b"\0" * 9,
}


@pytest.mark.parametrize("damage", INDEX_DAMAGES)
def test_an_index_that_is_not_sound(world, damage):
    """The library would end the process, or find nothing and say nothing."""
    source, index = world.file("in.vcf.gz", world.indexed.read_bytes()), gzip.decompress(world.index.read_bytes())
    path = world.file("in.vcf.gz.tbi", bgzf(INDEX_DAMAGES[damage](index)))
    assert f"{path}: the index is damaged: " in refused(world, 2, source, "-r", "chr1")


def test_an_index_that_is_older_than_its_file(world):
    source, index = world.file("in.vcf.gz", world.indexed.read_bytes()), world.index.read_bytes()
    path = world.file("in.vcf.gz.tbi", index)
    os.utime(path, (0, 0))
    outcome = held(world, *annotation(world, source, "-r", "chr1"), codes={0})
    assert f"{path}: the index is older than the file" in outcome.run.err
