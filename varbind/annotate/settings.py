"""The settings of an annotation, and the models that a list of proteins selects."""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from varbind.core.tss import Promoter
from varbind.errors import UsageError
from varbind.io.genes.shipped_starts import SHIPPED_BUILDS
from varbind.io.output.output_paths import check_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.io.genes.gene_table import GeneTable
    from varbind.io.vcf.regions import Regions

__all__ = ["AnnotateSettings", "select_models"]

logger = logging.getLogger(__name__)


_CHOICES: Mapping[str, tuple[str | None, ...]] = {
    "build": (None, *SHIPPED_BUILDS),
    "tss": ("preferred", "all"),
    "check_ref": ("e", "w", "x"),
    "index": (None, "tbi", "csi"),
}
_MOST = {"top": math.inf, "max_indel": math.inf, "explain": math.inf, "batch_size": 1 << 16, "threads": 1 << 10}
_OFF = (("threads", None), ("explain", None), ("explain", 0))


@dataclass(frozen=True, slots=True, repr=False)
class AnnotateSettings:
    """Everything about an annotation that has a default.

    Attributes:
        everywhere: whether alleles outside the promoters are scored too.
        proteins: protein names or model ids; `all`, `dna` (every double-stranded model) or `default` as the only word;
            empty = default.
        promoter: how far a promoter reaches from the transcription start.
        build: the genome build, GRCh37 or GRCh38, whose shipped transcription starts are used where no gene file is
            given; None = as the contig lengths show.
        tss: which transcripts of a gene are used.
        conservation: bigWig files by the names of the tracks.
        effect: the folder of the second stage; `none` = no second stage, None = that of the bank.
        explain: the number of models whose contributions to the activity are written, those that contribute most; None
            or 0 = no contributions are written.
        top: the number of families listed for losses and for gains.
        check_ref: what is done where REF differs from the reference: `e` stops, `w` warns at the end, `x` is silent.
        max_indel: the length in bases of the longest trimmed allele that is scored.
        contig_map: pairs of names of the same contig in any two of the VCF, the reference, the genes, the tracks, the
            regions and the targets, in either order; needed where names differ by more than their style.
        regions: read only the records that overlap these, through the index.
        targets: read only the records whose POS lies in these.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: the number of CPU threads that score and compress, besides the thread that reads, annotates and
            writes; with 1, this thread does everything. None = all.
        batch_size: the number of alleles that are scored at once.
        overwrite: whether keys of an earlier run are replaced.
        prefix: the prefix of every key.
        provenance: whether the version, the options and the digests are written into the header.
        output_type: the type of the output, as for `-O`; None = by suffix.
        index: `tbi` or `csi`; None = no index.
        allow_truncated: accept a BGZF file without its end marker.
        allow_ref_mismatch: continue although most REFs differ from the reference.
        allow_length_mismatch: continue although contig lengths differ, or genes lie beyond the ends of contigs.
        fail_if_none: raise an InputError, without an output, where no allele was scored.
        cache: a table of `varbind precompute`, whose values are used; what is missing in it is scored. None = no table.
        inputs: the files that were read for these settings, and the folders of banks; no output may replace them.

    Raises:
        UsageError: a value is not one that `varbind annotate` takes.
    """

    everywhere: bool = False
    proteins: tuple[str, ...] = ()
    promoter: Promoter = field(default_factory=Promoter)
    build: str | None = None
    tss: Literal["preferred", "all"] = "preferred"
    conservation: Mapping[str, str] = field(default_factory=dict)
    effect: str | None = None
    explain: int | None = None
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
    cache: str | None = None
    inputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # VCF 4.3, section 1.6.1: what a key may be.
        if not re.fullmatch(r"[A-Za-z_][0-9A-Za-z_.]*", self.prefix):
            remedy = "start with a letter, then letters, digits, _ and ."
            raise UsageError(f"--prefix {self.prefix!r} cannot start an INFO key", remedy=remedy)
        self._check_choices()

    def __repr__(self) -> str:
        """Only the settings that differ from their defaults."""
        defaults = AnnotateSettings()
        stated = {f.name: getattr(self, f.name) for f in fields(self)}
        changed = [f"{name}={value!r}" for name, value in stated.items() if value != getattr(defaults, name)]
        return f"AnnotateSettings({', '.join(changed)})"

    def _check_choices(self) -> None:
        """Raise an error for values that the command line refuses before it makes settings."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                what = f"{name} is {getattr(self, name)!r}, expected one of {', '.join(map(repr, choices))}"
                raise UsageError(what, remedy="correct it")
        for name, most in _MOST.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if (name, value) not in _OFF and not (whole and 1 <= value <= most):
                expected = "a whole number of at least 1" + (f" and at most {most:,}" if most < math.inf else "")
                raise UsageError(f"{name} is {value!r}, expected {expected}", remedy="correct it")

    @property
    def selects_records(self) -> bool:
        """Whether regions or targets select some of the records."""
        return self.regions is not None or self.targets is not None

    def check_outputs(self, destination: str, stats: str | None, *, inputs: Iterable[str]) -> None:
        """Raise an error where an output would replace an input or the other output.

        Args:
            destination: the path of the result.
            stats: the path of the counts; None = none.
            inputs: the paths of the inputs that the settings do not name.

        Raises:
            UsageError: an output is an input or the other output, by whatever name.
            OutputError: an output cannot be made.
        """
        files = [*inputs, *self.conservation.values(), *self.inputs, *([self.cache] if self.cache else [])]
        folders = [*self.inputs, *([] if self.effect in {None, "none"} else [str(self.effect)])]
        check_outputs(destination, files, folders=folders, stats=stats)

    def value_options(self, *, reference: str, genes: Sequence[GeneTable]) -> dict[str, str | None]:
        """Every option that can change a value, with the base names of files; None = the option is not used.

        Args:
            reference: the path of the FASTA.
            genes: the gene files, or the shipped table that was used.
        """
        reach = f"{self.promoter.upstream},{self.promoter.downstream}"
        tracks = [f"{name}={Path(path).name}" for name, path in self.conservation.items()]
        renamed = [f"{first}={second}" for first, second in self.contig_map.items()]
        return {
            "-f": Path(reference).name,
            "--genes": " --genes ".join(table.name for table in genes if not table.build) or None,
            "--build": " ".join(table.build for table in genes) or None,
            "--everywhere": "" if self.everywhere else None,
            "--proteins": ",".join(self.proteins) or None,
            "--promoter": reach if genes else None,
            "--tss": self.tss if genes else None,
            "--conservation": " --conservation ".join(tracks) or None,
            "--effect": Path(self.effect).name if self.effect else None,
            "--explain": str(self.explain) if self.explain else None,
            "--top": str(self.top),
            "--max-indel": str(self.max_indel),
            "--contig-map": ",".join(renamed) or None,
        }


def select_models(bank: Bank, proteins: tuple[str, ...]) -> Bank:
    """Select the models of a list of proteins; see `AnnotateSettings.proteins`."""
    match proteins:
        case () | ("default",):
            chosen = bank.select_default()
            why = "by default those of human proteins that bind DNA sequence-specifically, measured by an assay"
            if not any(model.default for model in bank.models):
                why = "all of them, because the bank marks none as default"
        case ("all",):
            chosen, why = bank, "all of them, as --proteins all requests"
        case ("dna",):
            chosen = bank.select([model.model_id for model in bank.models if model.config.double_stranded])
            why = "all double-stranded ones, as --proteins dna requests"
        case _:
            chosen, why = bank.select_proteins(proteins), "as --proteins names them"
    _log_models(bank, chosen, why)
    return chosen


def _log_models(bank: Bank, chosen: Bank, why: str) -> None:
    """Log the number of models by bank."""
    ids = set(chosen.model_ids)
    for card in bank.cards:
        # Several banks may share ids, which are qualified then.
        of_card = {model.model_id for model in card.models}
        used = sum(chosen.original_id(model_id) in of_card or model_id in of_card for model_id in ids)
        logger.debug("models: %d of %d of the bank %s, %s", used, len(card.models), card.name, why)
