"""The statistics of a run as a section of a MultiQC report.

MultiQC (Ewels et al. 2016) shows files whose names end with `_mqc.json` and that state the section themselves ("custom
content"). Files of several runs become the rows of one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MULTIQC_SUFFIX", "multiqc_section"]

MULTIQC_SUFFIX = "_mqc.json"

SHOWN_PHREDS = (10, 20)

HEADERS = {
    "records_read": {"title": "Records", "description": "Records that were read", "format": "{:,.0f}"},
    "alleles_scored": {"title": "Scored", "description": "Alleles in promoters with a score", "format": "{:,.0f}"},
    "alleles_not_scored": {
        "title": "Not scored",
        "description": "Alleles in promoters without a score; VARBIND_STATUS states the reason",
        "format": "{:,.0f}",
    },
    **{
        f"phred_{phred}": {
            "title": f"PHRED &ge; {phred}",
            "description": f"Alleles with VARBIND_PHRED of {phred} or more",
            "format": "{:,.0f}",
        }
        for phred in SHOWN_PHREDS
    },
    "ref_mismatched": {
        "title": "REF differs",
        "description": "Records whose REF is not that of the reference",
        "format": "{:,.0f}",
    },
}


def multiqc_section(statistics: Mapping[str, Any], sample: str) -> dict[str, Any]:
    """The keys by which MultiQC shows the statistics of one run as a row of a table.

    Args:
        statistics: the statistics (docs/statistics.md).
        sample: the name of the row.
    """
    row = {name: statistics[name] for name in ("records_read", "alleles_scored", "ref_mismatched")}
    row["alleles_not_scored"] = sum(statistics["alleles"].values()) - statistics["alleles_scored"]
    histogram = statistics["phred_histogram"]
    if histogram is not None:
        for phred in SHOWN_PHREDS:
            row[f"phred_{phred}"] = sum(histogram["alleles"][phred // histogram["bin_width"] :])
    return {
        "id": "varbind",
        "section_name": "varbind",
        "description": "Promoter variants that break or create the binding of proteins.",
        "plot_type": "table",
        "pconfig": {"id": "varbind_table", "title": "varbind: scored alleles", "namespace": "varbind"},
        "headers": {name: header for name, header in HEADERS.items() if name in row},
        "data": {sample: {name: row[name] for name in HEADERS if name in row}},
    }
