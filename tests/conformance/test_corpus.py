"""Real files that test readers of VCF: every one is kept byte for byte, or refused in one line that says why.

The reference of each is made from its own REFs, so that its records are scored, and what must be said of each allele
is worked out beside the program.
"""

import shutil
from collections import Counter

import pytest
from conformance import table
from conformance.agreement import CARRIED
from conformance.corpus import MANIFEST, read_corpus, rows_of
from conformance.verdicts import BAD, GOOD, KEPT, Examination
from quick_cases import first_quick

# Files that their owners do not call invalid, and the row of the contract by which they must be refused.
REFUSED = {
    "test__longrefs__index.expected1.vcf": "row 10: records without a header",
    "test__longrefs__index.expected2.vcf": "row 10: records without a header",
    "cyvcf2__tests__test-invalid-header.vcf": "row 13: a record with too few columns",
}
EVERY = 8
"""Of so many invalid files the sample has one."""

# A BCF cannot hold what these say; all but the last two are invalid besides.
BEYOND_BCF = {
    "test__vcf__4.1__failed__failed_body_info_033.vcf": "'MY=my_string', which would become 'MY=.'",
    "test__vcf__4.1__failed__failed_body_info_034.vcf": "'MY=9.3', which would become 'MY=9'",
    "test__vcf__4.3__failed__failed_body_qual_000.vcf": "'quality', which would become '0'",
    "test__vcf__4.3__failed__failed_body_info_integer_overflow.vcf": "which would become 'INT=.'",
    "test__vcf__4.3__failed__failed_body_info_integer_reserved.vcf": "which would become 'INT=.'",
    "test__vcf__4.3__failed__failed_body_info_integer_underflow.vcf": "which would become 'INT=.'",
    "test__longrefs__index.vcf": "ends behind 2,147,483,647, the last position of BCF",
    "test__noroundtrip.vcf": "invalid tag",
}


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "vcf-conformance"


@pytest.fixture(scope="module", params=first_quick(["sample", "everywhere", "promoters"]))
def verdicts(request, folder, tiny_bank_path):
    """A single record has its promoter: only where there are more, some are passed on; another slow test takes all."""
    files, promoters = read_corpus(folder), request.param == "promoters"
    if request.param == "sample":
        files = [file for number, file in enumerate(files) if file.expect != "invalid" or number % EVERY == 0]
    if promoters:
        files = [file for file in files if len(rows_of(file.text())) > 1]
    return list(table.verdicts(files, "--bank", tiny_bank_path, promoters=promoters))


def test_the_corpus_is_the_one_that_its_manifest_lists(folder):
    listed = (folder / MANIFEST).read_text().splitlines()[1:]
    files = read_corpus(folder)
    assert sorted(line.split("\t")[1] for line in listed) == sorted(file.path.name for file in files)
    assert all(file.unchanged() for file in files)
    assert {file.expect for file in files} == {"valid", "invalid", "suspect", "unstated"}


def test_nothing_is_altered_dropped_or_half_written(verdicts):
    assert [(verdict.specimen.path.name, verdict.error) for verdict in verdicts if verdict.outcome in BAD] == []


def test_what_its_owner_does_not_call_invalid_comes_through(verdicts):
    """Also read: htslib's tests of tabix hold two results that are lines without a header."""
    others = [verdict for verdict in verdicts if verdict.specimen.expect != "invalid"]
    refused = {verdict.specimen.path.name for verdict in others if verdict.outcome not in KEPT}
    assert refused == REFUSED.keys() & {verdict.specimen.path.name for verdict in others}


def test_statuses_and_counts_are_those_worked_out_beside(verdicts):
    assert [(verdict.specimen.path.name, verdict.flaws) for verdict in verdicts if verdict.flaws] == []
    met = sum((verdict.found for verdict in verdicts), Counter())
    assert met["ok"] > len(verdicts) / 2
    assert met.keys() >= {"ref_mismatch", "off_contig", "telomere", "symbolic", "breakend", "star", "no_alt"}


def test_a_refusal_names_the_file_the_place_and_the_remedy(verdicts):
    refused = [verdict for verdict in verdicts if verdict.outcome == "refused"]
    assert refused
    for verdict in refused:
        error = verdict.error
        assert error.startswith(f"varbind: error: {verdict.specimen.path}:")
        what, _, remedy = error.partition("; ")
        assert remedy or what.endswith("(empty)")
        # An empty file has no line, and names of contigs are a matter of the whole file.
        assert verdict.code == 4 or what.endswith("(empty)") or error.split(".vcf:")[1][0].isdigit()


def test_the_table_has_every_file(verdicts):
    *_, sums = table.by_owner(verdicts).splitlines()
    assert sum(map(int, sums.split("|")[2:-1])) == len(verdicts)
    assert table.by_owner(verdicts).splitlines()[0] == f"| owner says | {' | '.join((*GOOD, *BAD))} |"
    reasons = [line.split(" | ") for line in table.by_reason(verdicts).splitlines()[2:]]
    assert sum(int(row[-1].strip("| ")) for row in reasons) == sum(bool(verdict.error) for verdict in verdicts)
    assert {row[-2] for row in reasons} <= {"3", "4"}


@pytest.fixture
def room(tmp_path):
    """Empties a folder between two files."""

    def emptied():
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        return tmp_path

    return emptied


@pytest.mark.slow
@pytest.mark.parametrize("promoters", [False, True], ids=["everywhere", "promoters"])
def test_the_same_again_from_its_own_output_and_to_bcftools(folder, tiny_bank_path, bcftools, room, promoters):
    """With ten times the reference, so that more is scored."""
    flaws, read = {}, 0
    for specimen in read_corpus(folder):
        options = {"promoters": promoters, "carried": 10 * CARRIED}
        examination = Examination(specimen, room(), "--bank", tiny_bank_path, **options)
        verdict = examination.verdict()
        found = list(verdict.flaws)
        if verdict.outcome in KEPT:
            found += [*examination.again(), *examination.seen_by(bcftools)]
            read += 1
        if found or verdict.outcome in BAD:
            flaws[specimen.path.name] = [verdict.outcome, *found]
    assert read > 500
    assert flaws == {}


@pytest.mark.slow
def test_into_bgzf_every_byte_survives(folder, tiny_bank_path, room):
    kept = [file for file in read_corpus(folder) if file.expect != "invalid" and file.path.name not in REFUSED]
    for specimen in kept:
        verdict = Examination(specimen, room(), "--bank", tiny_bank_path).verdict(output="out.vcf.gz")
        assert (verdict.outcome, verdict.flaws) == ("equal" if specimen.is_bcf else "exact", ()), specimen.path.name


@pytest.mark.slow
def test_into_bcf_every_value_survives_or_the_run_fails(folder, tiny_bank_path, room):
    refused = {}
    for specimen in (file for file in read_corpus(folder) if file.path.name not in REFUSED):
        verdict = Examination(specimen, room(), "--bank", tiny_bank_path).verdict(output="out.bcf")
        if verdict.code == 5:
            refused[specimen.path.name] = verdict.error
        elif verdict.code == 0:
            assert (verdict.outcome, verdict.flaws) == ("equal", ()), specimen.path.name
        assert verdict.outcome in GOOD, verdict
    assert all("cannot be written as BCF" in error for error in refused.values())
    sound = {file.path.name for file in read_corpus(folder) if file.expect != "invalid"}
    assert sound & refused.keys() == sound & BEYOND_BCF.keys()
    assert all(why in refused[name] for name, why in BEYOND_BCF.items())


@pytest.mark.slow
def test_other_real_files_too(shared_data, tiny_bank_path):
    """VCFs of other public data: callers' own."""
    found = list(table.verdicts(read_corpus(shared_data / "hg19-pieces"), "--bank", tiny_bank_path))
    assert len(found) >= 5
    assert {verdict.outcome for verdict in found} == {"exact"}
    assert [verdict.flaws for verdict in found] == [()] * len(found)
