"""Mutation maps of regions, sequences and the alleles of a VCF, with the models of some proteins.

    region or allele -> bases with flanks -> mutation map of each model

Of an allele there are two maps, of the sequence without it (wild type) and with it (mutant).
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from varbind.annotate.counts import AnnotationCounts, report_unscored
from varbind.annotate.inputs import open_inputs
from varbind.bank.background import kind_of
from varbind.bank.binding_changes import BindingEffects
from varbind.core.contigs import ContigNames
from varbind.core.sequence import encode, require_nucleotides
from varbind.core.window import cut_window
from varbind.errors import UsageError
from varbind.interpret.mutation_map import maps_of_sequence, maps_of_windows
from varbind.io.reference import Reference
from varbind.io.vcf.region_syntax import END, read_regions
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from varbind.annotate.genome_build import ReferenceLike
    from varbind.annotate.settings import AnnotateSettings
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.sequence import Codes
    from varbind.core.variant import Variant
    from varbind.interpret.mutation_map import MutationMap
    from varbind.io.vcf.input_stream import Source

__all__ = ["Context", "MapPlan", "RegionMap", "maps_of_letters", "maps_of_region", "maps_of_variants"]

logger = logging.getLogger(__name__)

WHOLE_MAX = 10_000
"""The longest sequence that a model reads whole for a map, in bases; the work grows with the square of the length."""

REGION_MAX = 1_000_000
"""The longest region of a map, in bases."""


class Context(StrEnum):
    """What a model reads for each change: the whole sequence, or the window of the change."""

    WHOLE = "whole"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class RegionMap:
    """The map of one model for a region or a sequence, and for an allele a second one.

    Attributes:
        model: the card of the model.
        chrom: the contig; empty for a sequence.
        first: the position of the first base, from 1.
        wild_type: the map of the sequence itself.
        variant: the allele; None for a region or a sequence.
        mutant: the map of the sequence with the allele; None for a region or a sequence.
    """

    model: ModelCard
    chrom: str
    first: int
    wild_type: MutationMap
    variant: Variant | None = None
    mutant: MutationMap | None = None

    @property
    def place(self) -> str:
        """The region, or the allele, as text; `the sequence` for a sequence."""
        if self.variant is not None:
            variant = self.variant
            return f"{variant.chrom}:{variant.pos} {variant.ref or '-'}>{variant.alt or '-'}"
        if not self.chrom:
            return "the sequence"
        return f"{self.chrom}:{self.first}-{self.first + len(self.wild_type.letters) - 1}"


@dataclass(frozen=True, slots=True)
class MapPlan:
    """How maps are made.

    Attributes:
        context: what a model reads for each change; None = its window in a region, and else the whole sequence.
        longest_deletion: the length of the longest deletion in bases; 0 = substitutions only.
        flank: the number of bases on each side of an allele that are mapped; None = as many as the model reads.
        top: the number of proteins that are mapped for an allele, those whose change of binding is rarest; None = all
            models of the bank.
        threads: the number of CPU threads; None = all.
    """

    context: Context | None = None
    longest_deletion: int = 0
    flank: int | None = None
    top: int | None = None
    threads: int | None = None

    def context_or(self, default: Context) -> Context:
        """The context that was chosen, or the default one."""
        return self.context or default


def maps_of_letters(sequence: str, bank: Bank, plan: MapPlan) -> list[RegionMap]:
    """The maps of a sequence of letters by every model of a bank.

    Raises:
        InputError: a letter is no IUPAC code, or there is none.
        UsageError: the sequence is too long.
    """
    require_nucleotides(sequence, "the sequence")
    context = plan.context_or(Context.WHOLE)
    _require_length(len(sequence), context)
    with _Mapper(bank, context, plan) as mapper:
        around = [(model, "N" * mapper.reach(model)) for model in bank.models]
        return [RegionMap(model, "", 1, mapper.map(model, encode(n + sequence + n))) for model, n in around]


def maps_of_region(text: str, reference: str, bank: Bank, plan: MapPlan) -> list[RegionMap]:
    """The maps of a region of a reference by every model of a bank.

    Args:
        text: the region, `chr:from-to`, with positions from 1 and both ends included.
        reference: the path of the FASTA.
        bank: the models.
        plan: how the maps are made.

    Raises:
        UsageError: the region cannot be understood, is too long, or lies beyond the contig.
        ResourceError: the FASTA cannot be read.
    """
    context, found = plan.context_or(Context.WINDOW), []
    with Reference(reference) as genome, _Mapper(bank, context, plan) as mapper:
        contig, start, end = _span(text, genome)
        _require_length(end - start, context)
        for model in bank.models:
            reach = mapper.reach(model)
            codes = encode(genome.fetch(contig, start - reach, end + reach))
            found.append(RegionMap(model, contig, start + 1, mapper.map(model, codes)))
    return found


def maps_of_variants(
    source: Source, bank: Bank, plan: MapPlan, *, reference: ReferenceLike | None, settings: AnnotateSettings
) -> Iterator[RegionMap]:
    """The maps of every allele of a VCF that can be scored, in order.

    Args:
        source: the VCF or BCF.
        bank: the models.
        plan: how the maps are made.
        reference: the FASTA; None = that of the environment, else of the VCF's header.
        settings: how the file is read.

    Raises:
        VarbindError: an input is missing or broken.
    """
    counts = AnnotationCounts()
    with ExitStack() as stack:
        inputs = open_inputs(stack, source, reference=reference, genes=None, settings=settings, counts=counts)
        mapper = stack.enter_context(_Mapper(bank, plan.context_or(Context.WHOLE), plan))
        for piece in inputs.checked_pieces(counts, allow_ref_mismatch=settings.allow_ref_mismatch):
            counts.count_alleles(allele.status for allele in piece.alleles)
            for allele in piece.alleles:
                if allele.variant is not None:
                    yield from mapper.of_variant(allele.variant, inputs.genome)
        unscored = inputs.why_nothing_was_scored(counts, selected=settings.selects_records)
    report_unscored(counts, unscored, check_ref=settings.check_ref)
    logger.info(counts.table_sentence())


class _Mapper(AbstractContextManager["_Mapper"]):
    """Maps with the models of a bank, each of which gets its scorer at its first use."""

    def __init__(self, bank: Bank, context: Context, plan: MapPlan) -> None:
        self._bank, self._context, self._plan = bank, context, plan
        self._opened = ExitStack()
        self._scorer_of = cache(lambda model_id: self._open(bank.select([model_id])))
        self._whole_bank = cache(lambda: (self._open(bank), BindingEffects.of_bank(bank)))

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def _open(self, bank: Bank) -> Scorer:
        return self._opened.enter_context(Scorer(bank, threads=self._plan.threads))

    def reach(self, model: ModelCard) -> int:
        """The number of bases that a model reads on each side of what is mapped."""
        return self._scorer_of(model.model_id).flank if self._context is Context.WINDOW else 0

    def map(self, model: ModelCard, codes: Codes) -> MutationMap:
        """The map of base codes that are longer by `reach` on each side."""
        make = maps_of_windows if self._context is Context.WINDOW else maps_of_sequence
        (found,) = make(codes, self._scorer_of(model.model_id), longest_deletion=self._plan.longest_deletion)
        return found

    def of_variant(self, variant: Variant, genome: Reference) -> Iterator[RegionMap]:
        """The two maps of each model for one allele."""
        plan = self._plan
        for model in self._bank.models if plan.top is None else self._changed_most(variant, genome, plan.top):
            width = self._scorer_of(model.model_id).flank if plan.flank is None else plan.flank
            _require_length(2 * width + variant.size, self._context)
            window = cut_window(variant, width + self.reach(model), genome)
            wild_type, mutant = (self.map(model, codes) for codes in (window.ref, window.alt))
            yield RegionMap(model, variant.chrom, variant.pos - width, wild_type, variant, mutant)

    def _changed_most(self, variant: Variant, genome: Reference, count: int) -> list[ModelCard]:
        """The models that stand for the families whose change is rarest among background variants of its kind."""
        scorer, effects = self._whole_bank()
        scores = scorer.score([scorer.cut(variant, genome)])
        (effect,) = effects.describe(scores, [kind_of(variant)], top=count)
        ordered = sorted((*effect.losses, *effect.gains), key=lambda change: change.share)
        return [change.model for change in ordered[:count]]


def _span(text: str, genome: Reference) -> tuple[str, int, int]:
    """The contig of a region in a reference, and its 0-based half-open span."""
    names = ContigNames(genome.contigs)
    found = list(read_regions(text, lambda name: names.find(name) is not None))
    if len(found) != 1:
        raise UsageError(f"{text!r} is not one region", remedy="give chr:from-to")
    region = found[0]
    contig = names.find(region.contig)
    if contig is None:
        what = f"the reference has no contig {region.contig!r}"
        raise UsageError(what, path=genome.path, remedy=f"its first contig is {next(iter(genome.contigs))!r}")
    length = genome.length(contig)
    end = min(region.end, length) if region.end == END else region.end
    if end > length:
        what = f"the region {text!r} ends beyond {contig}, which has {length:,} bases"
        raise UsageError(what, remedy="give a region within the contig")
    return contig, region.start, end


def _require_length(length: int, context: Context) -> None:
    """Refuse what would take too long."""
    longest = REGION_MAX if context is Context.WINDOW else WHOLE_MAX
    if length > longest:
        what = f"a map of {length:,} bases; with --context {context} the most are {longest:,}"
        remedy = "give a shorter region" + ", or --context window" * (context is Context.WHOLE)
        raise UsageError(what, remedy=remedy)
