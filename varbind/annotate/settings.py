"""What a user can decide about an annotation."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from varbind.core.tss import Promoter
from varbind.errors import UsageError
from varbind.io.output.output_paths import check_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.io.vcf.regions import Regions

__all__ = ["AnnotateSettings", "select_models"]


_CHOICES: Mapping[str, tuple[str | None, ...]] = {
    "tss": ("preferred", "all"),
    "check_ref": ("e", "w", "x"),
    "index": (None, "tbi", "csi"),
}
_MOST = {"top": sys.maxsize, "max_indel": sys.maxsize, "batch_size": 1 << 16, "threads": 1 << 10}


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Everything about an annotation that has a default.

    Attributes:
        everywhere: score what lies outside promoters too.
        proteins: protein names or model ids; `all`, `dna` (every double-stranded model) or `default` as
            the only word; empty = default.
        promoter: how far a promoter reaches.
        tss: which transcripts of a gene count.
        conservation: bigWig files by track name.
        effect: folder of the second stage; `none` = no second stage, None = the bank's own.
        explain: write what each model adds to the activity.
        top: families listed a direction.
        check_ref: `w` counts REFs that differ, `x` does so silently, `e` stops at the first.
        max_indel: longest trimmed allele that is scored, in bases.
        contig_map: pairs of names of the same contig in any two of the VCF, the reference, the genes, the
            tracks, the regions and the targets, where the styles do not tell; it does not matter which is first.
        regions: read only these, through the index.
        targets: pass on only records in these.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: CPU threads that score and compress, beside the one that reads, looks up and writes; with 1
            that one does everything. None = all.
        batch_size: alleles scored at once.
        overwrite: replace our keys where the input has them.
        prefix: of every key.
        provenance: write version, options and digests into the header.
        output_type: as for `-O`; None = by suffix.
        index: `tbi` or `csi`; None = none.
        allow_truncated: accept BGZF without its end marker.
        allow_ref_mismatch: go on although most REFs differ.
        allow_length_mismatch: go on although contig lengths differ, or genes lie beyond the reference's contigs.
        fail_if_none: end with an InputError, and without an output, where no allele was scored.
        inputs: files that were read for these settings, and folders of banks: no output takes their place.

    Raises:
        UsageError: a value is not one that `varbind annotate` takes.
    """

    everywhere: bool = False
    proteins: tuple[str, ...] = ()
    promoter: Promoter = field(default_factory=Promoter)
    tss: Literal["preferred", "all"] = "preferred"
    conservation: Mapping[str, str] = field(default_factory=dict)
    effect: str | None = None
    explain: bool = False
    top: int = 3
    check_ref: str = "w"
    max_indel: int = 50
    contig_map: Mapping[str, str] = field(default_factory=dict)
    regions: Regions | None = None
    targets: Regions | None = None
    device: str = "auto"
    threads: int | None = None
    batch_size: int = 256
    overwrite: bool = False
    prefix: str = "VARBIND"
    provenance: bool = True
    output_type: str | None = None
    index: str | None = None
    allow_truncated: bool = False
    allow_ref_mismatch: bool = False
    allow_length_mismatch: bool = False
    fail_if_none: bool = False
    inputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # VCF 4.3, section 1.6.1: what a key may be.
        if not re.fullmatch(r"[A-Za-z_][0-9A-Za-z_.]*", self.prefix):
            remedy = "start with a letter, then letters, digits, _ and ."
            raise UsageError(f"--prefix {self.prefix!r} cannot start an INFO key", remedy=remedy)
        self._check_choices()

    def _check_choices(self) -> None:
        """What the command line refuses before it makes settings of it."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                what = f"{name} is {getattr(self, name)!r}, expected one of {', '.join(map(repr, choices))}"
                raise UsageError(what, remedy="correct it")
        for name, most in _MOST.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if (name, value) != ("threads", None) and not (whole and 1 <= value <= most):
                expected = "a whole number of at least 1" + (f" and at most {most:,}" if most < sys.maxsize else "")
                raise UsageError(f"{name} is {value!r}, expected {expected}", remedy="correct it")

    def check_outputs(self, destination: str, stats: str | None, *, inputs: Iterable[str]) -> None:
        """Refuse outputs that are each other or an input: one of those given, or one that is named here.

        Raises:
            UsageError: an output is one, by whatever name.
            OutputError: an output cannot be made.
        """
        files = [*inputs, *self.conservation.values(), *self.inputs]
        folders = [*self.inputs, *([] if self.effect in {None, "none"} else [str(self.effect)])]
        check_outputs(destination, files, folders=folders, stats=stats)

    def value_options(self, *, reference: str, genes: Sequence[str]) -> dict[str, str | None]:
        """Every option that can change a value, with files by their base names; None = not in use."""
        reach = f"{self.promoter.upstream},{self.promoter.downstream}"
        tracks = [f"{name}={Path(path).name}" for name, path in self.conservation.items()]
        renamed = [f"{theirs}={ours}" for theirs, ours in self.contig_map.items()]
        return {
            "-f": Path(reference).name,
            "--genes": " --genes ".join(genes) or None,
            "--everywhere": "" if self.everywhere else None,
            "--proteins": ",".join(self.proteins) or None,
            "--promoter": reach if genes else None,
            "--tss": self.tss if genes else None,
            "--conservation": " --conservation ".join(tracks) or None,
            "--effect": Path(self.effect).name if self.effect else None,
            "--explain": "" if self.explain else None,
            "--top": str(self.top),
            "--max-indel": str(self.max_indel),
            "--contig-map": ",".join(renamed) or None,
        }


def select_models(bank: Bank, proteins: tuple[str, ...]) -> Bank:
    """The models that a list of proteins asks for; see `AnnotateSettings.proteins`."""
    match proteins:
        case () | ("default",):
            return bank.select_default()
        case ("all",):
            return bank
        case ("dna",):
            return bank.select([model.model_id for model in bank.models if model.config.double_stranded])
        case _:
            return bank.select_proteins(proteins)
