"""varbind: which promoter variant breaks or makes the binding of which protein.

Everything public is here; each name is imported when it is first used, so that `import varbind` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from varbind._version import __version__

if TYPE_CHECKING:
    from varbind.core.bank import Bank
    from varbind.core.called_variant import normalise
    from varbind.core.scores import BindingScores
    from varbind.core.tally import Tally
    from varbind.core.variant import Status, Variant
    from varbind.core.window import Window
    from varbind.errors import VarbindError
    from varbind.interpret.mutation_map import mutation_map
    from varbind.io.fasta import Reference
    from varbind.pipeline.annotate import annotate_vcf
    from varbind.pipeline.banks import load_bank
    from varbind.pipeline.importing import import_deepbind
    from varbind.pipeline.scoring import score_sequences, score_variants
    from varbind.pipeline.second_stage import predict_effects
    from varbind.pipeline.settings import AnnotateSettings

__all__ = [
    "AnnotateSettings",
    "Bank",
    "BindingScores",
    "Reference",
    "Status",
    "Tally",
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
]

_HOME = {
    "AnnotateSettings": "varbind.pipeline.settings",
    "Bank": "varbind.core.bank",
    "BindingScores": "varbind.core.scores",
    "Reference": "varbind.io.fasta",
    "Status": "varbind.core.variant",
    "Tally": "varbind.core.tally",
    "VarbindError": "varbind.errors",
    "Variant": "varbind.core.variant",
    "Window": "varbind.core.window",
    "annotate_vcf": "varbind.pipeline.annotate",
    "import_deepbind": "varbind.pipeline.importing",
    "load_bank": "varbind.pipeline.banks",
    "mutation_map": "varbind.interpret.mutation_map",
    "normalise": "varbind.core.called_variant",
    "predict_effects": "varbind.pipeline.second_stage",
    "score_sequences": "varbind.pipeline.scoring",
    "score_variants": "varbind.pipeline.scoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'varbind' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
