"""The values of INFO keys with one value per alternate allele, as pysam reads them."""

import pysam


def allele_values(path, *keys):
    """The values of each allele, by its contig, position, REF and ALT; None where it has none."""
    found = {}
    with pysam.VariantFile(str(path)) as records:
        for record in records:
            infos = [record.info.get(key) or (None,) * len(record.alts) for key in keys]
            for place, alt in enumerate(record.alts):
                own = (info[place] for info in infos)
                found[record.chrom, record.pos, record.ref, alt] = tuple(None if one == "." else one for one in own)
    return found
