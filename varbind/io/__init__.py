"""Reading and writing of files: variants, references, genes, tracks and banks."""

import pysam

pysam.set_verbosity(0)  # htslib must not print to stderr; its errors are raised
