"""Files: variants, references, genes, tracks and banks, in and out. Nothing here scores."""

import pysam

pysam.set_verbosity(0)  # htslib's own talk on stderr; what matters is raised
