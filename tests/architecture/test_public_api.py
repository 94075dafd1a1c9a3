"""What a program may import from varbind, and how it is called: changed on purpose only."""

import inspect

import numpy as np
import pytest

import varbind
from varbind.io.banks import DEFAULT_BANK

PUBLIC = [
    "AnnotateSettings",
    "AnnotationCounts",
    "Bank",
    "BindingScores",
    "Reference",
    "Status",
    "VarbindError",
    "Variant",
    "VariantEffects",
    "Window",
    "__version__",
    "annotate_vcf",
    "import_deepbind",
    "load_bank",
    "mutation_map",
    "normalise",
    "predict_effects",
    "score_sequences",
    "score_variants",
    "score_vcf",
]

SIGNATURES = {
    "annotate_vcf": "(source, destination='-', *, reference=None, bank=None, genes=None, settings=None, stats=None, "
    "progress=None)",
    "import_deepbind": "(folder, destination, *, recipe=None, source=None, progress=None, allow_missing=False)",
    "load_bank": "(name_or_path='default')",
    "mutation_map": "(sequence, bank, *, model_id)",
    "normalise": "(chrom, pos, ref, alt, reference)",
    "predict_effects": "(variants, reference, bank)",
    "score_sequences": "(sequences, bank, *, mode='whole', scan_rule='0.1', device='cpu')",
    "score_variants": "(variants, reference, bank)",
    "score_vcf": "(source, destination='-', *, reference=None, bank, long=False, settings=None, progress=None)",
}


def test_names_are_pinned_and_sorted():
    assert varbind.__all__ == PUBLIC
    assert sorted(PUBLIC) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_importable(name):
    found = getattr(varbind, name)
    assert name == "__version__" or found.__name__ == name
    assert name == "__version__" or found.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'nothing'"):
        varbind.nothing  # noqa: B018


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_pinned(name):
    signature = inspect.signature(getattr(varbind, name))
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == SIGNATURES[name]


def test_every_function_is_pinned():
    assert {name for name in PUBLIC if inspect.isfunction(getattr(varbind, name))} == set(SIGNATURES)


def test_tab_completion_lists_the_public_names():
    found = dir(varbind)
    assert [name for name in found if not name.startswith("_")] == [name for name in PUBLIC if not name.startswith("_")]
    assert "__version__" in found


def test_every_public_object_has_a_short_text(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGTTGCAAC" * 30 + "\n")
    bank = varbind.load_bank()
    with varbind.Reference(path) as reference:
        variant = varbind.normalise("chr1", 150, "C", "A", reference)
        objects = [
            varbind.AnnotateSettings(everywhere=True),
            varbind.AnnotationCounts(records_read=3),
            bank,
            bank.cards[0],
            bank.models[0],
            bank.effect,
            varbind.score_variants([variant], reference, bank),
            varbind.predict_effects([variant], reference, bank),
            varbind.Window(np.zeros(31, np.uint8), np.zeros(31, np.uint8), padded=True),
            reference,
            variant,
        ]
    texts = [repr(one) for one in objects]
    proteins = len({model.protein for model in bank.models})
    assert all("\n" not in text and len(text) < 200 for text in texts)
    assert texts[0] == "AnnotateSettings(everywhere=True)"
    assert texts[2] == f"<Bank {DEFAULT_BANK}: {len(bank.models)} models of {proteins} proteins>"
    assert texts[6] == f"<BindingScores: 1 variants, {len(bank.models)} models>"


@pytest.fixture
def references(tmp_path):
    """One genome in each form that a function takes, by name."""
    pyfaidx = pytest.importorskip("pyfaidx", reason="needs the extra `test`")
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGTTGCAAC" * 30 + "\n")
    with varbind.Reference(path) as reference, pyfaidx.Fasta(str(path)) as fasta:
        yield {"text": str(path), "path": path, "reference": reference, "pyfaidx": fasta}


def test_every_function_takes_a_path_a_reference_and_a_fasta_of_pyfaidx(references, tiny_bank, tmp_path):
    taking = {name for name, signature in SIGNATURES.items() if "reference" in signature}
    assert taking == {"annotate_vcf", "normalise", "predict_effects", "score_variants", "score_vcf"}
    source = tmp_path / "in.vcf"
    source.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t150\t.\tC\tA\t.\t.\t.\n"
    )
    found = {}
    for name, reference in references.items():
        variant = varbind.normalise("chr1", 150, "C", "A", reference)
        scores = varbind.score_variants([variant], reference, tiny_bank)
        effects = varbind.predict_effects([variant], reference, varbind.load_bank())
        table, annotated = tmp_path / f"{name}.tsv", tmp_path / f"{name}.vcf"
        varbind.score_vcf(source, table, reference=reference, bank=tiny_bank)
        settings = varbind.AnnotateSettings(everywhere=True, effect="none")
        varbind.annotate_vcf(source, annotated, reference=reference, bank=tiny_bank, settings=settings)
        found[name] = (
            variant,
            scores.delta.tobytes(),
            effects["SCORE"].tobytes(),
            table.read_bytes(),
            annotated.read_bytes(),
        )
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("call", [varbind.score_variants, varbind.predict_effects])
def test_what_is_no_reference_is_refused(call):
    with pytest.raises(varbind.VarbindError, match=r"the reference is a int; give the path of a FASTA"):
        call([], 3, varbind.load_bank())
