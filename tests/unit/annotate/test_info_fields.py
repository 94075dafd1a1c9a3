"""What stands in column 8 is what VCF allows, one value an ALT, and pysam reads it as declared."""

import re
from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import model_card

from varbind.annotate.info_fields import AlleleAnnotation, header_lines, info_text
from varbind.annotate.info_schema import INFO_KEYS, KEY_NAMES, Written
from varbind.bank.binding_changes import BindingEffect, FamilyChange
from varbind.core.transcript import TranscriptRegion
from varbind.core.tss import GeneHit, TranscriptionStart
from varbind.core.variant import Status
from varbind.effect.second_stage import EFFECT_KEYS, EffectKeys

# VCF 4.5, section 1.6.1: what an INFO key may be.
KEY = re.compile(r"([A-Za-z_][0-9A-Za-z_.]*|1000G)")
PREFIX, VERSION = "VARBIND", "1.2"

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
nasty_words = st.one_of(words, st.text('%;=,|&+ \t\r\n"ab', min_size=1, max_size=12))
numbers = st.floats(-(2.0**100), 2.0**100, width=32)


def change(*, family="F", protein="P", model_id="M", delta=-0.5, z=-2.0, share=0.01):
    return FamilyChange(model_card(model_id, protein=protein, family=family), delta, z, share)


def hit(symbol="GENE", distance=-17, **more):
    return GeneHit(TranscriptionStart("c", 100, "+", symbol, **more), distance)


def scored(losses=(), gains=(), loss_phred=12.5, gain_phred=0.25, **more):
    return AlleleAnnotation(Status.OK, BindingEffect(tuple(losses), tuple(gains), loss_phred, gain_phred), **more)


def values(text):
    """KEY -> list of values, one an allele."""
    pairs = [field.split("=") for field in text.split(";")]
    assert all(len(pair) == 2 for pair in pairs)
    assert len({key for key, _ in pairs}) == len(pairs)
    return {key.removeprefix(f"{PREFIX}_"): value.split(",") for key, value in pairs}


changes = st.builds(change, family=nasty_words, protein=nasty_words, model_id=nasty_words, delta=numbers, z=numbers)
hits = st.builds(
    hit,
    nasty_words,
    st.integers(-5000, 5000),
    gene_id=nasty_words,
    transcript_id=nasty_words,
    tags=st.lists(nasty_words, max_size=2).map(tuple),
)
annotations = st.one_of(
    st.builds(AlleleAnnotation, st.sampled_from([status for status in Status if status != Status.OK])),
    st.builds(
        scored,
        st.lists(changes, max_size=3),
        st.lists(changes, max_size=3),
        st.one_of(st.none(), st.floats(0, 3000)),
        st.one_of(st.none(), st.floats(0, 3000)),
        genes=st.lists(hits, max_size=3).map(tuple),
        padded=st.booleans(),
        conservation=st.tuples(st.one_of(st.just(np.nan), numbers)),
    ),
)


@given(st.lists(annotations, min_size=1, max_size=4))
def test_one_value_an_allele_and_nothing_that_breaks_the_field(alleles):
    text = info_text(alleles, PREFIX, ["track"])
    assert not set(' \t\r\n"') & set(text)
    found = values(text)
    assert all(KEY.fullmatch(f"{PREFIX}_{key}") for key in found)
    assert all(len(row) == len(alleles) and all(row) for row in found.values())
    assert all(set(row) != {"."} for row in found.values())
    assert found["STATUS"] == [allele.status.value for allele in alleles]


@given(st.lists(annotations, min_size=1, max_size=4))
def test_every_name_comes_back(alleles):
    found = values(info_text(alleles, PREFIX))
    for i, allele in enumerate(alleles):
        for key, listed in (("BIND_LOSS", "losses"), ("BIND_GAIN", "gains")):
            expected = getattr(allele.effect, listed) if allele.effect else ()
            value = found.get(key, ["."] * len(alleles))[i]
            entries = [] if value == "." else [entry.split("|") for entry in value.split("&")]
            assert [[unquote(word) for word in entry[:3]] for entry in entries] == [
                [c.model.family, c.model.protein, c.model.model_id] for c in expected
            ]
            for entry, c in zip(entries, expected, strict=True):
                assert [float(word) for word in entry[3:]] == pytest.approx([c.delta, c.z], rel=1e-3)
        value = found.get("GENE", ["."] * len(alleles))[i]
        genes = [] if value == "." else [entry.split("|") for entry in value.split("&")]
        assert [
            [*map(unquote, g[:3]), g[3], int(g[4]), *([unquote(t) for t in g[5].split("+")] if g[5] else [])]
            for g in genes
        ] == [[h.tss.symbol, h.tss.gene_id, h.tss.transcript_id, "+", h.distance, *h.tss.tags] for h in allele.genes]


def test_one_record_word_by_word():
    alleles = [
        scored(
            [change(family="bHLH", protein="USF1", model_id="USF1.1", delta=-1.25, z=-3.0625)],
            loss_phred=31.41592653,
            gain_phred=0.0,
            genes=(hit("A,B", -3, gene_id="G;1", transcript_id="T 1", tags=("MANE_Select", "x+y")), hit("C", 12)),
            padded=True,
            size_extrapolated=True,
            conservation=(0.1,),
        ),
        AlleleAnnotation(Status.STAR),
    ]
    expected = """
        VARBIND_BIND_LOSS=bHLH|USF1|USF1.1|-1.25|-3.062,.
        VARBIND_LOSS_PHRED=31.4159,.
        VARBIND_GAIN_PHRED=0,.
        VARBIND_GENE=A%2CB|G%3B1|T%201|+|-3|MANE_Select+x%2By&C|||+|12|,.
        VARBIND_TSSDIST=-3,.
        VARBIND_CONS_phyloP=0.1,.
        VARBIND_STATUS=ok,star
        VARBIND_FLAG=padded&size_extrapolated,.
    """
    assert info_text(alleles, PREFIX, ["phyloP"]).split(";") == expected.split()


def test_a_key_without_any_value_is_left_out():
    alleles = [AlleleAnnotation(Status.SYMBOLIC), AlleleAnnotation(Status.TOO_LONG)]
    assert info_text(alleles, PREFIX) == "VARBIND_STATUS=symbolic,too_long"


@given(st.one_of(st.floats(0, 1e30), st.just(-0.0), st.floats(-1e-50, 1e-50)))
def test_numbers_are_six_digits_of_single_precision_and_never_minus_zero(number):
    text = values(info_text([scored(loss_phred=number)], PREFIX))["LOSS_PHRED"][0]
    assert text != "-0"
    single = np.float32(number)
    assert float(text) == pytest.approx(float(single), rel=5e-6, abs=0)
    assert len(re.sub(r"e.*|[-.]", "", text).lstrip("0")) <= 6
    # What pysam or a BCF keeps of the text prints as the same text.
    assert f"{float(np.float32(float(text))):.6g}" == text


@pytest.mark.parametrize("number", [None, float("nan")])
def test_a_missing_number_is_a_point(number):
    alleles = [scored(loss_phred=number, conservation=(np.nan,)), scored(loss_phred=3.0, conservation=(0.0,))]
    found = values(info_text(alleles, PREFIX, ["t"]))
    assert found["LOSS_PHRED"] == [".", "3"]
    assert found["CONS_t"] == [".", "0"]


def header(lines):
    first = ["##fileformat=VCFv4.3", "##contig=<ID=c,length=1000>"]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    return "".join(f"{line}\n" for line in [*first, *lines, columns])


def read_back(tmp_path, lines, record=""):
    path = tmp_path / "x.vcf"
    path.write_text(header(lines) + record, encoding="utf-8")
    with pysam.VariantFile(str(path)) as file:
        return file.header.copy(), list(file)


@pytest.mark.parametrize("genes", [True, False])
def test_header_lines_are_read_as_meant(tmp_path, genes):
    lines = header_lines(PREFIX, VERSION, ["phyloP"], genes=genes)
    found, _ = read_back(tmp_path, lines)
    names = {name.removeprefix(f"{PREFIX}_") for name in found.info}
    expected = {"BIND_LOSS", "BIND_GAIN", "LOSS_PHRED", "GAIN_PHRED", "CONS_phyloP", "STATUS", "FLAG"}
    assert names == expected | ({"GENE", "TSSDIST"} if genes else set())
    assert names - {"CONS_phyloP"} <= {*EFFECT_KEYS, *KEY_NAMES}
    kinds = {"LOSS_PHRED": "Float", "GAIN_PHRED": "Float", "CONS_phyloP": "Float", "TSSDIST": "Integer"}
    for name, info in found.info.items():
        assert KEY.fullmatch(name)
        assert (info.number, info.type) == ("A", kinds.get(name.removeprefix(f"{PREFIX}_"), "String"))
        assert info.description
        assert info.record["Source"].strip('"') == "varbind"
        assert info.record["Version"].strip('"') == VERSION
    assert all(line.count('"') == 6 for line in lines)


@given(st.lists(annotations, min_size=1, max_size=3))
def test_every_key_written_is_declared(alleles):
    genes = any(allele.genes for allele in alleles)
    declared = {re.match(r"##INFO=<ID=([^,]*),", line)[1] for line in header_lines(PREFIX, VERSION, ["t"], genes=genes)}
    assert {f"{PREFIX}_{key}" for key in values(info_text(alleles, PREFIX, ["t"]))} <= declared


def test_pysam_reads_the_values(tmp_path):
    alleles = [
        scored([change()], genes=(hit(),), conservation=(0.1,)),
        AlleleAnnotation(Status.STAR),
        scored(loss_phred=1 / 3, gain_phred=None, conservation=(-2.5,)),
    ]
    record = f"c\t100\t.\tA\tC,*,G\t.\t.\t{info_text(alleles, PREFIX, ['t'])}\n"
    _, records = read_back(tmp_path, header_lines(PREFIX, VERSION, ["t"], genes=True), record)
    info = records[0].info
    assert info["VARBIND_STATUS"] == ("ok", "star", "ok")
    assert info["VARBIND_BIND_LOSS"] == ("F|P|M|-0.5|-2", ".", ".")
    assert info["VARBIND_TSSDIST"] == (-17, None, None)
    assert info["VARBIND_LOSS_PHRED"] == (12.5, None, np.float32("0.333333"))
    assert info["VARBIND_GAIN_PHRED"] == (0.25, None, None)
    assert info["VARBIND_CONS_t"] == (np.float32("0.1"), None, -2.5)


def test_header_lines_of_every_key_follow_the_schema():
    effect = EffectKeys(tuple(EFFECT_KEYS.values()), explain=7)
    lines = header_lines(PREFIX, VERSION, ["a", "b"], genes=True, exons=True, effect=effect)
    found = [re.match(r"##INFO=<ID=VARBIND_([^,]*),Number=A,Type=(\w+),", line).groups() for line in lines]
    fixed = [(key.name, key.type) for key in INFO_KEYS if key.written is not Written.PER_TRACK]
    assert found == [*fixed, ("CONS_a", "Float"), ("CONS_b", "Float")]
    assert "Mean of the track b over the allele's reference bases" in lines[-1]


@pytest.mark.parametrize("most", [1, 10])
def test_the_header_states_how_many_contributions_are_listed(most):
    lines = header_lines(PREFIX, VERSION, [], genes=False, effect=EffectKeys(explain=most))
    (explain,) = [line for line in lines if "_EXPLAIN," in line]
    assert f"The {most} largest contributions of models to ACTIVITY" in explain
    assert f"of which those beyond {most} are not listed" in explain
    assert "EXPLAIN" not in "".join(header_lines(PREFIX, VERSION, [], genes=False, effect=EffectKeys()))


def test_the_region_is_declared_where_a_gene_file_has_exons():
    lines = header_lines(PREFIX, VERSION, [], genes=True)
    assert not any("_REGION" in line for line in lines)
    (added,) = [line for line in header_lines(PREFIX, VERSION, [], genes=True, exons=True) if line not in lines]
    assert added.startswith("##INFO=<ID=VARBIND_REGION,Number=A,Type=String,")


def test_the_flag_about_transcription_starts_is_declared_with_phred_alone():
    """Without PHRED the header is the same as ever, to the byte."""
    score = EffectKeys(tuple(key for name, key in EFFECT_KEYS.items() if name != "PHRED"))
    without = [header_lines(PREFIX, VERSION, [], genes=True, effect=effect) for effect in (None, EffectKeys(), score)]
    (schema,) = [key.description for key in INFO_KEYS if key.name == "FLAG"]
    assert all(f'"{schema}"' in lines[-1] and "no_tss" not in "".join(lines) for lines in without)
    *others, flag = header_lines(PREFIX, VERSION, [], genes=True, effect=EffectKeys((EFFECT_KEYS["PHRED"],)))
    assert others[1:] == without[0][:-1]
    assert f'Description="{schema}, no_tss = no transcription start is known for it, so PHRED compares' in flag


def test_flags_are_joined_in_one_order():
    flagged = scored(padded=True, in_training=True, size_extrapolated=True, no_tss=True)
    found = values(info_text([scored(no_tss=True), flagged, scored()], PREFIX))
    assert found["FLAG"] == ["no_tss", "padded&in_training&size_extrapolated&no_tss", "."]


def test_regions_are_those_of_the_genes_in_their_order():
    known, unknown = replace(hit(), region=TranscriptRegion.UTR5), hit()
    upstream = replace(hit(), region=TranscriptRegion.UPSTREAM)
    text = info_text(
        [
            scored(genes=(known, unknown, upstream)),
            AlleleAnnotation(Status.STAR, genes=(upstream,)),
            scored(genes=(unknown,)),
        ],
        PREFIX,
    )
    assert ";VARBIND_REGION=UTR5&.&upstream,upstream,.;" in text
    assert "REGION" not in info_text([scored(genes=(unknown,)), scored()], PREFIX)


def test_values_of_the_second_stage_and_of_tracks_are_those_of_their_keys():
    allele = scored(predicted=(0.5, np.nan, 3.0), explained=(("M,1", -0.25), ("M2", 0.125)), conservation=(1.0, 2.0))
    found = values(info_text([allele], PREFIX, ["a", "b"], ("SCORE", "PHRED", "ACTIVITY")))
    assert (found["SCORE"], found["ACTIVITY"], found["CONS_a"], found["CONS_b"]) == (["0.5"], ["3"], ["1"], ["2"])
    assert "PHRED" not in found
    assert found["EXPLAIN"] == ["M%2C1|-0.25&M2|0.125"]
