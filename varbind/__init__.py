"""varbind annotates variants in promoters with predicted gains and losses of protein binding.

This module holds all public names. Each is imported when it is first used, so that `import varbind` is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from varbind._version import __version__

if TYPE_CHECKING:
    from varbind.annotate.counts import AnnotationCounts
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import annotate_vcf
    from varbind.api.import_deepbind import import_deepbind
    from varbind.api.predict_effects import predict_effects
    from varbind.api.score_vcf import score_vcf
    from varbind.api.variants import normalise, score_variants
    from varbind.bank.bank import Bank
    from varbind.core.scores import BindingScores, VariantEffects
    from varbind.core.variant import Status, Variant
    from varbind.core.window import Window
    from varbind.errors import VarbindError
    from varbind.interpret.mutation_map import mutation_map
    from varbind.io.banks import load_bank
    from varbind.io.reference import Reference
    from varbind.scoring.scorer import score_sequences

__all__ = [
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

_HOME = {
    "AnnotateSettings": "varbind.annotate.settings",
    "AnnotationCounts": "varbind.annotate.counts",
    "Bank": "varbind.bank.bank",
    "BindingScores": "varbind.core.scores",
    "Reference": "varbind.io.reference",
    "Status": "varbind.core.variant",
    "VarbindError": "varbind.errors",
    "Variant": "varbind.core.variant",
    "VariantEffects": "varbind.core.scores",
    "Window": "varbind.core.window",
    "annotate_vcf": "varbind.api.annotate_vcf",
    "import_deepbind": "varbind.api.import_deepbind",
    "load_bank": "varbind.io.banks",
    "mutation_map": "varbind.interpret.mutation_map",
    "normalise": "varbind.api.variants",
    "predict_effects": "varbind.api.predict_effects",
    "score_sequences": "varbind.scoring.scorer",
    "score_variants": "varbind.api.variants",
    "score_vcf": "varbind.api.score_vcf",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'varbind' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """The public names, for tab completion, and the attributes that every module has."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
