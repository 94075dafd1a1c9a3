"""Small annotated files, for the tests of reports."""

TEXTS = {"BIND_LOSS", "BIND_GAIN", "GENE", "REGION", "STATUS", "FLAG", "EXPLAIN"}
CUTOFFS = (
    "x; measured on left-out loci, where 8.3 % of all variants change activity, at cut-offs of 10 (high recall: "
    "precision 0.15, recall 0.38, 10 % of background SNVs), 20 (high precision: precision 0.26, recall 0.12, 1 % of "
    "background SNVs)"
)
KEYS = ("PHRED", "LOSS_PHRED", "GAIN_PHRED", "ACTIVITY", "ACTIVITY_SE", *sorted(TEXTS))


def vcf(folder, *records, keys=KEYS, header=(), samples=(), name="in.vcf"):
    """Write an annotated VCF."""
    lines = ["##fileformat=VCFv4.3", *header]
    lines += [
        f"##INFO=<ID=VARBIND_{key},Number=A,Type={'String' if key in TEXTS else 'Float'},"
        f'Description="{CUTOFFS if key == "PHRED" else "x"}",Source="varbind",Version="0.1.0">'
        for key in keys
    ]
    if samples:
        lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="x">')
    columns = [
        "#CHROM",
        "POS",
        "ID",
        "REF",
        "ALT",
        "QUAL",
        "FILTER",
        "INFO",
        *(("FORMAT", *samples) if samples else ()),
    ]
    path = folder / name
    path.write_text("\n".join([*lines, "\t".join(columns), *records]) + "\n", encoding="utf-8")
    return path


def record(pos=5, alt="C", *, genotypes=(), info="", name=".", ref="A", **values):
    """A record; values are those of varbind's keys."""
    words = [info] if info else []
    words += [f"VARBIND_{key}={value}" for key, value in ({"STATUS": "ok"} | values).items()]
    fields = ["chr1", str(pos), name, ref, alt, ".", ".", ";".join(words)]
    return "\t".join([*fields, *(("GT", *genotypes) if genotypes else ())])
