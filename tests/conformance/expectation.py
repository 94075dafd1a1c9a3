"""What must be said of every allele of a VCF, worked out the slow and obvious way; the program has no part in it."""

from collections import Counter
from dataclasses import dataclass, field

NOTHING = {".", "<*>", "<NON_REF>"}
BASES = set("ACGT")
CODES = set("ACGTUNRYSWKMBDHV")
LONGEST = 50


@dataclass
class Expectation:
    """Counts of a file, and one text a record.

    Attributes:
        statuses: VARBIND_STATUS of every record; None where it has no key.
    """

    statuses: list = field(default_factory=list)
    alleles: Counter = field(default_factory=Counter)
    outside: int = 0
    without_alt: int = 0
    checked: int = 0
    mismatched: int = 0
    missing: Counter = field(default_factory=Counter)

    @property
    def looks_like_another_build(self):
        return self.mismatched >= 10 and self.mismatched > 0.1 * self.checked

    def as_stats(self):
        """As `--stats` tells it."""
        return {
            "records_read": len(self.statuses),
            "records_written": len(self.statuses),
            "records_outside": self.outside,
            "records_without_alt": self.without_alt,
            "alleles": dict(self.alleles),
            "alleles_scored": self.alleles["ok"],
            "missing_contigs": dict(self.missing),
            "ref_checked": self.checked,
            "ref_mismatched": self.mismatched,
        }


def expect(rows, contigs, promoters=None):
    """Of all records; with promoters, only what touches one is looked at."""
    expected = Expectation()
    for name, pos, _, ref, alts, *_ in rows:
        found = statuses(name, int(pos), ref, alts.split(","), contigs, promoters)
        expected.statuses.append(found and ",".join(found))
        if set(alts.split(",")) <= NOTHING:
            expected.without_alt += 1
        elif found is None:
            expected.outside += 1
        else:
            expected.alleles.update(found)
            place = said_by_place(name, int(pos), ref, contigs)
            plain = any(said_by_alleles(ref, alt) == "ok" for alt in alts.split(","))
            expected.checked += plain and place in {"ok", "ref_mismatch"}
            expected.mismatched += plain and place == "ref_mismatch"
            expected.missing.update([name] if place == "no_contig" else [])
    return expected


def statuses(name, pos, ref, alts, contigs, promoters):
    """Of one record: one an ALT; None where the record is passed on."""
    if set(alts) <= NOTHING:
        return None
    found = []
    place = said_by_place(name, pos, ref, contigs)
    for alt in alts:
        status = said_by_alleles(ref, alt)
        first, shorter_ref, shorter_alt = max(pos, 1), ref, ""
        if status == "ok":
            bases = contigs[name] if place == "ok" else ""
            first, shorter_ref, shorter_alt = shortest(max(pos, 1), ref.upper(), alt.upper(), bases)
            status = place
            if place == "ok" and max(len(shorter_ref), len(shorter_alt)) > LONGEST:
                status = "too_long"
        # An insertion touches the bases on both of its sides.
        touched = (first, first + len(shorter_ref) - 1) if shorter_ref else (max(first - 1, 1), first)
        found.append("outside" if promoters and not promoters.reach(name, *touched) else status)
    return None if set(found) == {"outside"} else found


def said_by_alleles(ref, alt):
    """Whether two texts are alleles, before a reference is read."""
    if alt in NOTHING:
        return "no_alt"
    if alt == "*":
        return "star"
    if "[" in alt or "]" in alt or (len(alt) > 1 and "." in {alt[0], alt[-1]}):
        return "breakend"
    if alt[:1] == "<" and alt[-1:] == ">":
        return "symbolic"
    if not ref or not alt or set((ref + alt).upper()) - CODES or not (ref + alt).isascii():
        return "bad_allele"
    return "ambiguous_alt" if set(alt.upper()) - BASES else "ok"


def said_by_place(name, pos, ref, contigs):
    """Whether the reference has this REF there."""
    bases = contigs.get(name)
    if not bases:
        return "no_contig"
    if pos in {0, len(bases) + 1}:
        return "telomere"
    if pos - 1 + len(ref) > len(bases):
        return "off_contig"
    found = bases[pos - 1 : pos - 1 + len(ref)].upper()
    if set(found) - BASES:
        return "ref_unknown"
    return "ok" if found == ref.upper() else "ref_mismatch"


def shortest(pos, ref, alt, bases):
    """The shortest form of a change, and the leftmost one among the bases."""
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    moving = ref or alt
    if bases and moving and not (ref and alt):
        while pos > 1 and bases[pos - 2].upper() == moving[-1]:
            pos, moving = pos - 1, moving[-1] + moving[:-1]
        ref, alt = (moving, "") if ref else ("", moving)
    return pos, ref, alt
