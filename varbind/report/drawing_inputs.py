"""The reference and the bank of which the pictures of a report are drawn, and what is missing where they are absent.

A VCF holds no sequence and no networks. The bank must be the one that annotated the file, as the digests of its header
show, because another one would draw other sites than those that the numbers are about.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from varbind.annotate.genome_build import find_reference
from varbind.core.contigs import ContigNames
from varbind.core.variant import Status, normalise, status_of_alt, status_of_place
from varbind.effect.effect_model import EffectModel
from varbind.errors import ResourceError, UsageError
from varbind.io.cards import WEIGHTS
from varbind.io.reference import Reference

if TYPE_CHECKING:
    from contextlib import ExitStack

    from varbind.annotate.annotated_variants import AnnotatedVariant
    from varbind.bank.bank import Bank
    from varbind.core.variant import Variant
    from varbind.io.vcf.records import VcfHeader
    from varbind.report.run_facts import RunFacts

__all__ = ["DrawingInputs"]

logger = logging.getLogger(__name__)

WRONG_SHARE = 0.1
"""With more alleles that differ from the reference, it is that of another build."""


@dataclass(frozen=True, slots=True)
class DrawingInputs:
    """What pictures are drawn of.

    Attributes:
        genome: the reference; None = absent.
        bank: the bank that annotated the file; None = absent.
        effect: whether the second stage of the bank is that of the file.
        missing: what is absent, one sentence each, with the remedy.
    """

    genome: Reference | None = None
    bank: Bank | None = None
    effect: bool = False
    missing: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        stack: ExitStack,
        header: VcfHeader,
        facts: RunFacts,
        *,
        reference: str | None,
        bank: Bank,
        is_default: bool,
    ) -> Self:
        """Open the reference, and compare the bank with the header.

        Args:
            stack: closes the reference.
            header: the header of the annotated file.
            facts: what it states of the run.
            reference: the path of the FASTA; None = that of the environment, else of the header.
            bank: the models.
            is_default: whether the bank is the shipped one because the user named none.

        Raises:
            ResourceError: the reference cannot be read, or the user named another bank than that of the file.
        """
        inputs = cls()
        try:
            path = find_reference(reference, header, needs_genes=False)
        except UsageError:
            what = "There is no reference genome, so no sequence can be drawn. Give the FASTA on which the variants "
            inputs = replace(inputs, missing=(f"{what}were called with -f REF.fa.",))
        else:
            inputs = replace(inputs, genome=stack.enter_context(Reference(path)))
        if flaw := _other_bank(facts, bank):
            if not is_default:
                raise ResourceError(flaw, remedy="give the bank that annotated the file with --bank")
            logger.warning("%s; give the bank that annotated the file with --bank", flaw)
            what = f"The pictures of sites are left out, because {flaw}. Give that bank with --bank."
            return replace(inputs, missing=(*inputs.missing, what))
        return replace(inputs, bank=bank, effect=_has_effect(facts, bank))

    def variants(self, alleles: tuple[AnnotatedVariant, ...]) -> list[Variant | Status]:
        """The normalised variant of each allele, or why it has none on this reference.

        Raises:
            ResourceError: more than a tenth of the alleles differ from the reference.
        """
        assert self.genome is not None
        names = ContigNames(self.genome.contigs)
        found = [self._variant(allele, names.resolve(allele.chrom)) for allele in alleles]
        wrong = sum(isinstance(one, Status) for one in found)
        if wrong > WRONG_SHARE * len(found):
            reason = next(one for one in found if isinstance(one, Status))
            what = f"wrong reference? {wrong:,} of {len(found):,} scored alleles do not fit it (the first: {reason})"
            remedy = "give the FASTA with which the file was annotated with -f"
            raise ResourceError(what, path=self.genome.path, remedy=remedy)
        return found

    def _variant(self, allele: AnnotatedVariant, contig: str | None) -> Variant | Status:
        assert self.genome is not None
        status = status_of_alt(allele.ref, allele.alt)
        if status is Status.OK:
            status = status_of_place(contig, allele.pos, allele.ref, self.genome)
        if status is not Status.OK or contig is None:
            return status
        return normalise(contig, allele.pos, allele.ref, allele.alt, self.genome)


def _other_bank(facts: RunFacts, bank: Bank) -> str:
    """How the bank differs from that of the file; empty where it does not, or where the header names none."""
    stated = facts.named("bank")
    digests = {card.digests.get(WEIGHTS, "none") for card in bank.cards}
    if all(part.digest in digests for part in stated):
        return ""
    names = " + ".join(card.name for card in bank.cards)
    other = " + ".join(f"{part.name} {part.fields.get('Version', '')}".strip() for part in stated)
    return f"the file was annotated with the bank {other}, whose weights are not those of {names}"


def _has_effect(facts: RunFacts, bank: Bank) -> bool:
    """Whether the bank has the second stage of the file."""
    effect = bank.effect
    return isinstance(effect, EffectModel) and effect.card.digests.get(WEIGHTS, "none") in {
        part.digest for part in facts.named("effect")
    }
