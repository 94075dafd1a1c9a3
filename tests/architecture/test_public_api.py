"""What a program may import from varbind, and how it is called: changed on purpose only."""

import inspect

import pytest

import varbind

PUBLIC = [
    "AnnotateSettings",
    "AnnotationCounts",
    "Bank",
    "BindingScores",
    "Reference",
    "Status",
    "VarbindError",
    "Variant",
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
